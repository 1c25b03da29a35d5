#include "segment/number_list.hpp"

#include <limits>

namespace cdp::segment {

std::string pack_numbers(const std::vector<int32_t>& numbers) {
  ByteWriter writer;
  int32_t last = 0;
  for (const int32_t number : numbers) {
    writer.varint(static_cast<uint64_t>(number - last));
    last = number;
  }
  return writer.release();
}

std::vector<int32_t> unpack_numbers(ByteView packed) {
  constexpr uint64_t kMost = std::numeric_limits<int32_t>::max();
  std::vector<int32_t> numbers;
  numbers.reserve(packed.size());
  ByteReader reader(packed, "list of segment numbers");
  uint64_t last = 0;
  while (reader.remaining() > 0) {
    const uint64_t difference = reader.varint();
    if ((difference == 0 && !numbers.empty()) || difference > kMost - last)
      reader.fail("has a number that does not ascend");
    last += difference;
    numbers.push_back(static_cast<int32_t>(last));
  }
  return numbers;
}

}  // namespace cdp::segment
