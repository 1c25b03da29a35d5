#include "bitmap/bsi.hpp"

#include "base/interrupt.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace cdp::bitmap {

using detail::load;

namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kMostSlices = 64;

/// How many bits a value needs in two's complement; none for 0.
size_t bits_of(int64_t value) {
  if (value == 0) return 0;
  const auto magnitude = static_cast<uint64_t>(value < 0 ? ~value : value);
  return static_cast<size_t>(std::bit_width(magnitude)) + 1;
}

bool has_bit(int64_t value, size_t i) { return (static_cast<uint64_t>(value) >> i & 1) != 0; }

/// The value of these lower bits, of which the last is the sign.
int64_t extend(uint64_t bits, size_t count) {
  if (count == 0 || count == kMostSlices || (bits >> (count - 1) & 1) == 0) return static_cast<int64_t>(bits);
  return static_cast<int64_t>(bits | ~uint64_t{0} << count);
}

}  // namespace

// ---- Bytes ----

BsiView::BsiView(ByteView bytes, Category category) : size_(bytes.size()), category_(category) {
  if (bytes.size() < 8) fail("they end within the header");
  if (bytes[0] != kVersion)
    fail("version " + std::to_string(bytes[0]) + " is not known, only " + std::to_string(kVersion));
  const size_t count = bytes[1];
  if (count > kMostSlices) fail(std::to_string(count) + " slices are more than 64");
  if (bytes[2] != 0 || bytes[3] != 0) fail("bytes 2 and 3 are not zero");
  size_t position = 4 + 4 * (count + 1);
  if (bytes.size() < position) fail("they end within the header");
  for (size_t i = 0; i <= count; ++i) {
    const size_t size = load<uint32_t>(bytes.data() + 4 + 4 * i);
    if (bytes.size() - position < size) fail("they end within bitmap " + std::to_string(i));
    const ByteView bitmap = bytes.subspan(position, size);
    if (i == 0) {
      ids_ = bitmap;
    } else {
      slices_.push_back(bitmap);
    }
    position += size;
  }
  if (position != bytes.size()) fail("there are bytes after the end, at byte " + std::to_string(position));
}

void BsiView::fail(const std::string& problem) const {
  throw Error(category_, category_ == Category::Corrupt ? "stored rb_bsi is damaged" : "invalid rb_bsi bytes",
              "Of " + std::to_string(size_) + " bytes: " + problem + ".");
}

std::optional<int64_t> BsiView::get(uint32_t id) const {
  if (!contains(ids_, id)) return std::nullopt;
  uint64_t bits = 0;
  for (size_t i = 0; i < slices_.size(); ++i)
    if (contains(slices_[i], id)) bits |= uint64_t{1} << i;
  return extend(bits, slices_.size());
}

Bsi Bsi::from_bytes(ByteView bytes, Category category) {
  const BsiView view(bytes, category);
  Bsi integers;
  integers.ids_ = Bitmap::from_bytes(view.ids_, category);
  for (size_t i = 0; i < view.slice_count(); ++i) {
    integers.slices_.push_back(Bitmap::from_bytes(view.slice(i), category));
    if (!integers.ids_.contains_all(integers.slices_.back()))
      view.fail("slice " + std::to_string(i) + " has an id that is not among the ids");
  }
  integers.trim();
  return integers;
}

size_t Bsi::byte_size() const {
  size_t size = 8 + 4 * slices_.size() + ids_.byte_size();
  for (const Bitmap& slice : slices_) size += slice.byte_size();
  return size;
}

size_t Bsi::write_to(std::span<uint8_t> out) const {
  const std::array<uint8_t, 4> head{kVersion, static_cast<uint8_t>(slices_.size()), 0, 0};
  std::memcpy(out.data(), head.data(), head.size());
  size_t position = 8 + 4 * slices_.size();
  for (size_t i = 0; i <= slices_.size(); ++i) {
    const auto size = static_cast<uint32_t>((i == 0 ? ids_ : slices_[i - 1]).write_to(out.subspan(position)));
    std::memcpy(out.data() + 4 + 4 * i, &size, 4);
    position += size;
  }
  return position;
}

