/// Messages against what was said of them.

#include "event/expectations.hpp"

#include <algorithm>

namespace cdp::event {

namespace {

/// After so many rounds of finding and removing properties the whole event is at fault.
constexpr int kMostRounds = 8;

std::string reason_of(const std::vector<Violation>& violations) {
  constexpr size_t kMost = 5;
  std::string reason;
  for (size_t i = 0; i < violations.size() && i < kMost; ++i) {
    if (i > 0) reason += "; ";
    reason += violations[i].pointer.empty() ? "properties" : violations[i].pointer;
    reason += ": " + violations[i].reason;
  }
  if (violations.size() > kMost) reason += "; and more";
  return reason;
}

/// Removes the properties at fault; what is about the event as a whole is logged only.
void drop_properties(Message* message, const std::string& source, const Schema& schema,
                     std::vector<Violation> found, ViolationLog* log) {
  const Message before = *message;
  std::vector<Violation> violations;
  for (int round = 1;; ++round) {
    const bool may_be_more = found.size() == kMaxViolations;
    bool has_dropped = false;
    for (Violation& violation : found) {
      const bool is_of_property = !violation.property.empty();
      if (is_of_property) has_dropped |= message->properties.erase(violation.property);
      // What a removal leads to (required, say) is no news.
      if (is_of_property || round == 1) violations.push_back(std::move(violation));
    }
    if (!may_be_more || !has_dropped) break;
    found = schema.check(message->properties);
    if (round == kMostRounds && !found.empty()) throw Rejection{"schema", reason_of(found)};
  }
  for (const Violation& violation : violations)
    log->add(before, source, violation, !violation.property.empty());
}

}  // namespace

void ViolationLog::add(const Message& message, const std::string& source, const Violation& violation,
                       bool is_dropped) {
  constexpr size_t kSampleBytes = 4000;
  Kind& kind = kinds_[{message.event, source, violation.place, violation.keyword}];
  if (kind.count++ == 0 || message.received_at < kind.first_at) kind.first_at = message.received_at;
  kind.last_at = std::max(kind.last_at, message.received_at);
  if (kind.count == 1) kind.last_at = message.received_at;
  kind.is_dropped = is_dropped;
  kind.reason = violation.reason;
  kind.user_id = message.user_id ? message.user_id : message.anonymous_id;
  kind.sample = message.properties.dump();
  if (kind.sample.size() <= kSampleBytes) return;
  size_t end = kSampleBytes;
  while (end > 0 && (static_cast<uint8_t>(kind.sample[end]) & 0xc0) == 0x80) --end;
  kind.sample.resize(end);
}

const Expectations::Entry* Expectations::find(const std::string& event, const std::string& source) const {
  const auto entries = schemas_.find(event);
  if (entries == schemas_.end()) return nullptr;
  const Entry* general = nullptr;
  for (const Entry& entry : entries->second) {
    if (entry.source == source) return &entry;
    if (!entry.source) general = &entry;
  }
  return general;
}

void Expectations::apply(Message* message, const std::string& source, bool has_time,
                         ViolationLog* log) const {
  blocked_ids_.remove_from(message);
  if (message->kind != MessageKind::Track) return;
  const Entry* entry = schemas_.empty() ? nullptr : find(message->event, source);
  const bool is_page = message->event == "page" || message->event == "screen";
  if (entry == nullptr && !is_page && rejects_unknown_)
    throw Rejection{"unknown_event", "event \"" + message->event + "\" of source \"" + source +
                                         "\" has no row in cdp.event_schema"};
  if (!requirements_.empty()) {
    const auto required = requirements_.find(std::string(category_of(*message)));
    if (required != requirements_.end())
      for (const RequiredField& field : required->second)
        if (!field.is_in(*message, has_time))
          throw Rejection{"missing_field",
                          "events of category \"" + required->first + "\" must have " + field.name()};
  }
  if (entry == nullptr) return;
  std::vector<Violation> violations = entry->schema.check(message->properties);
  if (violations.empty()) return;
  switch (entry->on_violation) {
    case OnViolation::Reject:
      throw Rejection{"schema", reason_of(violations)};
    case OnViolation::DropProperty:
      return drop_properties(message, source, entry->schema, std::move(violations), log);
    case OnViolation::Warn:
      for (const Violation& violation : violations) log->add(*message, source, violation, false);
  }
}

}  // namespace cdp::event
