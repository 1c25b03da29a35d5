#pragma once

#include "base/bytes.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::timeline {

/// A *timeline* is one user's events in order of time (those of equal time in the order they were given),
/// each with its time, which event it is, and whether it begins a session. Events are known by number or by
/// name, all of a timeline in the same way. Stored it is a byte string, version 1, canonical: equal contents
/// give equal bytes.
///
///     version      1 byte: 1
///     checksum     4 bytes, little-endian: the lower half of XXH3 of all that follows
///     flags        1 byte: bit 0 set if events are known by number; bits 1 and 2 the unit of times (0 us,
///                  1 ms, 2 s: the largest of which the first time and all distances are multiples); bits 3
///                  and 4 the session starts (0 a stream, 1 none, 2 the first event alone); others 0
///     n            varint: number of events; 0 ends an empty timeline, whose flags are 0
///     first        varint of zigzag: time of the first event since 2000-01-01 UTC, in units
///     distinct     varint: how many different events
///     index bytes  varint: how long the index is
///     index        varint: last time - first time, in units; then for each event that occurs, by ascending
///                  number or bytes of the name:
///                    by number: varint, less the number before and one (the first: the number itself)
///                    by name: varint of its length, its bytes
///                  then for each in the same order:
///                    varint: how many times it occurs, less one
///                    varint: its first time - first, in units
///                    varint, only if it occurs more than once: last - its last time, in units
///     codes        for each event its place in the index, of as many bits as the smallest of 0, 1, 2, 4, 8,
///                  16, 32 that holds all places, lowest bits first
///     sessions     one bit an event, lowest first; only if the flags say so
///     lengths      3 bytes, and all that follows only from two events on: the four lengths in bits that
///     distances
///                  may have, ascending, of 6 bits each: 0 to 56, and 57 for 64
///     controls     2 bits an event from the second on, lowest first: which of the four, the first that holds
///     it distances    each event's time - that of the event before, in units, of so many bits, lowest first
///
/// Unused bits are 0. Varints are LEB128. The lengths are those that make the least bits; of several such
/// choices the one whose lengths, from the first on, are the smallest; what is not needed repeats the last
/// one.

/// The most events of a timeline.
constexpr uint32_t kMostPackedEvents = uint32_t{1} << 24;
/// The most bytes of one; a value of the server has 1 GB, and a row around it must fit as well.
constexpr uint64_t kMostPackedBytes = (uint64_t{1} << 30) - (uint64_t{1} << 20);

/// What the index says of one of the events that occur.
struct IndexEntry {
  uint32_t code;          ///< its place in the index, which is what decode_events() gives for it
  int32_t number;         ///< if events are known by number, else 0
  std::string_view name;  ///< if they are known by name; bytes of the timeline
  uint32_t count;         ///< how many times it occurs, 1 or more
  Instant first;          ///< its first time
  Instant last;           ///< its last time
};

/// A stored timeline, opened for reading: a view that neither copies nor allocates. The bytes must outlive
/// it.
///
/// Every function may be called on any byte string that open() accepted, forged ones included: none reads
/// outside of it, and results are in their ranges (codes below distinct(), times ascending from first() to
/// last()). All throw Error(Corrupt) for what is no timeline as soon as they notice.
class TimelineView {
 public:
  /// Verifies version, checksum, and that all parts fit the size. Cost: some 20 ns and the checksum. So many
  /// bytes behind it may be read, whatever they are, which makes decoding short ones faster.
  static TimelineView open(ByteView bytes, size_t readable_behind = 0);

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Whether events are known by name, not by number. An empty timeline is of both kinds and says true.
  bool is_named() const { return is_named_; }
  /// Time of the first event; of an empty timeline Instant::max().
  Instant first() const { return first_; }
  /// Time of the last event; of an empty timeline Instant::min().
  Instant last() const { return last_; }
  /// How many different events occur.
  uint32_t distinct() const { return distinct_; }

  /// Reads the index, entry by entry. The view must outlive it.
  class Index {
   public:
    explicit Index(const TimelineView& timeline);

