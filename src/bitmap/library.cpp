#include "bitmap/library.hpp"

#include "base/error.hpp"

#include <array>
#include <dlfcn.h>
#include <roaring/roaring.h>
#include <string>
#include <string_view>

namespace cdp::bitmap {

namespace {

struct Function {
  const char* name;
  const void* address;
};

template <class F>
Function function(const char* name, F* address) {
  return {name, reinterpret_cast<const void*>(address)};
}

#define CDP_ROARING(name) function(#name, &(name))

/// Every function that this room calls (test/tap/coexistence.t sees that none is missing), and what CRoaring
/// itself calls for memory. roaring_contains_shared is of 4.6, so that no older library can have all of them.
const auto& functions() {
  static const std::array kFunctions{
      CDP_ROARING(roaring_contains_shared),
      CDP_ROARING(roaring_bitmap_create_with_capacity),
      CDP_ROARING(roaring_bitmap_copy),
      CDP_ROARING(roaring_bitmap_free),
      CDP_ROARING(roaring_bitmap_portable_deserialize_safe),
      CDP_ROARING(roaring_bitmap_add_checked),
      CDP_ROARING(roaring_bitmap_add_many),
      CDP_ROARING(roaring_bitmap_remove_checked),
      CDP_ROARING(roaring_bitmap_or_inplace),
      CDP_ROARING(roaring_bitmap_or),
      CDP_ROARING(roaring_bitmap_xor),
      CDP_ROARING(roaring_bitmap_andnot),
      CDP_ROARING(roaring_bitmap_and_inplace),
      CDP_ROARING(roaring_bitmap_andnot_inplace),
      CDP_ROARING(roaring_bitmap_xor_inplace),
      CDP_ROARING(roaring_bitmap_or_many),
      CDP_ROARING(roaring_bitmap_add_offset),
      CDP_ROARING(roaring_bitmap_is_subset),
      CDP_ROARING(roaring_bitmap_intersect),
      CDP_ROARING(roaring_bitmap_equals),
      CDP_ROARING(roaring_bitmap_is_empty),
      CDP_ROARING(roaring_bitmap_get_cardinality),
      CDP_ROARING(roaring_bitmap_minimum),
      CDP_ROARING(roaring_bitmap_maximum),
      CDP_ROARING(roaring_bitmap_to_uint32_array),
      CDP_ROARING(roaring_bitmap_portable_deserialize_frozen),
      CDP_ROARING(roaring_bitmap_and),
      CDP_ROARING(roaring_bitmap_and_cardinality),
      CDP_ROARING(roaring_bitmap_add_range_closed),
      CDP_ROARING(roaring_bitmap_remove_range_closed),
      CDP_ROARING(roaring_bitmap_flip_inplace),
      CDP_ROARING(roaring_bitmap_rank),
      CDP_ROARING(roaring_bitmap_select),
      CDP_ROARING(roaring_iterator_init),
      CDP_ROARING(roaring_iterator_init_last),
      CDP_ROARING(roaring_uint32_iterator_move_equalorlarger),
      CDP_ROARING(roaring_uint32_iterator_previous),
      CDP_ROARING(roaring_uint32_iterator_read),
      CDP_ROARING(roaring_malloc),
      CDP_ROARING(roaring_free),
      CDP_ROARING(roaring_aligned_malloc),
  };
  return kFunctions;
}

#undef CDP_ROARING

Dl_info home_of(const void* address) {
  Dl_info info{};
  if (dladdr(address, &info) == 0) return {};
  return info;
}

bool is_roaring_library(const Dl_info& info) {
  if (info.dli_fname == nullptr) return false;
  std::string_view name = info.dli_fname;
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  return name.starts_with("libroaring.");
}

}  // namespace

void check_library() {
  const Dl_info self = home_of(reinterpret_cast<const void*>(&check_library));
  const Dl_info first = home_of(functions().front().address);
  for (const Function& function : functions()) {
    const Dl_info home = home_of(function.address);
    const bool is_ours = home.dli_fbase == self.dli_fbase || is_roaring_library(home);
    if (is_ours && home.dli_fbase == first.dli_fbase) continue;
    throw Error(
        Category::State, "another module has put its own CRoaring in place of the one cdp needs",
        std::string("Function ") + function.name + " comes from " +
            (home.dli_fname != nullptr ? home.dli_fname : "an unknown file") + ".",
        "Do not load that module (pg_roaringbitmap, for one) in a session that uses cdp: take it out of "
        "shared_preload_libraries and session_preload_libraries, and move its columns to cdp's type by "
        "a cast through bytea.");
  }
}

}  // namespace cdp::bitmap
