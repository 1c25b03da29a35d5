#include "bitmap/stored.hpp"

#include "bitmap/frozen.hpp"

#include <algorithm>
#include <string>

namespace cdp::bitmap {

using detail::load;

namespace {

/// The header's start, and containers by themselves, of a set that is read in pieces.
class PiecewiseView {
 public:
  explicit PiecewiseView(ByteSource& source) : source_(source) {
    start_ = source.read(0, std::min(source.size(), kStart));
    if (start_.size() < 8) fail("it ends within its header", start_.size());
    const auto cookie = load<uint32_t>(start_.data());
    if ((cookie & 0xffff) == detail::kCookieWithRuns) {
      count_ = (cookie >> 16) + 1;
      flags_at_ = 4;
      keys_at_ = flags_at_ + (count_ + 7) / 8;
      has_offsets_ = count_ >= detail::kFewestWithOffsets;
    } else if (cookie == detail::kCookieWithoutRuns) {
      count_ = load<uint32_t>(start_.data() + 4);
      if (count_ > detail::kMostContainers) fail("it states more than 65536 containers", 4);
      keys_at_ = 8;
      has_offsets_ = true;
    } else {
      fail("it does not begin as the portable format does", 0);
    }
    if (source.size() < keys_at_ + (has_offsets_ ? 8 : 4) * size_t{count_})
      fail("it ends within its header", source.size());
  }

  uint32_t count() const { return count_; }
  /// Without a table of offsets there are at most three containers, and the whole set is as well read at
  /// once.
  bool has_offsets() const { return has_offsets_; }

  /// Entries of the table of keys: the key in the lower 16 bits, the cardinality less one in the upper ones.
  ByteView entries(uint32_t begin, uint32_t end) const {
    return read(keys_at_ + 4 * size_t{begin}, 4 * size_t{end - begin});
  }

