#include "bitmap/accumulator64.hpp"

#include "base/interrupt.hpp"
#include "bitmap/bitmap.hpp"
#include "bitmap/view64.hpp"

#include <algorithm>
#include <cstring>

namespace cdp::bitmap {

namespace {

/// A part is worth its own structure from that many elements on.
constexpr size_t kFewestInPart = 64;

uint32_t high_of(uint64_t element) { return static_cast<uint32_t>(element >> 32); }

/// The end of the elements from `begin` on that share their upper half.
template <class Iterator>
Iterator end_of_part(Iterator begin, Iterator end) {
  return std::find_if(begin, end, [&](uint64_t element) { return high_of(element) != high_of(*begin); });
}

}  // namespace

Accumulator64::Accumulator64(std::pmr::memory_resource* memory)
    : memory_(memory), parts_(memory), others_(memory) {}

Accumulator& Accumulator64::make_part(uint32_t high) {
  return parts_.try_emplace(high, memory_).first->second;
}

/// Puts the other elements in order, and gives a part to each upper half that has many of them or has got a
/// part since.
void Accumulator64::settle() {
  check_interrupts();
  const auto middle = others_.begin() + static_cast<ptrdiff_t>(ordered_);
  std::sort(middle, others_.end());
  std::inplace_merge(others_.begin(), middle, others_.end());
  others_.erase(std::unique(others_.begin(), others_.end()), others_.end());
  auto out = others_.begin();
  for (auto begin = others_.begin(); begin != others_.end();) {
    const auto end = end_of_part(begin, others_.end());
    if (static_cast<size_t>(end - begin) >= kFewestInPart || parts_.contains(high_of(*begin))) {
      Accumulator& part = make_part(high_of(*begin));
      for (; begin != end; ++begin) part.add(static_cast<uint32_t>(*begin));
    } else {
      out = std::copy(begin, end, out);
      begin = end;
    }
  }
  others_.erase(out, others_.end());
  ordered_ = others_.size();
}

void Accumulator64::add(ByteView set) {
  const View64 view(set);
  for (const View64::Part& part : view.parts()) {
    view.in(part, [&] {
      const auto found = parts_.find(part.high);
      if (found != parts_.end()) {
        found->second.add(part.set);
      } else if (bitmap::cardinality(part.set) >= kFewestInPart) {
        make_part(part.high).add(part.set);
      } else {
        Bitmap::from_bytes(part.set).for_each([&](uint32_t low) { add(uint64_t{part.high} << 32 | low); });
      }
    });
  }
}

/// Calls `f(high, accumulator)` for all parts in order; those of the other elements are made for the call.
template <class F>
void Accumulator64::for_each_part(F&& f) {
  settle();
  InterruptTicker ticker;
  auto part = parts_.begin();
  auto begin = others_.begin();
  while (part != parts_.end() || begin != others_.end()) {
    ticker.tick();
    if (begin == others_.end() || (part != parts_.end() && part->first < high_of(*begin))) {
      // An error may have left a part before its first element.
      if (part->second.cardinality() > 0) f(part->first, part->second);
      ++part;
      continue;
    }
    const auto end = end_of_part(begin, others_.end());
    Accumulator few(memory_);
    for (auto element = begin; element != end; ++element) few.add(static_cast<uint32_t>(*element));
    f(high_of(*begin), few);
    begin = end;
  }
}

uint64_t Accumulator64::cardinality() {
  settle();
  uint64_t total = others_.size();
  for (auto& [high, part] : parts_) total += part.cardinality();
  return total;
}

size_t Accumulator64::byte_size() {
  size_t size = 8;
  for_each_part([&](uint32_t, Accumulator& part) { size += 4 + part.byte_size(); });
  return size;
}

size_t Accumulator64::write_to(std::span<uint8_t> out) {
  uint64_t count = 0;
  size_t size = 8;
  for_each_part([&](uint32_t high, Accumulator& part) {
    std::memcpy(out.data() + size, &high, 4);
    size += 4;
    size += part.write_to(out.subspan(size));
    ++count;
  });
  std::memcpy(out.data(), &count, 8);
  return size;
}

std::string Accumulator64::to_bytes() {
  std::string bytes(byte_size(), '\0');
  write_to({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace cdp::bitmap
