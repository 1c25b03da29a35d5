#include "bitmap/stored64.hpp"

#include "base/interrupt.hpp"

#include <string>

namespace cdp::bitmap {

using detail::load;

namespace {

/// Bytes within those of another source.
class Within : public ByteSource {
 public:
  Within(ByteSource& source, size_t offset, size_t size) : source_(source), offset_(offset), size_(size) {}

  size_t size() const override { return size_; }
  ByteView read(size_t offset, size_t length) override { return source_.read(offset_ + offset, length); }

 private:
  ByteSource& source_;
  size_t offset_;
  size_t size_;
};

[[noreturn]] void fail(ByteSource& source, const char* problem, size_t position) {
  throw Error(Category::Corrupt, "stored roaringbitmap64 is damaged",
              std::string(problem) + ", at byte " + std::to_string(position) + " of " +
                  std::to_string(source.size()) + ".");
}

/// Calls `f(high, part)` for the parts in their order until it returns false.
template <class F>
void for_each_part(ByteSource& source, F&& f) {
  const uint64_t count = part_count(source);
  InterruptTicker ticker;
  size_t position = 8;
  uint64_t least = 0;  // what the next upper half can be at least
  for (uint64_t i = 0; i < count; ++i) {
    ticker.tick();
    if (source.size() - position < 12) fail(source, "it ends within a part", source.size());
    const auto high = load<uint32_t>(source.read(position, 4).data());
    if (high < least) fail(source, "the parts do not ascend", position);
    least = uint64_t{high} + 1;
    position += 4;
    Within rest(source, position, source.size() - position);
    const size_t size = extent(rest);
    Within part(source, position, size);
    if (!f(high, static_cast<ByteSource&>(part))) return;
    position += size;
  }
}

uint64_t whole(uint32_t high, uint32_t low) { return uint64_t{high} << 32 | low; }

}  // namespace

uint64_t part_count(ByteSource& source) {
  if (source.size() < 8) fail(source, "it ends within its header", source.size());
  return load<uint64_t>(source.read(0, 8).data());
}

bool contains64(ByteSource& source, uint64_t element) {
  bool result = false;
  for_each_part(source, [&](uint32_t high, ByteSource& part) {
    if (high == element >> 32) result = contains(part, static_cast<uint32_t>(element));
    return high < element >> 32;
  });
  return result;
}

uint64_t cardinality64(ByteSource& source) {
  uint64_t total = 0;
  for_each_part(source, [&](uint32_t, ByteSource& part) {
    total += cardinality(part);
    return true;
  });
  return total;
}

bool is_empty64(ByteSource& source) { return part_count(source) == 0; }

std::optional<uint64_t> min64(ByteSource& source) {
  std::optional<uint64_t> result;
  for_each_part(source, [&](uint32_t high, ByteSource& part) {
    if (const std::optional<uint32_t> low = min(part)) result = whole(high, *low);
    return false;
  });
  return result;
}

std::optional<uint64_t> max64(ByteSource& source) {
  const uint64_t count = part_count(source);
  std::optional<uint64_t> result;
  uint64_t at = 0;
  for_each_part(source, [&](uint32_t high, ByteSource& part) {
    if (++at < count) return true;
    if (const std::optional<uint32_t> low = max(part)) result = whole(high, *low);
    return false;
  });
  return result;
}

uint64_t rank64(ByteSource& source, uint64_t element) {
  uint64_t total = 0;
  for_each_part(source, [&](uint32_t high, ByteSource& part) {
    if (high > element >> 32) return false;
    if (high < element >> 32) {
      total += cardinality(part);
      return true;
    }
    total += rank(part, static_cast<uint32_t>(element));
    return false;
  });
  return total;
}

std::optional<uint64_t> nth64(ByteSource& source, uint64_t index) {
  std::optional<uint64_t> result;
  for_each_part(source, [&](uint32_t high, ByteSource& part) {
    const uint64_t count = cardinality(part);
    if (index >= count) {
      index -= count;
      return true;
    }
    if (const std::optional<uint32_t> low = nth(part, index)) result = whole(high, *low);
    return false;
  });
  return result;
}

}  // namespace cdp::bitmap
