#include "base/error.hpp"
#include "timeline/packed.hpp"
#include "timeline/packed_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <type_traits>

namespace cdp::timeline {

namespace {

using namespace format;

[[noreturn, gnu::cold, gnu::noinline]] void fail(const char* problem) {
  throw Error(Category::Corrupt, std::string("timeline ") + problem);
}

void require_size(size_t given, uint32_t size) {
  if (given != size) throw Error(Category::Internal, "timeline is decoded into a span of another size");
}

constexpr uint64_t kOfEachByte = 0x0101010101010101;

/// The next eight values of kBits bits, from the lowest on, as one byte each.
template <int kBits>
inline uint64_t spread(const uint8_t* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, kBits);
  if constexpr (kBits < 8) {
    // Halves move apart, then quarters, then eighths.
    constexpr uint64_t kValue = (1U << kBits) - 1;
    constexpr uint64_t kTwo = (1U << 2 * kBits) - 1;
    constexpr uint64_t kFour = (1U << 4 * kBits) - 1;
    word = (word | word << (32 - 4 * kBits)) & (kFour | kFour << 32);
    word = (word | word << (16 - 2 * kBits)) & ((kTwo | kTwo << 16) * 0x0000000100000001);
    word = (word | word << (8 - kBits)) & (kValue * kOfEachByte);
  }
  return word;
}

/// Hands out values of kBits bits in words of eight bytes: `take(place, word, count)`, where count is 8
/// except for the last ones.
template <int kBits, class Take>
void for_each_eight(const uint8_t* from, uint32_t size, Take take) {
  uint32_t place = 0;
  for (; size - place >= 8; place += 8, from += kBits) take(place, spread<kBits>(from), 8U);
  if (place == size) return;
  std::array<uint8_t, 8> rest{};
  std::memcpy(rest.data(), from, bytes_of_bits(uint64_t{kBits} * (size - place)));
  take(place, spread<kBits>(rest.data()), size - place);
}

template <class Code>
void store(Code* to, uint64_t word, uint32_t count) {
  if constexpr (sizeof(Code) == 1) {
    std::memcpy(to, &word, count);
  } else {
    for (uint32_t i = 0; i < count; ++i) to[i] = static_cast<Code>(word >> (8 * i) & 0xff);
  }
}

/// Codes of up to four bits; those not below `distinct` are found eight at a time.
template <int kBits, class Code>
void decode_narrow(const uint8_t* from, std::span<Code> codes, uint32_t distinct) {
  const uint64_t to_limit = (0x80 - distinct) * kOfEachByte;  // distinct is 16 at most: nothing is carried
  uint64_t beyond = 0;
  for_each_eight<kBits>(from, static_cast<uint32_t>(codes.size()),
                        [&](uint32_t place, uint64_t word, uint32_t count) {
                          beyond |= word + to_limit;
                          store(codes.data() + place, word, count);
                        });
  if ((beyond & 0x80 * kOfEachByte) != 0) fail("has an event that its index lacks");
}

/// Codes of whole bytes.
template <class Stored, class Code>
void decode_wide(const uint8_t* from, std::span<Code> codes, uint32_t distinct) {
  constexpr size_t kBlock = 64;  // a number the compiler knows, so that it uses vectors
  Stored largest = 0;
  size_t place = 0;
  const auto take = [&](size_t count) {
    std::array<Stored, kBlock> block;
    std::memcpy(block.data(), from + place * sizeof(Stored), count * sizeof(Stored));
    for (size_t i = 0; i < count; ++i) {
      largest = std::max(largest, block[i]);
      codes[place + i] = static_cast<Code>(block[i]);
    }
    place += count;
  };
  while (codes.size() - place >= kBlock) take(kBlock);
  take(codes.size() - place);
  if (largest >= distinct) fail("has an event that its index lacks");
}

/// Reads distances and adds them up. kAnyLength: lengths beyond kLongestSafeLength occur, so that a distance
/// may reach into a ninth byte and the sum may overflow.
template <bool kAnyLength>
class Distances {
 public:
  Distances(uint32_t lengths, Instant first, uint64_t unit)
      : first_(static_cast<uint64_t>(first.us)), unit_(unit) {
    for (int slot = 0; slot < 4; ++slot) {
      lengths_[slot] = length_of_stored(lengths >> (6 * slot) & 0x3f);
      masks_[slot] = largest_of(static_cast<uint32_t>(lengths_[slot]));
    }
  }

  uint64_t sum() const { return sum_; }

  /// The time that the distance at this bit leads to; moves behind it. Reads 9 bytes.
  Instant next(const uint8_t* from, uint64_t& bit, unsigned control) {
    const uint8_t* at = from + bit / 8;
    uint64_t distance = load64(at) >> (bit % 8);
    if constexpr (kAnyLength) distance |= (uint64_t{at[8]} << 1) << (63 - bit % 8);
    distance &= masks_[control];
    bit += lengths_[control];
    sum_ += distance;
    if constexpr (kAnyLength)
      if (sum_ < distance) fail("has times out of range");
    return {static_cast<int64_t>(first_ + sum_ * unit_)};
  }

  /// The times of the next four. Reads up to kBlockBytes bytes.
  static constexpr ptrdiff_t kBlockBytes = 40;
  void next_four(const uint8_t* from, uint64_t& bit, unsigned controls, Instant* times) {
    times[0] = next(from, bit, controls & 3);
    times[1] = next(from, bit, controls >> 2 & 3);
    times[2] = next(from, bit, controls >> 4 & 3);
    times[3] = next(from, bit, controls >> 6);
  }

