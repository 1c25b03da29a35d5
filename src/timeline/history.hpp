#pragma once

#include "base/json.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdp::timeline {

/// Where a value of an event stands: its properties or its context, and the names from there inwards.
struct PropertyPath {
  enum class Root : uint8_t { Properties, Context };
  Root root = Root::Properties;
  std::vector<std::string> names;

  friend bool operator==(const PropertyPath&, const PropertyPath&) = default;
};

/// Whether values that are numbers have the zeros that they were written with, or only their value, which is
/// faster.
enum class Numbers : uint8_t { AsWritten, ByValue };

/// What a fold of histories needs to see: the event names and the property columns, each numbered densely
/// from 0 in the order of first mention. Several folds may share one demand; a history is read once for all
/// of them.
class Demand {
 public:
  /// The number of an event name, added if new.
  int event(std::string_view name);
  /// The column of a property, added if new.
  int property(const PropertyPath& path);
  /// Every event is wanted, also those that are not named.
  void want_all_events() { wants_all_events_ = true; }

  const std::vector<std::string>& events() const { return events_; }
  const std::vector<PropertyPath>& properties() const { return properties_; }
  bool wants_all_events() const { return wants_all_events_; }
  bool wants_nothing() const { return events_.empty() && !wants_all_events_; }

 private:
  std::vector<std::string> events_;
  std::vector<PropertyPath> properties_;
  bool wants_all_events_ = false;
};

/// One user's events as far as a demand asks for them, in ascending order of (time, arrival).
class History {
 public:
  /// The event number of events that the demand does not name (present only if it wants all).
  static constexpr int kOther = -1;

  explicit History(size_t property_columns = 0)
      : columns_(property_columns), may_be_negative_(property_columns) {}

  size_t size() const { return times_.size(); }
  Instant time(size_t i) const { return times_[i]; }
  int event(size_t i) const { return events_[i]; }
  /// The value in a property column of the i-th event; JSON null if absent.
  const Json& property(size_t i, size_t column) const { return values_[i * columns_ + column]; }

  /// Has any number of a property column, of whatever event, been negative since there were no events?
  bool may_be_negative(size_t column) const { return may_be_negative_[column] != 0; }

  std::span<const Instant> times() const { return times_; }
  std::span<const int> events() const { return events_; }
  /// Where the events of this number are, ascending; not for kOther.
  std::span<const uint32_t> positions(int event) const {
    const auto number = static_cast<size_t>(event);
    return number < positions_.size() ? std::span<const uint32_t>(positions_[number])
                                      : std::span<const uint32_t>();
  }

  /// Appends an event; its time must not be before the last one's. `values` has one value per column.
  void add(Instant time, int event, std::span<Json> values);
  void clear();
  /// Removes the events at or after this time.
  void truncate(Instant time);

  /// About how much memory it takes; of it so much an event, beside its values.
  size_t bytes() const;
  static constexpr size_t kBytesAnEvent = sizeof(Instant) + sizeof(int) + sizeof(uint32_t);

 private:
  size_t columns_;
  std::vector<Instant> times_;
  std::vector<int> events_;
  std::vector<Json> values_;
  std::vector<std::vector<uint32_t>> positions_;  ///< by event
  std::vector<char> may_be_negative_;             ///< by column
};

}  // namespace cdp::timeline