  /// The index of the container of that key. Looks where the key would be if keys were spread evenly, and at
  /// every other step in the middle of what remains.
  std::optional<uint32_t> find(uint32_t wanted) const {
    constexpr uint32_t kWindow = 64;
    uint32_t low = 0;
    uint32_t high = count_;
    uint32_t least = 0;  // what the key at `low` can be at least, and the one before `high` at most
    uint32_t most = 0xffff;
    for (bool by_key = true; low < high && least <= wanted && wanted <= most; by_key = !by_key) {
      const uint64_t part = by_key && most > least
                                ? uint64_t{wanted - least} * (high - low - 1) / (most - least)
                                : (high - low) / 2;
      const uint32_t guess = low + static_cast<uint32_t>(part);
      const uint32_t begin = guess - low > kWindow ? guess - kWindow : low;
      const uint32_t end = high - guess > kWindow ? guess + kWindow : high;
      const ByteView window = entries(begin, end);
      const auto key = [&](uint32_t i) {
        return uint32_t{load<uint16_t>(window.data() + 4 * size_t{i - begin})};
      };
      if (key(begin) > wanted) {
        high = begin;
        most = key(begin) - 1;
      } else if (key(end - 1) < wanted) {
        low = end;
        least = key(end - 1) + 1;
      } else {
        for (uint32_t i = begin; i < end; ++i)
          if (key(i) == wanted) return i;
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  /// A bitmap of its own that has no container but this one.
  std::string single(uint32_t i) const {
    const auto entry = load<uint32_t>(entries(i, i + 1).data());
    const Place place = place_of(i, entry);
    std::string bytes;
    if (place.is_runs) {
      append(bytes, uint32_t{detail::kCookieWithRuns});
      bytes.push_back(1);
      append(bytes, entry);
    } else {
      append(bytes, detail::kCookieWithoutRuns);
      append(bytes, uint32_t{1});
      append(bytes, entry);
      append(bytes, uint32_t{16});
    }
    append(bytes, read(place.at, place.size));
    return bytes;
  }

  /// Where the last container ends.
  size_t end() const {
    size_t at = keys_at_ + (has_offsets_ ? 8 : 4) * size_t{count_};
    for (uint32_t i = has_offsets_ && count_ > 0 ? count_ - 1 : 0; i < count_; ++i) {
      const Place place = place_of(i, load<uint32_t>(entries(i, i + 1).data()), at);
      at = place.at + place.size;
    }
    if (at > source_.size()) fail("it ends within a container", source_.size());
    return at;
  }

 private:
  static constexpr size_t kStart = 1024;

  struct Place {
    size_t at;
    size_t size;
    bool is_runs;
  };

  /// Where a container lies, of which the entry is known; `next` is where the one before ends.
  Place place_of(uint32_t i, uint32_t entry, size_t next = 0) const {
    const size_t body_at = keys_at_ + (has_offsets_ ? 8 : 4) * size_t{count_};
    const size_t at =
        has_offsets_ ? load<uint32_t>(read(keys_at_ + 4 * (size_t{count_} + i), 4).data()) : next;
    if (at < body_at) fail("a container is said to lie elsewhere", at);
    if (flags_at_ != 0 && (read(flags_at_ + i / 8, 1)[0] >> (i % 8) & 1) != 0)
      return {at, 2 + 4 * size_t{load<uint16_t>(read(at, 2).data())}, true};
    const uint32_t cardinality = (entry >> 16) + 1;
    return {at, cardinality > kMostArrayElements ? kBitsetBytes : 2 * size_t{cardinality}, false};
  }

  static void append(std::string& bytes, uint32_t value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  static void append(std::string& bytes, ByteView more) {
    bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
  }

  ByteView read(size_t offset, size_t length) const {
    if (offset > source_.size() || source_.size() - offset < length)
      fail("it ends within a container", source_.size());
    if (offset + length <= start_.size()) return start_.subspan(offset, length);
    return source_.read(offset, length);
  }

  [[noreturn]] void fail(const char* problem, size_t position) const {
    throw Error(Category::Corrupt, "stored roaringbitmap is damaged",
                std::string(problem) + ", at byte " + std::to_string(position) + " of " +
                    std::to_string(source_.size()) + ".");
  }

  ByteSource& source_;
  ByteView start_;
  uint32_t count_ = 0;
  size_t flags_at_ = 0;  // 0: no container is of runs
  size_t keys_at_ = 0;
  bool has_offsets_ = false;
};

ByteView all_of(ByteSource& source) { return source.read(0, source.size()); }

}  // namespace

size_t extent(ByteSource& source) { return PiecewiseView(source).end(); }

bool contains(ByteSource& source, uint32_t element) {
  const PiecewiseView view(source);
  if (!view.has_offsets()) return contains(all_of(source), element);
  const std::optional<uint32_t> i = view.find(element >> 16);
  return i && contains(bytes_in(view.single(*i)), element);
}

uint64_t cardinality(ByteSource& source) {
  const PiecewiseView view(source);
  const ByteView entries = view.entries(0, view.count());
  uint64_t total = 0;
  for (size_t at = 0; at < entries.size(); at += 4) total += load<uint16_t>(entries.data() + at + 2) + 1U;
  return total;
}

bool is_empty(ByteSource& source) { return PiecewiseView(source).count() == 0; }

std::optional<uint32_t> min(ByteSource& source) {
  const PiecewiseView view(source);
  if (!view.has_offsets()) return min(all_of(source));
  if (view.count() == 0) return std::nullopt;
  return min(bytes_in(view.single(0)));
}

std::optional<uint32_t> max(ByteSource& source) {
  const PiecewiseView view(source);
  if (!view.has_offsets()) return max(all_of(source));
  if (view.count() == 0) return std::nullopt;
  return max(bytes_in(view.single(view.count() - 1)));
}

uint64_t rank(ByteSource& source, uint32_t element) {
  const PiecewiseView view(source);
  if (!view.has_offsets()) return rank(all_of(source), element);
  const uint32_t key = element >> 16;
  // No more than key + 1 keys are at most `key`.
  const ByteView entries = view.entries(0, std::min(view.count(), key + 1));
  uint64_t found = 0;
  for (uint32_t i = 0; i < entries.size() / 4; ++i) {
    const auto entry = load<uint32_t>(entries.data() + 4 * size_t{i});
    if ((entry & 0xffff) == key) return found + rank(bytes_in(view.single(i)), element);
    if ((entry & 0xffff) > key) break;
    found += (entry >> 16) + 1;
  }
  return found;
}

std::optional<uint32_t> nth(ByteSource& source, uint64_t index) {
  const PiecewiseView view(source);
  if (!view.has_offsets()) return nth(all_of(source), index);
  const ByteView entries = view.entries(0, view.count());
  for (uint32_t i = 0; i < view.count(); ++i) {
    const uint32_t count = load<uint16_t>(entries.data() + 4 * size_t{i} + 2) + 1U;
    if (index < count) return nth(bytes_in(view.single(i)), index);
    index -= count;
  }
  return std::nullopt;
}

}  // namespace cdp::bitmap