    /// The next entry, in ascending order of number or name; nullopt after the last one.
    std::optional<IndexEntry> next();

   private:
    friend class TimelineView;
    bool step();
    IndexEntry entry() const;

    const TimelineView& timeline_;
    const uint8_t* key_at_;
    const uint8_t* value_at_;
    uint32_t events_left_;
    uint32_t entries_ = 0;
    // The entry that was read last.
    int64_t number_ = 0;
    std::string_view name_;
    uint32_t count_ = 0;
    uint64_t first_ = 0;
    uint64_t last_ = 0;
  };
  Index index() const { return Index(*this); }

  /// What numbers of events have in common with an index.
  struct Match {
    uint32_t count = 0;  ///< how many of them occur
    uint64_t found = 0;  ///< which of the first 64 do: bit i is the i-th
  };
  /// Compares the index with `numbers`, ascending numbers of events: `places` becomes, by code, where in
  /// `numbers` each event that occurs is, or -1. Events known by name are in no list of numbers.
  Match match(std::span<const int32_t> numbers, std::vector<int32_t>& places) const;

  /// What the index says of an event; nullopt if it does not occur, or if events are known the other way.
  std::optional<IndexEntry> find(int32_t number) const;
  std::optional<IndexEntry> find(std::string_view name) const;

  /// Which event each is, as IndexEntry::code; `codes` has size() elements of uint8_t (for distinct() up to
  /// 256), uint16_t (65,536) or uint32_t. Throws Error(Internal) for another size or too small an element.
  template <class Code>
  void decode_events(std::span<Code> codes) const;

  /// The time of each event; `times` has size() elements (else Error(Internal)).
  void decode_times(std::span<Instant> times) const;

  /// 1 for each event that begins a session, else 0; `begins` has size() elements (else Error(Internal)).
  void decode_sessions(std::span<uint8_t> begins) const;

  /// Does the event of this place, below size(), begin a session?
  bool begins_session(uint32_t place) const;

  /// How many events begin a session.
  uint32_t session_count() const;

 private:
  enum class Sessions : uint8_t { Stream, None, First };

  TimelineView() = default;
  Instant instant(uint64_t offset) const {
    return {static_cast<int64_t>(static_cast<uint64_t>(first_.us) + offset * unit_)};
  }

  uint32_t size_ = 0;
  uint32_t distinct_ = 0;
  Instant first_ = Instant::max();
  Instant last_ = Instant::min();
  uint64_t unit_ = 1;  ///< in microseconds
  uint64_t span_ = 0;  ///< last - first, in units
  bool is_named_ = true;
  Sessions sessions_ = Sessions::None;
  uint8_t code_bits_ = 0;
  uint32_t lengths_ = 0;              ///< four times 6 bits
  const uint8_t* entries_ = nullptr;  ///< of the index, up to codes_
  const uint8_t* codes_ = nullptr;
  const uint8_t* session_bits_ = nullptr;
  const uint8_t* controls_ = nullptr;
  const uint8_t* distances_ = nullptr;
  const uint8_t* end_ = nullptr;
  const uint8_t* readable_ = nullptr;  ///< end of what may be read
};

extern template void TimelineView::decode_events(std::span<uint8_t>) const;
extern template void TimelineView::decode_events(std::span<uint16_t>) const;
extern template void TimelineView::decode_events(std::span<uint32_t>) const;

/// An event to be packed, known by number (0 or more) or by name (any bytes).
struct NumberedEvent {
  Instant time;
  int32_t number = 0;
  bool begins_session = false;
};
struct NamedEvent {
  Instant time;
  std::string_view name;
  bool begins_session = false;
};

/// The timeline of events that come in any order; those of equal time stay in theirs. Throws
/// Error(OutOfRange) for an infinite time or one that timestamptz does not hold, Error(BadValue) for a
/// negative number, Error(Limit) for more than kMostPackedEvents or kMostPackedBytes. Answers interrupts.
/// Cost: some 20 ns an event, and sorting where they are not in order.
std::string pack_timeline(std::span<const NumberedEvent> events);
std::string pack_timeline(std::span<const NamedEvent> events);

}  // namespace cdp::timeline
