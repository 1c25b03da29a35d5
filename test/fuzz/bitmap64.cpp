/// Portable bytes and text of sets of 64-bit numbers. The first byte chooses.

#include "bitmap/bitmap64.hpp"

#include "../unit/bitmap_oracle.hpp"
#include "../unit/bitmap_pieces.hpp"
#include "bitmap/accumulator64.hpp"
#include "bitmap/operand64.hpp"
#include "bitmap/stored64.hpp"
#include "bitmap/text.hpp"
#include "bitmap/view64.hpp"

#include <array>
#include <memory_resource>

namespace {

using namespace cdp;
using namespace cdp::bitmap::testing;
using bitmap::Bitmap64;
using bitmap::SetOperation;

constexpr std::array<uint64_t, 4> kElements{0, 0x100000001, 0x8000000000001234, UINT64_MAX};
constexpr std::array kOperations{SetOperation::And, SetOperation::Or, SetOperation::Xor,
                                 SetOperation::AndNot};

/// What reads stored bytes without a check of them all may answer anything, but touches nothing else.
void ask_without_checking(ByteView bytes) {
  Pieces pieces(bytes);
  for (const uint64_t element : kElements) {
    try_to([&] { (void)bitmap::contains64(pieces, element); });
    try_to([&] { (void)bitmap::rank64(pieces, element); });
  }
  try_to([&] { (void)bitmap::nth64(pieces, 5); });
  try_to([&] { (void)bitmap::cardinality64(pieces); });
  try_to([&] { (void)bitmap::min64(pieces); });
  try_to([&] { (void)bitmap::max64(pieces); });
  const std::array<ByteView, 3> sets{bytes, bytes, bytes};
  for (const SetOperation operation : kOperations)
    try_to([&] { (void)bitmap::cardinality_of64(operation, sets); });
  bitmap::Accumulator64 both(std::pmr::new_delete_resource());
  for (uint64_t i = 0; i < 200; ++i) both.add(i * 97);
  try_to([&] { both.add(bytes); });
  require(Bitmap64::from_bytes(view_of(both.to_bytes())).cardinality() == both.cardinality());
}

/// What holds for every valid set.
void check_laws(const Bitmap64& set) {
  const std::string bytes = set.to_bytes();
  const bitmap::Operand64 own(set);
  const Bitmap64 again = Bitmap64::from_bytes(view_of(bytes));
  require(bitmap::Operand64(again) == own && again.to_bytes() == bytes);
  const Bitmap64 moved = set.shifted(0x100000003);
  const std::string moved_bytes = moved.to_bytes();
  const bitmap::Operand64 other(view_of(moved_bytes));
  const Bitmap64 both = combine(SetOperation::Or, own, other);
  const Bitmap64 shared = combine(SetOperation::And, own, other);
  require(both.cardinality() + shared.cardinality() == set.cardinality() + moved.cardinality());
  const std::array<ByteView, 2> sets{view_of(bytes), view_of(moved_bytes)};
  for (const SetOperation operation : kOperations)
    require(combine(operation, own, other).cardinality() == bitmap::cardinality_of64(operation, sets));
  require(bitmap::Operand64(both).contains_all(own) && own.contains_all(bitmap::Operand64(shared)));
}

void try_bytes(ByteView bytes) {
  ask_without_checking(bytes);
  try {
    const Bitmap64 set = Bitmap64::from_bytes(bytes);
    const bitmap::View64 view(bytes);
    for (const bitmap::View64::Part& part : view.parts())
      require(bitmap::oracle::decode(std::string(part.set.begin(), part.set.end())).has_value());
    const std::string canonical = set.to_bytes();
    require(bitmap::compare64(bytes, view_of(canonical)) == 0 &&
            bitmap::hash_set64(bytes) == bitmap::hash_set64(view_of(canonical)));
    bitmap::Accumulator64 united(std::pmr::new_delete_resource());
    united.add(bytes);
    require(united.to_bytes() == canonical);
    Pieces pieces(bytes);
    for (const uint64_t element : kElements) {
      require(bitmap::contains64(pieces, element) == set.contains(element));
      require(bitmap::rank64(pieces, element) == set.rank(element));
    }
    require(bitmap::min64(pieces) == set.min() && bitmap::max64(pieces) == set.max());
    require(bitmap::nth64(pieces, set.cardinality() / 2) == set.nth(set.cardinality() / 2));
    check_laws(set);
  } catch (const Error&) {
  }
}

void try_text(std::string_view text) {
  try {
    const Bitmap64 set = bitmap::parse_bitmap64(text);
    const bitmap::Operand64 own(set);
    const Bitmap64 again = bitmap::parse_bitmap64(bitmap::to_array_text(set));
    require(bitmap::Operand64(again) == own);
    check_laws(set);
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cdp::bitmap::testing::fuzz(data, size, try_text, try_bytes);
}
