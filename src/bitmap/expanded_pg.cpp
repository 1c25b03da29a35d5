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

template <class Kind>
Size get_flat_size(ExpandedObjectHeader* header);
template <class Kind>
void flatten_into(ExpandedObjectHeader* header, void* result, Size allocated_size);

template <class Kind>
constexpr ExpandedObjectMethods kMethods{get_flat_size<Kind>, flatten_into<Kind>};

template <class Kind>
struct ExpandedSet : ExpandedObjectHeader {
  ExpandedSet(MemoryContext context, typename Kind::Growing growing)
      : ExpandedObjectHeader{}, memory(context), set(std::move(growing)) {
    EOH_init_header(this, &kMethods<Kind>, context);
  }
  explicit ExpandedSet(MemoryContext context)
      : ExpandedObjectHeader{}, memory(context), set(std::in_place_type<typename Kind::Union>, &memory) {
    EOH_init_header(this, &kMethods<Kind>, context);
  }

  /// Calls `f` with what this holds: a set or a union in the making.
  template <class F>
  auto with_form(F&& f) {
    if (auto* growing = std::get_if<typename Kind::Growing>(&set)) {
      const typename Kind::Set& whole = Kind::read(*growing);
      return f(whole);
    }
    return f(std::get<typename Kind::Union>(set));
  }

  pg::ContextResource memory;
  std::variant<typename Kind::Growing, typename Kind::Union> set;
};

size_t datum_size(const char* type, size_t bytes) {
  if (bytes > kMostBytes)
    throw Error(Category::Limit, std::string(type) + " is larger than 1 GB",
                "It takes " + std::to_string(bytes) + " bytes.");
  return bytes + VARHDRSZ;
}

/// Gives a value its header; returns where its bytes are to be.
std::span<uint8_t> body_of(void* value, size_t size) {
  SET_VARSIZE(value, size);
  return {static_cast<uint8_t*>(value) + VARHDRSZ, size - VARHDRSZ};
}

template <class Kind>
struct Flattening {
  ExpandedSet<Kind>* whole;
  void* out;
  size_t size;
};

template <class Kind>
Size get_flat_size(ExpandedObjectHeader* header) {
  Flattening<Kind> job{static_cast<ExpandedSet<Kind>*>(header), nullptr, 0};
  pg::enter(
      [](void* argument) {
        auto* flattening = static_cast<Flattening<Kind>*>(argument);
        flattening->size = datum_size(
            Kind::kType, flattening->whole->with_form([](auto& form) { return form.byte_size(); }));
      },
      &job);
  return job.size;
}

template <class Kind>
void flatten_into(ExpandedObjectHeader* header, void* result, Size allocated_size) {
  Flattening<Kind> job{static_cast<ExpandedSet<Kind>*>(header), result, allocated_size};
  pg::enter(
      [](void* argument) {
        auto* flattening = static_cast<Flattening<Kind>*>(argument);
        flattening->whole->with_form(
            [&](auto& form) { return form.write_to(body_of(flattening->out, flattening->size)); });
      },
      &job);
}

template <class Kind>
ExpandedSet<Kind>* whole_of(Datum value) {
  if (!VARATT_IS_EXTERNAL_EXPANDED(DatumGetPointer(value))) return nullptr;
  ExpandedObjectHeader* header = DatumGetEOHP(value);
  return header->eoh_methods == &kMethods<Kind> ? static_cast<ExpandedSet<Kind>*>(header) : nullptr;
}

MemoryContext new_context(MemoryContext parent) {
  return pg::guard([&] {
    return AllocSetContextCreateInternal(parent, "expanded roaringbitmap", ALLOCSET_START_SMALL_SIZES);
  });
}

template <class Set>
Datum flat_datum(const char* type, const Set& set) {
  const size_t size = datum_size(type, set.byte_size());
  void* made = pg::guard([&] { return palloc(size); });
  set.write_to(body_of(made, size));
  return PointerGetDatum(made);
}

}  // namespace

bool is_writable(Datum value) { return VARATT_IS_EXTERNAL_EXPANDED_RW(DatumGetPointer(value)); }

template <class Kind>
typename Kind::Growing* expanded_set(Datum value) {
  ExpandedSet<Kind>* whole = whole_of<Kind>(value);
  return whole == nullptr ? nullptr : std::get_if<typename Kind::Growing>(&whole->set);
}

template <class Kind>
Datum make_expanded(MemoryContext parent, typename Kind::Growing set) {
  MemoryContext context = new_context(parent);
  return EOHPGetRWDatum(pg::make_in<ExpandedSet<Kind>>(context, context, std::move(set)));
}

template <class Kind>
typename Kind::Union* expanded_union(Datum value) {
  ExpandedSet<Kind>* whole = whole_of<Kind>(value);
  return whole == nullptr ? nullptr : std::get_if<typename Kind::Union>(&whole->set);
}

template <class Kind>
ExpandedUnion<Kind> make_union(MemoryContext parent) {
  MemoryContext context = new_context(parent);
  auto* whole = pg::make_in<ExpandedSet<Kind>>(context, context);
  return {EOHPGetRWDatum(whole), &std::get<typename Kind::Union>(whole->set)};
}

template <class Kind>
typename Kind::Set set_of(Datum value) {
  if (typename Kind::Growing* expanded = expanded_set<Kind>(value)) return Kind::read(*expanded);
  return Kind::Set::from_bytes(pg::bytes_of(value));
}

template <class Kind>
typename Kind::Operand operand_of(Datum value) {
  using Operand = typename Kind::Operand;
  if (typename Kind::Growing* expanded = expanded_set<Kind>(value)) return Operand(Kind::read(*expanded));
  return Operand(pg::bytes_of(value));
}

#define CDP_INSTANTIATE(Kind)                                       \
  template Kind::Growing* expanded_set<Kind>(Datum);                \
  template Datum make_expanded<Kind>(MemoryContext, Kind::Growing); \
  template Kind::Union* expanded_union<Kind>(Datum);                \
  template ExpandedUnion<Kind> make_union<Kind>(MemoryContext);     \
  template Kind::Set set_of<Kind>(Datum);                           \
  template Kind::Operand operand_of<Kind>(Datum);

CDP_INSTANTIATE(Kind32)
CDP_INSTANTIATE(Kind64)

#undef CDP_INSTANTIATE

template BsiBuilder* expanded_union<KindBsi>(Datum);
template ExpandedUnion<KindBsi> make_union<KindBsi>(MemoryContext);

Datum to_datum(const Bitmap& set) { return flat_datum(Kind32::kType, set); }
Datum to_datum(const Bitmap64& set) { return flat_datum(Kind64::kType, set); }
Datum to_datum(const Bsi& integers) { return flat_datum(KindBsi::kType, integers); }

}  // namespace cdp::bitmap
