/// Bytes and text of bit-sliced integers. The first byte chooses.

#include "bitmap/bsi.hpp"

#include "../unit/bitmap_pieces.hpp"

#include <algorithm>

namespace {

using namespace cdp;
using namespace cdp::bitmap;
using namespace cdp::bitmap::testing;

/// What holds for all integers that were read.
void check_laws(const Bsi& integers) {
  const std::string bytes = integers.to_bytes();
  const std::vector<BsiEntry> entries = integers.entries();
  require(Bsi::of(entries).to_bytes() == bytes && Bsi::from_bytes(view_of(bytes)).to_bytes() == bytes);
  const BsiReader reader(view_of(bytes));
  __int128 sum = 0;
  for (const BsiEntry& entry : entries) sum += entry.value;
  require(reader.sum() == sum && reader.count() == entries.size());
  if (entries.empty()) return;
  const int64_t value = entries[entries.size() / 2].value;
  require(reader.compare(Comparison::Less, value).cardinality() +
              reader.compare(Comparison::GreaterOrEqual, value).cardinality() ==
          entries.size());
  require(reader.compare(Comparison::Equal, value).contains(entries[entries.size() / 2].id));
  require(*reader.min() <= value && value <= *reader.max());
  require(reader.first(2, true).cardinality() == std::min<size_t>(entries.size(), 2));
}

void try_bytes(ByteView bytes) {
  try_to([&] { (void)BsiView(bytes).get(5); });
  try_to([&] { (void)BsiReader(bytes).sum(); });
  try_to([&] { (void)BsiReader(bytes).min(); });
  try_to([&] { (void)BsiReader(bytes).between(-5, 1000); });
  try_to([&] { (void)BsiReader(bytes).first(3, false); });
  try_to([&] { check_laws(Bsi::from_bytes(bytes)); });
}

void try_text(std::string_view text) {
  try_to([&] {
    const Bsi integers = parse_bsi(text);
    require(parse_bsi(to_text(integers)).to_bytes() == integers.to_bytes());
    check_laws(integers);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cdp::bitmap::testing::fuzz(data, size, try_text, try_bytes);
}
