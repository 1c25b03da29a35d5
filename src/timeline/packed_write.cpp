#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "timeline/packed_builder.hpp"
#include "timeline/packed_format.hpp"

#include <algorithm>
#include <array>

namespace cdp::timeline {

namespace {

using namespace format;

/// Microseconds between two instants.
uint64_t between(Instant from, Instant to) {
  return static_cast<uint64_t>(to.us) - static_cast<uint64_t>(from.us);
}

/// The four lengths of distances, as they are stored, ascending.
using Lengths = std::array<uint32_t, 4>;

/// How many distances need each length.
using Histogram = std::array<uint64_t, kLengthOf64 + 1>;

/// The lengths that make the least bits, by dynamic programming over those that are needed.
Lengths best_lengths(const Histogram& histogram) {
  std::array<uint32_t, kLengthOf64 + 1> needed;
  std::array<uint64_t, kLengthOf64 + 2> up_to;  // how many distances need one of the first so many lengths
  uint32_t count = 0;
  up_to[0] = 0;
  for (uint32_t length = 0; length <= kLengthOf64; ++length) {
    if (histogram[length] == 0) continue;
    needed[count] = length;
    up_to[count + 1] = up_to[count] + histogram[length];
    ++count;
  }
  const uint32_t last = count - 1;
  const auto bits_of = [&](uint32_t from, uint32_t to) {  // of those that need `from` to `to`, stored as `to`
    return length_of_stored(needed[to]) * (up_to[to + 1] - up_to[from]);
  };

  // least[k][from]: the least bits of those that need `from` or more, by up to k + 1 lengths, the first of
  // which is then choice[k][from].
  constexpr size_t kChoices = std::tuple_size_v<Lengths>;
  std::array<std::array<uint64_t, kLengthOf64 + 2>, kChoices> least;
  std::array<std::array<uint32_t, kLengthOf64 + 2>, kChoices> choice;
  for (uint32_t from = 0; from < count; ++from) {
    least[0][from] = bits_of(from, last);
    choice[0][from] = last;
  }
  for (size_t k = 1; k < kChoices; ++k) {
    least[k - 1][count] = 0;
    for (uint32_t from = 0; from < count; ++from) {
      least[k][from] = ~uint64_t{0};
      for (uint32_t to = from; to < count; ++to) {
        const uint64_t bits = bits_of(from, to) + least[k - 1][to + 1];
        if (bits >= least[k][from]) continue;
        least[k][from] = bits;
        choice[k][from] = to;
      }
    }
  }
  Lengths lengths;
  uint32_t from = 0;
  for (size_t slot = 0; slot < kChoices; ++slot) {
    const uint32_t to = from == count ? last : choice[kChoices - 1 - slot][from];
    lengths[slot] = needed[to];
    from = to + 1;
  }
  return lengths;
}

/// For each length that may be needed the slot, among the four, of the length that its distances get.
std::array<uint8_t, kLengthOf64 + 1> slots_of(const Lengths& lengths) {
  std::array<uint8_t, kLengthOf64 + 1> slots{};
  uint8_t slot = 0;
  for (uint32_t needed = 0; needed <= lengths[3]; ++needed) {
    while (lengths[slot] < needed) ++slot;
    slots[needed] = slot;
  }
  return slots;
}

uint64_t bits_of(const Histogram& histogram, const Lengths& lengths) {
  const auto slots = slots_of(lengths);
  uint64_t bits = 0;
  for (uint32_t needed = 0; needed <= lengths[3]; ++needed)
    bits += histogram[needed] * length_of_stored(lengths[slots[needed]]);
  return bits;
}

void write_distances(std::span<const uint64_t> distances, const Lengths& lengths, uint8_t* controls,
                     uint8_t* to) {
  const auto slots = slots_of(lengths);
  uint64_t bit = 0;
  for (size_t i = 0; i < distances.size(); ++i) {
    const uint8_t slot = slots[stored_length_of(distances[i])];
    controls[i / 4] |= static_cast<uint8_t>(slot << (2 * (i % 4)));
    uint8_t* at = to + bit / 8;
    const uint64_t word = load64(at) | distances[i] << (bit % 8);
    std::memcpy(at, &word, sizeof(word));
    at[8] = static_cast<uint8_t>(distances[i] >> 1 >> (63 - bit % 8));
    bit += length_of_stored(lengths[slot]);
  }
}

}  // namespace

uint64_t TimelineBuilder::common_unit() const {
  uint64_t unit = kUnits[2];
  for (const Row& row : rows_) {
    if (row.time.us % static_cast<int64_t>(kUnits[1]) != 0) return kUnits[0];
    if (row.time.us % static_cast<int64_t>(kUnits[2]) != 0) unit = kUnits[1];
  }
  return unit;
}

/// Counts the events of each code; returns the codes that occur, in the order of the index.
std::vector<uint32_t> TimelineBuilder::order_occurrences() {
  const bool is_named = kind_ == Kind::Named;
  occurrences_.assign(is_named ? names_.keys().size() : numbers_.keys().size(), {});
  for (const Row& row : rows_) {
    Occurrence& occurrence = occurrences_[row.code];
    if (occurrence.count++ == 0) occurrence.first = row.time;
    occurrence.last = row.time;
  }
  std::vector<uint32_t> codes;
  for (uint32_t code = 0; code < occurrences_.size(); ++code)
    if (occurrences_[code].count != 0) codes.push_back(code);
  std::sort(codes.begin(), codes.end(), [&](uint32_t a, uint32_t b) {
    return is_named ? names_.keys()[a] < names_.keys()[b] : numbers_.keys()[a] < numbers_.keys()[b];
  });
  for (uint32_t place = 0; place < codes.size(); ++place) occurrences_[codes[place]].place = place;
  return codes;
}

std::string TimelineBuilder::index(std::span<const uint32_t> codes, uint64_t unit) const {
  const Instant first = rows_.front().time;
  const Instant last = rows_.back().time;
  ByteWriter out;
  out.varint(between(first, last) / unit);
  int64_t number_before = -1;
  for (const uint32_t code : codes) {
    if (kind_ == Kind::Named) {
      out.varint(names_.keys()[code].size());
      out.text(names_.keys()[code]);
    } else {
      const int32_t number = numbers_.keys()[code];
      out.varint(static_cast<uint64_t>(number - number_before - 1));
      number_before = number;
    }
  }
  for (const uint32_t code : codes) {
    const Occurrence& occurrence = occurrences_[code];
    out.varint(occurrence.count - 1);
    out.varint(between(first, occurrence.first) / unit);
    if (occurrence.count > 1) out.varint(between(occurrence.last, last) / unit);
  }
  return out.release();
}

void TimelineBuilder::measure_distances(uint64_t unit) {
  distances_.resize(rows_.size() - 1);
  const auto fill = [this](auto constant_unit) {  // a constant divides faster
    for (size_t i = 0; i < distances_.size(); ++i)
      distances_[i] = between(rows_[i].time, rows_[i + 1].time) / constant_unit();
  };
  if (unit == kUnits[0])
    fill([] { return kUnits[0]; });
  else if (unit == kUnits[1])
    fill([] { return kUnits[1]; });
  else
    fill([] { return kUnits[2]; });
}

void TimelineBuilder::write_codes(uint8_t* to, int bits) const {
  if (bits == 0) return;
  for (size_t i = 0; i < rows_.size(); ++i) {
    const uint32_t place = occurrences_[rows_[i].code].place;
    if (bits >= 8)
      std::memcpy(to + i * bits / 8, &place, bits / 8);
    else
      to[i * bits / 8] |= static_cast<uint8_t>(place << (i * bits % 8));
  }
}

void TimelineBuilder::write_sessions(uint8_t* to) const {
  for (size_t i = 0; i < rows_.size(); ++i)
    to[i / 8] |= static_cast<uint8_t>(rows_[i].begins_session << (i % 8));
}

std::string TimelineBuilder::pack() {
  check_interrupts();
  ByteWriter head;
  head.fixed(kVersion);
  head.fixed(uint32_t{0});
  const size_t size = rows_.size();
  if (size == 0) {
    head.fixed(uint8_t{0});
    head.varint(0);
    std::string bytes = head.release();
    seal(bytes);
    return bytes;
  }

  const std::vector<uint32_t> codes = order_occurrences();
  const uint64_t unit = common_unit();
  const std::string index_bytes = index(codes, unit);
  const int bits = code_bits(static_cast<uint32_t>(codes.size()));
  size_t starts = 0;
  for (const Row& row : rows_) starts += row.begins_session;
  const int sessions = starts == 0 ? 1 : starts == 1 && rows_.front().begins_session != 0 ? 2 : 0;
  measure_distances(unit);
  Histogram histogram{};
  for (const uint64_t distance : distances_) ++histogram[stored_length_of(distance)];
  const Lengths lengths = size > 1 ? best_lengths(histogram) : Lengths{};
  check_interrupts();

  const auto unit_flag = static_cast<int>(std::find(kUnits.begin(), kUnits.end(), unit) - kUnits.begin());
  head.fixed(static_cast<uint8_t>((kind_ == Kind::Numbered ? kNumbered : 0) | unit_flag << kUnitShift |
                                  sessions << kSessionsShift));
  head.varint(size);
  head.varint(zigzag(rows_.front().time.us / static_cast<int64_t>(unit)));
  head.varint(codes.size());
  head.varint(index_bytes.size());

  const uint64_t codes_at = head.bytes().size() + index_bytes.size();
  const uint64_t sessions_at = codes_at + bytes_of_bits(size * bits);
  const uint64_t times_at = sessions_at + (sessions == 0 ? bytes_of_bits(size) : 0);
  const uint64_t controls_at = times_at + (size > 1 ? kLengthsBytes : 0);
  const uint64_t distances_at = controls_at + bytes_of_bits(2 * (size - 1));
  const uint64_t end = distances_at + bytes_of_bits(bits_of(histogram, lengths));
  if (end > kMostPackedBytes)
    throw Error(Category::Limit, "timeline is larger than 1 GB",
                "It would take " + std::to_string(end) + " bytes.", "Cut it into several by time.");

  std::string bytes = head.release() + index_bytes;
  bytes.resize(end + sizeof(uint64_t) + 1, '\0');  // whole words are written
  auto* to = reinterpret_cast<uint8_t*>(bytes.data());
  write_codes(to + codes_at, bits);
  if (sessions == 0) write_sessions(to + sessions_at);
  if (size > 1) {
    const uint32_t stored = lengths[0] | lengths[1] << 6 | lengths[2] << 12 | lengths[3] << 18;
    std::memcpy(to + times_at, &stored, kLengthsBytes);
    write_distances(distances_, lengths, to + controls_at, to + distances_at);
  }
  bytes.resize(end);
  seal(bytes);
  return bytes;
}

}  // namespace cdp::timeline
