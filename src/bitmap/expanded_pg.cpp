#include "bitmap/expanded_pg.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <span>
#include <string>
#include <utility>
#include <variant>

extern "C" {
#include <utils/expandeddatum.h>
}

namespace cdp::bitmap {

namespace {

constexpr size_t kMostBytes = MaxAllocSize - VARHDRSZ;

Size get_flat_size(ExpandedObjectHeader* header);
void flatten_into(ExpandedObjectHeader* header, void* result, Size allocated_size);

constexpr ExpandedObjectMethods kMethods{get_flat_size, flatten_into};

struct ExpandedSet : ExpandedObjectHeader {
  ExpandedSet(MemoryContext context, Versioned bitmap)
      : ExpandedObjectHeader{}, memory(context), set(std::move(bitmap)) {
    EOH_init_header(this, &kMethods, context);
  }
  explicit ExpandedSet(MemoryContext context)
      : ExpandedObjectHeader{}, memory(context), set(std::in_place_type<Accumulator>, &memory) {
    EOH_init_header(this, &kMethods, context);
  }

  pg::ContextResource memory;
  std::variant<Versioned, Accumulator> set;
};

size_t byte_size(ExpandedSet& whole) {
  if (auto* bitmap = std::get_if<Versioned>(&whole.set)) return bitmap->read().byte_size();
  return std::get<Accumulator>(whole.set).byte_size();
}

void write_to(ExpandedSet& whole, std::span<uint8_t> out) {
  if (auto* bitmap = std::get_if<Versioned>(&whole.set)) {
    bitmap->read().write_to(out);
  } else {
    std::get<Accumulator>(whole.set).write_to(out);
  }
}

size_t datum_size(size_t bytes) {
  if (bytes > kMostBytes)
    throw Error(Category::Limit, "roaringbitmap is larger than 1 GB",
                "It takes " + std::to_string(bytes) + " bytes.");
  return bytes + VARHDRSZ;
}

/// Gives a value its header; returns where its bytes are to be.
std::span<uint8_t> body_of(void* value, size_t size) {
  SET_VARSIZE(value, size);
  return {static_cast<uint8_t*>(value) + VARHDRSZ, size - VARHDRSZ};
}

struct Flattening {
  ExpandedSet* whole;
  void* out;
  size_t size;
};

Size get_flat_size(ExpandedObjectHeader* header) {
  Flattening job{static_cast<ExpandedSet*>(header), nullptr, 0};
  pg::enter(
      [](void* argument) {
        auto* flattening = static_cast<Flattening*>(argument);
        flattening->size = datum_size(byte_size(*flattening->whole));
      },
      &job);
  return job.size;
}

void flatten_into(ExpandedObjectHeader* header, void* result, Size allocated_size) {
  Flattening job{static_cast<ExpandedSet*>(header), result, allocated_size};
  pg::enter(
      [](void* argument) {
        auto* flattening = static_cast<Flattening*>(argument);
        write_to(*flattening->whole, body_of(flattening->out, flattening->size));
      },
      &job);
}

ExpandedSet* whole_of(Datum value) {
  if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value))) return nullptr;
  ExpandedObjectHeader* header = DatumGetEOHP(value);
  return header->eoh_methods == &kMethods ? static_cast<ExpandedSet*>(header) : nullptr;
}

MemoryContext new_context(MemoryContext parent) {
  return pg::guard([&] {
    return AllocSetContextCreateInternal(parent, "expanded roaringbitmap", ALLOCSET_START_SMALL_SIZES);
  });
}

}  // namespace

bool is_writable(Datum value) { return VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)); }

Versioned* expanded_bitmap(Datum value) {
  ExpandedSet* whole = whole_of(value);
  return whole == nullptr ? nullptr : std::get_if<Versioned>(&whole->set);
}

Datum make_expanded(MemoryContext parent, Versioned bitmap) {
  MemoryContext context = new_context(parent);
  return EOHPGetRWDatum(pg::make_in<ExpandedSet>(context, context, std::move(bitmap)));
}

Accumulator* expanded_union(Datum value) {
  ExpandedSet* whole = whole_of(value);
  return whole == nullptr ? nullptr : std::get_if<Accumulator>(&whole->set);
}

ExpandedUnion make_union(MemoryContext parent) {
  MemoryContext context = new_context(parent);
  auto* whole = pg::make_in<ExpandedSet>(context, context);
  return {EOHPGetRWDatum(whole), &std::get<Accumulator>(whole->set)};
}

Bitmap bitmap_of(Datum value) {
  if (Versioned* expanded = expanded_bitmap(value)) return expanded->read();
  return Bitmap::from_bytes(pg::bytes_of(value));
}

Operand operand_of(Datum value) {
  if (Versioned* expanded = expanded_bitmap(value)) return Operand(expanded->read());
  return Operand(pg::bytes_of(value));
}

Datum to_datum(const Bitmap& bitmap) {
  const size_t size = datum_size(bitmap.byte_size());
  void* made = pg::guard([&] { return palloc(size); });
  bitmap.write_to(body_of(made, size));
  return PointerGetDatum(made);
}

}  // namespace cdp::bitmap
