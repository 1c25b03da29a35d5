/// Portable bytes and text, each as a client or a damaged page may hand them over. The first byte chooses.

#include "bitmap/bitmap.hpp"

#include "../unit/bitmap_oracle.hpp"
#include "base/error.hpp"
#include "bitmap/text.hpp"

#include <cstdlib>

namespace {

using namespace cdp;
using bitmap::Bitmap;

void require(bool holds) {
  if (!holds) std::abort();
}

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

void ask_without_checking(ByteView bytes) {
  try {
    (void)bitmap::cardinality(bytes);
    (void)bitmap::contains(bytes, 0);
    (void)bitmap::contains(bytes, 0x80001234);
    (void)bitmap::min(bytes);
    (void)bitmap::max(bytes);
  } catch (const Error&) {
  }
}

/// What holds for every valid bitmap.
void check_laws(const Bitmap& set) {
  const std::string bytes = set.to_bytes();
  const Bitmap again = Bitmap::from_bytes(view_of(bytes));
  require(again == set && again.to_bytes() == bytes);
  require(bitmap::cardinality(view_of(bytes)) == set.cardinality());
  require(bitmap::min(view_of(bytes)) == set.min() && bitmap::max(view_of(bytes)) == set.max());

  const Bitmap moved = set.shifted(3);
  const Bitmap both = Bitmap(set) |= moved;
  const Bitmap shared = Bitmap(set) &= moved;
  const Bitmap either = Bitmap(set) ^= moved;
  require(both.cardinality() + shared.cardinality() == set.cardinality() + moved.cardinality());
  require((Bitmap(both) -= shared) == either);
  require(both.contains_all(set) && set.contains_all(shared));
  for (const Bitmap* result : {&moved, &both, &shared, &either})
    require(Bitmap::from_bytes(view_of(result->to_bytes())) == *result);
}

void try_bytes(ByteView bytes) {
  ask_without_checking(bytes);
  const auto expected = bitmap::oracle::decode(std::string(bytes.begin(), bytes.end()));
  try {
    const Bitmap set = Bitmap::from_bytes(bytes);
    require(expected.has_value() && set.to_vector() == *expected);
    for (const uint32_t element : {0U, 1U, 65536U, 0xffffffffU})
      require(bitmap::contains(bytes, element) == set.contains(element));
    check_laws(set);
  } catch (const Error&) {
    require(!expected.has_value());
  }
}

void try_text(std::string_view text) {
  try {
    const Bitmap set = bitmap::parse_bitmap(text);
    require(bitmap::parse_bitmap(bitmap::to_array_text(set)) == set);
    require(bitmap::parse_bitmap(bitmap::to_hex_text(view_of(set.to_bytes()))) == set);
    check_laws(set);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  if (data[0] == 't') {
    try_text({reinterpret_cast<const char*>(data + 1), size - 1});
  } else {
    try_bytes({data + 1, size - 1});
  }
  return 0;
}
