#include "bitmap/bitmap64.hpp"

#include "bitmap/view64.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace cdp::bitmap {

namespace {

uint32_t high_of(uint64_t element) { return static_cast<uint32_t>(element >> 32); }
uint32_t low_of(uint64_t element) { return static_cast<uint32_t>(element); }
uint64_t whole(uint32_t high, uint32_t low) { return uint64_t{high} << 32 | low; }

/// Makes elements of the lower halves that a reader has put into the back of `elements`.
size_t widen(std::span<uint64_t> elements, std::span<const uint32_t> lows, uint32_t high) {
  std::transform(lows.begin(), lows.end(), elements.begin(), [&](uint32_t low) { return whole(high, low); });
  return lows.size();
}

constexpr size_t kPiece = 256;  // elements that a reader takes at a time

}  // namespace

size_t Bitmap64::index_of(uint32_t high) const {
  const auto at = std::lower_bound(parts_.begin(), parts_.end(), high,
                                   [](const Part& part, uint32_t wanted) { return part.high < wanted; });
  return static_cast<size_t>(at - parts_.begin());
}

Bitmap64 Bitmap64::of(std::span<const uint64_t> values) {
  std::vector<uint64_t> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  Bitmap64 set;
  std::vector<uint32_t> lows;
  for (size_t i = 0; i < sorted.size();) {
    const uint32_t high = high_of(sorted[i]);
    lows.clear();
    for (; i < sorted.size() && high_of(sorted[i]) == high; ++i) lows.push_back(low_of(sorted[i]));
    set.parts_.push_back({high, Versioned(Bitmap::of(lows))});
  }
  return set;
}

Bitmap64 Bitmap64::from_bytes(ByteView bytes, Category category) {
  const View64 view(bytes, category);
  Bitmap64 set;
  set.parts_.reserve(view.parts().size());
  for (const View64::Part& part : view.parts())
    set.parts_.push_back(
        {part.high, Versioned(view.in(part, [&] { return Bitmap::from_bytes(part.set, category); }))});
  return set;
}

Bitmap64 Bitmap64::from_parts(std::vector<Part> parts) {
  Bitmap64 set;
  set.parts_ = std::move(parts);
  std::erase_if(set.parts_, [](const Part& part) { return part.set.read().is_empty(); });
  return set;
}

// ---- Bytes ----

size_t Bitmap64::byte_size() const {
  size_t size = 8;
  for (const Part& part : parts_) size += 4 + part.set.read().byte_size();
  return size;
}

size_t Bitmap64::write_to(std::span<uint8_t> out) const {
  const uint64_t count = parts_.size();
  std::memcpy(out.data(), &count, 8);
  size_t size = 8;
  for (const Part& part : parts_) {
    std::memcpy(out.data() + size, &part.high, 4);
    size += 4;
    size += part.set.read().write_to(out.subspan(size));
  }
  return size;
}

std::string Bitmap64::to_bytes() const {
  std::string bytes(byte_size(), '\0');
  write_to({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

// ---- Changes ----

Bitmap64 Bitmap64::successor() {
  Bitmap64 next;
  next.parts_.reserve(parts_.size());
  for (Part& part : parts_) next.parts_.push_back({part.high, part.set.successor()});
  return next;
}

void Bitmap64::add(uint64_t element) {
  const size_t i = index_of(high_of(element));
  if (i == parts_.size() || parts_[i].high != high_of(element)) {
    const uint32_t low = low_of(element);
    parts_.insert(parts_.begin() + static_cast<ptrdiff_t>(i),
                  {high_of(element), Versioned(Bitmap::of({&low, 1}))});
  } else {
    parts_[i].set.add(low_of(element));
  }
}

void Bitmap64::remove(uint64_t element) {
  const size_t i = index_of(high_of(element));
  if (i == parts_.size() || parts_[i].high != high_of(element)) return;
  parts_[i].set.remove(low_of(element));
  if (parts_[i].set.read().is_empty()) parts_.erase(parts_.begin() + static_cast<ptrdiff_t>(i));
}

// ---- Questions ----

bool Bitmap64::contains(uint64_t element) const {
  const size_t i = index_of(high_of(element));
  return i < parts_.size() && parts_[i].high == high_of(element) &&
         parts_[i].set.read().contains(low_of(element));
}

uint64_t Bitmap64::cardinality() const {
  uint64_t count = 0;
  for (const Part& part : parts_) count += part.set.read().cardinality();
  return count;
}

std::optional<uint64_t> Bitmap64::min() const {
  if (parts_.empty()) return std::nullopt;
  return whole(parts_.front().high, *parts_.front().set.read().min());
}

std::optional<uint64_t> Bitmap64::max() const {
  if (parts_.empty()) return std::nullopt;
  return whole(parts_.back().high, *parts_.back().set.read().max());
}

uint64_t Bitmap64::rank(uint64_t element) const {
  uint64_t count = 0;
  for (const Part& part : parts_) {
    if (part.high > high_of(element)) break;
    count +=
        part.high < high_of(element) ? part.set.read().cardinality() : part.set.read().rank(low_of(element));
  }
  return count;
}

std::optional<uint64_t> Bitmap64::nth(uint64_t index) const {
  for (const Part& part : parts_) {
    const uint64_t count = part.set.read().cardinality();
    if (index < count) return whole(part.high, *part.set.read().nth(index));
    index -= count;
  }
  return std::nullopt;
}

// ---- Readers ----

Bitmap64::Reader::Reader(const Bitmap64& set, uint64_t lower)
    : set_(&set), part_(set.index_of(high_of(lower))) {
  if (part_ < set.parts_.size() && set.parts_[part_].high == high_of(lower))
    reader_.emplace(set.parts_[part_].set.read(), low_of(lower));
}

size_t Bitmap64::Reader::read(std::span<uint64_t> elements) {
  std::array<uint32_t, kPiece> lows;
  size_t count = 0;
  while (count < elements.size() && part_ < set_->parts_.size()) {
    if (!reader_) reader_.emplace(set_->parts_[part_].set.read());
    const size_t found = reader_->read(std::span(lows).first(std::min(kPiece, elements.size() - count)));
    count += widen(elements.subspan(count), std::span(lows).first(found), set_->parts_[part_].high);
    if (found == 0) {
      ++part_;
      reader_.reset();
    }
  }
  return count;
}

Bitmap64::DescendingReader::DescendingReader(const Bitmap64& set, uint64_t upper)
    : set_(&set), part_(set.index_of(high_of(upper))) {
  if (part_ < set.parts_.size() && set.parts_[part_].high == high_of(upper))
    reader_.emplace(set.parts_[part_++].set.read(), low_of(upper));
}

size_t Bitmap64::DescendingReader::read(std::span<uint64_t> elements) {
  std::array<uint32_t, kPiece> lows;
  size_t count = 0;
  while (count < elements.size() && part_ > 0) {
    const Part& part = set_->parts_[part_ - 1];
    if (!reader_) reader_.emplace(part.set.read(), UINT32_MAX);
    const size_t found = reader_->read(std::span(lows).first(std::min(kPiece, elements.size() - count)));
    count += widen(elements.subspan(count), std::span(lows).first(found), part.high);
    if (found == 0) {
      --part_;
      reader_.reset();
    }
  }
  return count;
}

}  // namespace cdp::bitmap
