/// Portable bytes and text, each as a client or a damaged page may hand them over. The first byte chooses.

#include "bitmap/bitmap.hpp"

#include "../unit/bitmap_oracle.hpp"
#include "../unit/bitmap_pieces.hpp"
#include "base/error.hpp"
#include "bitmap/accumulator.hpp"
#include "bitmap/compare.hpp"
#include "bitmap/counts.hpp"
#include "bitmap/operand.hpp"
#include "bitmap/stored.hpp"
#include "bitmap/text.hpp"

#include <array>
#include <memory_resource>

namespace {

using namespace cdp;
using namespace cdp::bitmap::testing;
using bitmap::Bitmap;

/// What reads stored bytes without a check of them all may answer anything, but touches nothing else.
void ask_without_checking(ByteView bytes) {
  Pieces pieces(bytes);
  for (const uint32_t element : {0U, 0x80001234U, 0xffffffffU}) {
    try_to([&] { (void)bitmap::contains(bytes, element); });
    try_to([&] { (void)bitmap::contains(pieces, element); });
    try_to([&] { (void)bitmap::rank(bytes, element); });
    try_to([&] { (void)bitmap::rank(pieces, element); });
  }
  try_to([&] { (void)bitmap::cardinality(bytes); });
  try_to([&] { (void)bitmap::cardinality(pieces); });
  try_to([&] { (void)bitmap::min(bytes); });
  try_to([&] { (void)bitmap::min(pieces); });
  try_to([&] { (void)bitmap::max(bytes); });
  try_to([&] { (void)bitmap::max(pieces); });
  try_to([&] { (void)bitmap::nth(bytes, 5); });
  try_to([&] { (void)bitmap::nth(pieces, 5); });
  const std::array<ByteView, 3> sets{bytes, bytes, bytes};
  for (const auto operation : {bitmap::SetOperation::And, bitmap::SetOperation::Or, bitmap::SetOperation::Xor,
                               bitmap::SetOperation::AndNot}) {
    try_to([&] { (void)bitmap::cardinality_of(operation, bytes, bytes); });
    try_to([&] { (void)bitmap::cardinality_of(operation, sets); });
  }
}

/// A union takes any bytes, or refuses them, and is a sound set afterwards.
void unite(ByteView bytes) {
  for (const uint32_t before : {0U, 2000U}) {
    bitmap::Accumulator both(std::pmr::new_delete_resource());
    for (uint32_t i = 0; i < before; ++i) both.add(i * 97);
    try_to([&] { both.add(bytes); });
    try_to([&] { both.add(bytes); });
    const std::string result = both.to_bytes();
    require(Bitmap::from_bytes(view_of(result)).cardinality() == both.cardinality());
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
  unite(bytes);
  const auto expected = bitmap::oracle::decode(std::string(bytes.begin(), bytes.end()));
  try {
    const Bitmap set = Bitmap::from_bytes(bytes);
    require(expected.has_value() && set.to_vector() == *expected);
    for (const uint32_t element : {0U, 1U, 65536U, 0xffffffffU})
      require(bitmap::contains(bytes, element) == set.contains(element));
    check_laws(set);
    const std::string canonical = set.to_bytes();
    require(bitmap::compare(bytes, view_of(canonical)) == 0 &&
            bitmap::hash(bytes) == bitmap::hash(view_of(canonical)));
    bitmap::Accumulator united(std::pmr::new_delete_resource());
    united.add(bytes);
    require(united.to_bytes() == canonical);
    Pieces pieces(bytes);
    for (const uint32_t element : {0U, 1U, 65536U, 0xffffffffU}) {
      require(bitmap::contains(pieces, element) == set.contains(element));
      require(bitmap::rank(pieces, element) == set.rank(element));
    }
    require(bitmap::min(pieces) == set.min() && bitmap::max(pieces) == set.max());
    require(bitmap::nth(pieces, set.cardinality() / 2) == set.nth(set.cardinality() / 2));
    require(combine(bitmap::SetOperation::And, bitmap::Operand(bytes), bitmap::Operand(set)) == set);
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
  return cdp::bitmap::testing::fuzz(data, size, try_text, try_bytes);
}
