#pragma once

#include "event/blocked_ids.hpp"
#include "event/message.hpp"
#include "event/requirement.hpp"
#include "event/schema.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::event {

/// Violations by events that were kept, counted by kind, as cdp.schema_violation keeps them.
class ViolationLog {
 public:
  void add(const Message& message, const std::string& source, const Violation& violation, bool is_dropped);

  /// Adds them to cdp.schema_violation.
  void store(pg::Spi& spi) const;

 private:
  struct Kind {
    int64_t count = 0;
    Instant first_at;
    Instant last_at;
    bool is_dropped = false;
    std::string reason;
    std::optional<std::string> user_id;
    std::string sample;
  };

  /// By event, source, place and keyword.
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Kind> kinds_;
};

/// What to do with an event that does not follow its schema.
enum class OnViolation : uint8_t { Reject, DropProperty, Warn };

/// What cdp.event_schema, cdp.event_requirement and cdp.blocked_id ask of messages. Loaded once per backend
/// and again after one of the tables was changed, by whomever.
class Expectations {
 public:
  /// As committed now or changed by this transaction.
  static std::shared_ptr<const Expectations> current();

  /// Throws Rejection (no_user, unknown_event, missing_field, schema) if the message is not to be taken;
  /// removes blocked ids; removes properties and logs as the event's schema says. `has_time` says whether it
  /// came with a time.
  void apply(Message* message, const std::string& source, bool has_time, ViolationLog* log) const;

 private:
  struct Entry {
    std::optional<std::string> source;
    OnViolation on_violation;
    Schema schema;
  };

  static Expectations read();
  /// The row for this event of this source; nullptr if there is none.
  const Entry* find(const std::string& event, const std::string& source) const;

  bool rejects_unknown_ = false;  ///< events that have no schema
  BlockedIds blocked_ids_;
  std::unordered_map<std::string, std::vector<Entry>> schemas_;
  std::unordered_map<std::string, std::vector<RequiredField>> requirements_;
};

}  // namespace cdp::event