 private:
  std::array<uint64_t, 4> masks_;
  std::array<uint64_t, 4> lengths_;
  uint64_t first_;
  uint64_t unit_;
  uint64_t sum_ = 0;
};

/// Reads all distances from `at` to `end`, where `controls` has two bits for each of `times`; bytes up to
/// `readable` may be read. Returns their sum.
template <bool kAnyLength>
uint64_t read_distances(Distances<kAnyLength> distances, const uint8_t* controls, const uint8_t* at,
                        const uint8_t* end, const uint8_t* readable, std::span<Instant> times) {
  using D = Distances<kAnyLength>;
  Instant* time = times.data();
  const uint8_t* const last_control = controls + times.size() / 4;
  uint64_t bit = 0;
  if (readable - at >= D::kBlockBytes) {
    const auto last_bit = static_cast<uint64_t>(readable - at - D::kBlockBytes) * 8;
    for (; controls != last_control && bit <= last_bit; time += 4)
      distances.next_four(at, bit, *controls++, time);
  }
  if (bytes_of_bits(bit) > static_cast<uint64_t>(end - at)) fail("has too few distances");

  // The last bytes are copied to where more may be read, unless it may here.
  at += bit / 8;
  bit %= 8;
  const auto left = static_cast<size_t>(end - at);
  std::array<uint8_t, 3 * D::kBlockBytes> rest;
  if (controls != last_control || readable - at < D::kBlockBytes) {
    if (left > D::kBlockBytes) fail("has too many distances");
    std::memcpy(rest.data(), at, left);
    std::fill(rest.begin() + static_cast<ptrdiff_t>(left), rest.end(), uint8_t{0});
    at = rest.data();
  }
  for (; controls != last_control; time += 4) {
    distances.next_four(at, bit, *controls++, time);
    if (bit > 8 * left) fail("has too few distances");
  }
  if (times.size() % 4 != 0) {
    unsigned control = *controls;
    for (size_t i = 0; i < times.size() % 4; ++i, control >>= 2)
      *time++ = distances.next(at, bit, control & 3);
  }
  if (bytes_of_bits(bit) != left) fail("has distances of another length");
  return distances.sum();
}

}  // namespace

template <class Code>
void TimelineView::decode_events(std::span<Code> codes) const {
  require_size(codes.size(), size_);
  if (distinct_ > uint64_t{std::numeric_limits<Code>::max()} + 1)
    throw Error(Category::Internal, "timeline has more different events than a code can tell");
  switch (code_bits_) {
    case 0:
      std::fill(codes.begin(), codes.end(), Code{0});
      break;
    case 1:
      decode_narrow<1>(codes_, codes, distinct_);
      break;
    case 2:
      decode_narrow<2>(codes_, codes, distinct_);
      break;
    case 4:
      decode_narrow<4>(codes_, codes, distinct_);
      break;
    case 8:
      decode_wide<uint8_t>(codes_, codes, distinct_);
      break;
    case 16:
      decode_wide<uint16_t>(codes_, codes, distinct_);
      break;
    default:
      decode_wide<uint32_t>(codes_, codes, distinct_);
  }
}

template void TimelineView::decode_events(std::span<uint8_t>) const;
template void TimelineView::decode_events(std::span<uint16_t>) const;
template void TimelineView::decode_events(std::span<uint32_t>) const;

void TimelineView::decode_times(std::span<Instant> times) const {
  require_size(times.size(), size_);
  if (size_ == 0) return;
  times[0] = first_;
  if (size_ == 1) return;
  const uint32_t longest = lengths_ >> 18;
  const std::span<Instant> later = times.subspan(1);
  const uint64_t sum = longest <= kLongestSafeLength
                           ? read_distances(Distances<false>(lengths_, first_, unit_), controls_, distances_,
                                            end_, readable_, later)
                           : read_distances(Distances<true>(lengths_, first_, unit_), controls_, distances_,
                                            end_, readable_, later);
  if (sum != span_) fail("has another last time than its distances lead to");
}

void TimelineView::decode_sessions(std::span<uint8_t> begins) const {
  require_size(begins.size(), size_);
  if (sessions_ == Sessions::Stream) {
    for_each_eight<1>(session_bits_, size_, [&](uint32_t place, uint64_t word, uint32_t count) {
      store(begins.data() + place, word, count);
    });
    return;
  }
  std::fill(begins.begin(), begins.end(), uint8_t{0});
  if (sessions_ == Sessions::First && size_ > 0) begins[0] = 1;
}

bool TimelineView::begins_session(uint32_t place) const {
  if (sessions_ == Sessions::Stream) return (session_bits_[place / 8] >> (place % 8) & 1) != 0;
  return sessions_ == Sessions::First && place == 0;
}

uint32_t TimelineView::session_count() const {
  if (sessions_ != Sessions::Stream) return sessions_ == Sessions::First ? 1 : 0;
  uint32_t count = 0;
  for_each_eight<1>(session_bits_, size_, [&](uint32_t, uint64_t word, uint32_t valid) {
    if (valid < 8) word &= (uint64_t{1} << 8 * valid) - 1;
    count += static_cast<uint32_t>(word * kOfEachByte >> 56);
  });
  return count;
}

}  // namespace cdp::timeline
