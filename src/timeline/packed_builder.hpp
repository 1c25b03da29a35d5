#pragma once

#include "base/time.hpp"
#include "timeline/packed.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::timeline {

/// The different keys of a timeline in the making, each with a code in the order of first mention.
template <class Key>
class Dictionary {
 public:
  /// The code of a key, added if new. A name must stay where it is until clear().
  uint32_t code_of(Key key);
  const std::vector<Key>& keys() const { return keys_; }
  void clear();

 private:
  void grow();

  std::vector<Key> keys_;
  std::vector<uint32_t> slots_;  ///< a code and one; 0: free. A power of two, at most half of them taken
};

/// Throws Error(OutOfRange) for a time that no event of a timeline can have: an infinite one, or one that
/// timestamptz does not hold.
void require_possible_time(Instant time);

/// Throws Error(BadValue) for a negative number of an event.
void require_possible_number(int32_t number);

/// Throws Error(BadValue): events by number and by name in one timeline.
[[noreturn]] void refuse_both_kinds();

/// Gathers events in any order and packs them; those of equal time stay in the order they were added.
///
///   TimelineBuilder builder;
///   builder.add(time, event_no, begins_session);
///   std::string bytes = builder.finish();
///
/// May be used again after finish(), and keeps its memory then. Memory: 16 bytes an event, twice as much
/// where it has to sort, and 8 bytes more while packing.
class TimelineBuilder {
 public:
  /// Adds an event, known by number (0 or more) or by name. Names must stay where they are until finish().
  /// Throws Error(OutOfRange) for an infinite time or one that timestamptz does not hold, Error(BadValue) for
  /// a negative number and where the events before are known the other way, Error(Limit) for more than
  /// kMostPackedEvents.
  void add(Instant time, int32_t number, bool begins_session);
  void add(Instant time, std::string_view name, bool begins_session);

  /// Adds all events of a timeline; its bytes must stay where they are until finish(). Errors as above, and
  /// Error(Corrupt).
  void add(const TimelineView& timeline);
  /// Adds those events of a timeline that are at `since` or later and before `until`.
  void add_between(const TimelineView& timeline, Instant since, Instant until);
  /// Adds those events of a timeline whose code, see IndexEntry, `is_kept` has true for.
  void add_of(const TimelineView& timeline, const std::vector<bool>& is_kept);

  /// The timeline of all events added since the last finish(). Throws Error(Limit) for one of more than
  /// kMostPackedBytes. Answers interrupts.
  std::string finish();

 private:
  struct Row {
    Instant time;
    uint32_t code;
    uint32_t begins_session;
  };
  struct Occurrence {
    uint32_t count = 0;
    uint32_t place = 0;  ///< in the index
    Instant first;
    Instant last;
  };
  enum class Kind : uint8_t { Unknown, Numbered, Named };

  void require_kind(Kind kind);
  void add_row(Instant time, uint32_t code, bool begins_session);
  template <class IsKept>
  void map_codes(const TimelineView& timeline, IsKept is_kept);
  void decode(const TimelineView& timeline);
  void add_decoded(size_t begin, size_t end);
  void sort();
  void clear();

  // packed_write.cpp
  std::string pack();
  std::vector<uint32_t> order_occurrences();
  std::string index(std::span<const uint32_t> codes, uint64_t unit) const;
  uint64_t common_unit() const;
  void measure_distances(uint64_t unit);
  void write_codes(uint8_t* to, int bits) const;
  void write_sessions(uint8_t* to) const;

  static constexpr uint32_t kNotKept = UINT32_MAX;

  Kind kind_ = Kind::Unknown;
  std::vector<Row> rows_;
  size_t descents_ = 0;      ///< how often a row is earlier than the one before
  size_t last_descent_ = 0;  ///< the place of the last such row
  Dictionary<int32_t> numbers_;
  Dictionary<std::string_view> names_;
  // A timeline that is added: its columns, and the builder's codes by its own.
  std::vector<uint32_t> decoded_codes_;
  std::vector<uint8_t> decoded_sessions_;
  std::vector<Instant> decoded_times_;
  std::vector<uint32_t> mapped_;
  // While packing.
  std::vector<Occurrence> occurrences_;  ///< by code
  std::vector<uint64_t> distances_;      ///< in units
};

extern template class Dictionary<int32_t>;
extern template class Dictionary<std::string_view>;

}  // namespace cdp::timeline
