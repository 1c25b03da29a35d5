#include "bitmap/expanded_pg.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <string>
#include <utility>

extern "C" {
#include <utils/expandeddatum.h>
}

namespace cdp::bitmap {

namespace {

constexpr size_t kMostBytes = MaxAllocSize - VARHDRSZ;

Size get_flat_size(ExpandedObjectHeader* header);
void flatten_into(ExpandedObjectHeader* header, void* result, Size allocated_size);

constexpr ExpandedObjectMethods kMethods{get_flat_size, flatten_into};

struct ExpandedBitmap : ExpandedObjectHeader {
  ExpandedBitmap(Bitmap set, MemoryContext context) : ExpandedObjectHeader{}, bitmap(std::move(set)) {
    EOH_init_header(this, &kMethods, context);
  }

  Bitmap bitmap;
};

struct Flattening {
  const Bitmap* bitmap;
  void* out;
  size_t size;
};

size_t datum_size(const Bitmap& bitmap) {
  const size_t size = bitmap.byte_size();
  if (size > kMostBytes)
    throw Error(Category::Limit, "roaringbitmap is larger than 1 GB",
                "It takes " + std::to_string(size) + " bytes.");
  return size + VARHDRSZ;
}

void write_datum(const Bitmap& bitmap, void* out, size_t size) {
  SET_VARSIZE(out, size);
  bitmap.write_to({static_cast<uint8_t*>(out) + VARHDRSZ, size - VARHDRSZ});
}

Size get_flat_size(ExpandedObjectHeader* header) {
  Flattening job{&static_cast<ExpandedBitmap*>(header)->bitmap, nullptr, 0};
  pg::enter(
      [](void* argument) {
        auto* flattening = static_cast<Flattening*>(argument);
        flattening->size = datum_size(*flattening->bitmap);
      },
      &job);
  return job.size;
}

void flatten_into(ExpandedObjectHeader* header, void* result, Size allocated_size) {
  Flattening job{&static_cast<ExpandedBitmap*>(header)->bitmap, result, allocated_size};
  pg::enter(
      [](void* argument) {
        auto* flattening = static_cast<Flattening*>(argument);
        write_datum(*flattening->bitmap, flattening->out, flattening->size);
      },
      &job);
}

ExpandedBitmap* whole_of(Datum value) {
  if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value))) return nullptr;
  ExpandedObjectHeader* header = DatumGetEOHP(value);
  return header->eoh_methods == &kMethods ? static_cast<ExpandedBitmap*>(header) : nullptr;
}

}  // namespace

const Bitmap* expanded_bitmap(Datum value) {
  const ExpandedBitmap* whole = whole_of(value);
  return whole == nullptr ? nullptr : &whole->bitmap;
}

Bitmap* writable_bitmap(Datum value) {
  if (!VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value))) return nullptr;
  ExpandedBitmap* whole = whole_of(value);
  return whole == nullptr ? nullptr : &whole->bitmap;
}

Expanded make_expanded(MemoryContext parent, Bitmap bitmap) {
  MemoryContext context = pg::guard(
      [&] { return AllocSetContextCreateInternal(parent, "expanded roaringbitmap", ALLOCSET_SMALL_SIZES); });
  auto* whole = pg::make_in<ExpandedBitmap>(context, std::move(bitmap), context);
  return {EOHPGetRWDatum(whole), &whole->bitmap};
}

Bitmap bitmap_of(Datum value) {
  if (const Bitmap* expanded = expanded_bitmap(value)) return *expanded;
  return Bitmap::from_bytes(pg::bytes_of(value));
}

Datum to_datum(const Bitmap& bitmap) {
  const size_t size = datum_size(bitmap);
  void* made = pg::guard([&] { return palloc(size); });
  write_datum(bitmap, made, size);
  return PointerGetDatum(made);
}

}  // namespace cdp::bitmap
