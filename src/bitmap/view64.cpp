#include "bitmap/view64.hpp"

#include "base/interrupt.hpp"
#include "bitmap/portable.hpp"

#include <algorithm>
#include <string>

namespace cdp::bitmap {

using detail::load;

View64::View64(ByteView bytes, Category category) : bytes_(bytes), category_(category) {
  constexpr size_t kSmallestPart = 4 + 8;
  if (bytes.size() < 8) fail("it ends within its header", bytes.size());
  const auto count = load<uint64_t>(bytes.data());
  if (count > (bytes.size() - 8) / kSmallestPart) fail("it states more parts than it has room for", 0);
  parts_.reserve(count);
  InterruptTicker ticker;
  size_t position = 8;
  for (uint64_t i = 0; i < count; ++i) {
    ticker.tick();
    if (bytes.size() - position < 4) fail("it ends within a part", bytes.size());
    Part part{load<uint32_t>(bytes.data() + position), bytes.subspan(position + 4)};
    if (i > 0 && part.high <= parts_.back().high) fail("the parts do not ascend", position);
    const size_t size = in(part, [&] {
      const View view(part.set, category);
      return view.container_count() == 0 ? 0 : view.end();
    });
    if (size == 0) fail("a part has no elements", position);
    part.set = part.set.subspan(0, size);
    parts_.push_back(part);
    position += 4 + size;
  }
  if (position != bytes.size()) fail("there are bytes after its end", position);
}

ByteView View64::find(uint32_t high) const {
  const auto at = std::lower_bound(parts_.begin(), parts_.end(), high,
                                   [](const Part& part, uint32_t wanted) { return part.high < wanted; });
  return at == parts_.end() || at->high != high ? ByteView() : at->set;
}

void View64::check() const {
  for (const Part& part : parts_) in(part, [&] { View(part.set, category_).check(); });
}

void View64::fail(const char* problem, size_t position) const {
  throw Error(
      category_,
      category_ == Category::Corrupt ? "stored roaringbitmap64 is damaged" : "invalid roaringbitmap64 bytes",
      std::string(problem) + ", at byte " + std::to_string(position) + " of " +
          std::to_string(bytes_.size()) + ".");
}

void View64::fail_in(const Part& part, const Error& error) const {
  throw Error(
      category_,
      category_ == Category::Corrupt ? "stored roaringbitmap64 is damaged" : "invalid roaringbitmap64 bytes",
      "In the part that begins at byte " + std::to_string(part.set.data() - bytes_.data()) + ": " +
          error.detail());
}

}  // namespace cdp::bitmap