std::string Bsi::to_bytes() const {
  std::string bytes(byte_size(), '\0');
  write_to({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

// ---- In memory ----

Bsi Bsi::of(std::span<const BsiEntry> entries) {
  Bsi integers;
  std::vector<uint32_t> ids;
  ids.reserve(entries.size());
  size_t count = 0;
  for (const BsiEntry& entry : entries) {
    ids.push_back(entry.id);
    count = std::max(count, bits_of(entry.value));
  }
  integers.ids_ = Bitmap::of(ids);
  for (size_t i = 0; i < count; ++i) {
    ids.clear();
    for (const BsiEntry& entry : entries)
      if (has_bit(entry.value, i)) ids.push_back(entry.id);
    integers.slices_.push_back(Bitmap::of(ids));
  }
  return integers;
}

/// Drops slices that only repeat the sign.
void Bsi::trim() {
  while (!slices_.empty()) {
    const bool is_needed =
        slices_.size() == 1 ? !slices_.back().is_empty() : !(slices_.back() == slices_[slices_.size() - 2]);
    if (is_needed) return;
    slices_.pop_back();
  }
}

void Bsi::set(uint32_t id, int64_t value) {
  ids_.add(id);
  const size_t count = std::max(slices_.size(), bits_of(value));
  while (slices_.size() < count) slices_.push_back(slices_.empty() ? Bitmap() : slices_.back());
  for (size_t i = 0; i < count; ++i) {
    if (has_bit(value, i)) {
      slices_[i].add(id);
    } else {
      slices_[i].remove(id);
    }
  }
  trim();
}

void Bsi::remove(uint32_t id) {
  ids_.remove(id);
  for (Bitmap& slice : slices_) slice.remove(id);
  trim();
}

std::vector<BsiEntry> Bsi::entries() const {
  std::vector<uint64_t> bits(ids_.cardinality(), 0);
  const std::vector<uint32_t> ids = ids_.to_vector();
  for (size_t i = 0; i < slices_.size(); ++i) {
    size_t at = 0;
    slices_[i].for_each([&](uint32_t id) {
      while (ids[at] < id) ++at;
      bits[at] |= uint64_t{1} << i;
    });
  }
  std::vector<BsiEntry> entries;
  entries.reserve(ids.size());
  for (size_t at = 0; at < ids.size(); ++at) entries.push_back({ids[at], extend(bits[at], slices_.size())});
  return entries;
}

void BsiBuilder::add(uint32_t id, int64_t value) {
  constexpr size_t kFewest = 1024;
  entries_.push_back({id, value});
  if (entries_.size() >= kFewest && entries_.size() / 2 > settled_) settle();
}

void BsiBuilder::add(const Bsi& more) {
  for (const BsiEntry& entry : more.entries()) add(entry.id, entry.value);
}

/// Puts the entries in order and adds up those of one id.
void BsiBuilder::settle() {
  check_interrupts();
  const auto by_id = [](const BsiEntry& a, const BsiEntry& b) { return a.id < b.id; };
  const auto middle = entries_.begin() + static_cast<ptrdiff_t>(settled_);
  if (!std::is_sorted(middle, entries_.end(), by_id)) std::sort(middle, entries_.end(), by_id);
  std::inplace_merge(entries_.begin(), middle, entries_.end(), by_id);
  auto out = entries_.begin();
  for (auto entry = entries_.begin(); entry != entries_.end(); ++out) {
    *out = *entry;
    for (++entry; entry != entries_.end() && entry->id == out->id; ++entry) {
      if (__builtin_add_overflow(out->value, entry->value, &out->value))
        throw Error(Category::OutOfRange, "bigint out of range",
                    "The sum of the values of id " + std::to_string(static_cast<int32_t>(out->id)) +
                        " has more than 64 bits.");
    }
  }
  entries_.erase(out, entries_.end());
  settled_ = entries_.size();
}

Bsi BsiBuilder::finish() {
  settle();
  return Bsi::of(entries_);
}

// ---- Questions ----

BsiReader::BsiReader(ByteView bytes) {
  const BsiView view(bytes);
  ids_ = Bitmap::from_bytes(view.ids());
  for (size_t i = 0; i < view.slice_count(); ++i) slices_.emplace_back(view.slice(i));
}

BsiReader::BsiReader(ByteView bytes, const Operand& within) : BsiReader(bytes) { ids_ &= within; }

Bitmap BsiReader::having(const Bitmap& among, size_t i, bool is_greater) const {
  check_interrupts();
  const bool is_sign = i + 1 == slices_.size();
  return combine(is_greater != is_sign ? SetOperation::And : SetOperation::AndNot, Operand(among),
                 slices_[i]);
}

Bitmap BsiReader::compare(Comparison comparison, int64_t value) const {
  Bitmap less;
  Bitmap equal = ids_;
  if (bits_of(value) > slices_.size()) {  // beyond all values
    equal = Bitmap();
    if (value > 0) less = ids_;
  }
  for (size_t i = slices_.size(); i-- > 0 && !equal.is_empty();) {
    const bool is_sign = i + 1 == slices_.size();
    if (has_bit(value, i) != is_sign) {
      const Bitmap smaller = having(equal, i, false);
      less |= smaller;
      equal -= smaller;
    } else {
      equal = having(equal, i, false);
    }
  }
  switch (comparison) {
    case Comparison::Less:
      return less;
    case Comparison::LessOrEqual:
      return less |= equal;
    case Comparison::Equal:
      return equal;
    case Comparison::NotEqual:
      return Bitmap(ids_) -= equal;
    case Comparison::GreaterOrEqual:
      return Bitmap(ids_) -= less;
    case Comparison::Greater:
      return (Bitmap(ids_) -= less) -= equal;
  }
  return less;
}

Bitmap BsiReader::between(int64_t low, int64_t high) const {
  if (low > high) return {};
  return compare(Comparison::LessOrEqual, high) -= compare(Comparison::Less, low);
}

__int128 BsiReader::sum() const {
  const Operand ids(ids_);
  __int128 total = 0;
  for (size_t i = 0; i < slices_.size(); ++i) {
    check_interrupts();
    const __int128 weight = static_cast<__int128>(slices_[i].common(ids)) << i;
    total += i + 1 == slices_.size() ? -weight : weight;
  }
  return total;
}

std::optional<int64_t> BsiReader::extreme(bool is_largest) const {
  if (ids_.is_empty()) return std::nullopt;
  Bitmap among = ids_;
  uint64_t bits = 0;
  for (size_t i = slices_.size(); i-- > 0;) {
    Bitmap better = having(among, i, is_largest);
    const bool is_found = !better.is_empty();
    if (is_found) among = std::move(better);
    const bool is_sign = i + 1 == slices_.size();
    if ((is_found == is_largest) != is_sign) bits |= uint64_t{1} << i;
  }
  return extend(bits, slices_.size());
}

Bitmap BsiReader::first(uint64_t count, bool is_largest_first) const {
  Bitmap taken;
  Bitmap among = ids_;  // of which the first ones are wanted besides
  for (size_t i = slices_.size(); i-- > 0 && taken.cardinality() < count;) {
    Bitmap better = having(among, i, is_largest_first);
    if (taken.cardinality() + better.cardinality() > count) {
      among = std::move(better);
    } else {
      among -= better;
      taken |= better;
    }
  }
  const uint64_t missing = count - std::min(count, taken.cardinality());
  if (missing == 0) return taken;
  if (missing < among.cardinality()) among = among.within(0, *among.nth(missing));
  return taken |= among;
}

}  // namespace cdp::bitmap
