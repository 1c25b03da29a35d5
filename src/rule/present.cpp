#include "rule/present.hpp"

#include "profile/traits.hpp"
#include "rule/build.hpp"
#include "rule/compare.hpp"
#include "rule/plan.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace cdp::rule {

namespace {

constexpr Span kNever{Instant::max(), Instant::max()};
constexpr Span kAlways{Instant::min(), Instant::max()};

/// A date, or a time with its offset from UTC.
std::optional<Instant> time_of(const Json* value) {
  if (value == nullptr || value->string() == nullptr) return std::nullopt;
  constexpr size_t kDateLength = 10;
  const std::string_view text = *value->string();
  const bool is_date = text.size() == kDateLength;
  const bool has_offset =
      text.size() > kDateLength && (text.back() == 'Z' || text.back() == 'z' ||
                                    text.find_first_of("+-", kDateLength) != std::string_view::npos);
  return is_date || has_offset ? parse_instant(text) : std::nullopt;
}

/// When a test of a trait holds, as the trait is at present.
Span stretch_of(const Node& trait_test, const UserState& state) {
  const Json* value = value_at(path_of(trait_test), state);
  if (const auto* comparison = trait_test.as<Comparison>())
    return holds(comparison->test, value) ? kAlways : kNever;
  const std::optional<Instant> time = time_of(value);
  return time ? stretch_of(trait_test.as<TraitTime>()->window, *time) : kNever;
}

Span stretch_of(const Held& held, const UserState& state) {
  if (state.trait_times == nullptr) return kNever;
  const std::optional<Instant> since =
      profile::held_since(*state.trait_times, path_of(*held.test).names.front());
  if (!since) return kNever;
  const Span span = stretch_of(*held.test, state);
  return {std::max(span.begin, *since + held.length), span.end};
}

Verdict verdict_of(const Span& span, Instant now) {
  if (span.begin >= span.end || now >= span.end) return {false, Instant::max()};
  return now < span.begin ? Verdict{false, span.begin} : Verdict{true, span.end};
}

/// The values that a unit takes, in the order in which clocks show them.
std::vector<Json> values_of(LocalNow::Unit unit) {
  if (unit == LocalNow::Unit::Weekday)
    return {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  constexpr int kHours = 24;
  std::vector<Json> hours;
  hours.reserve(kHours);
  for (int hour = 0; hour < kHours; ++hour) hours.emplace_back(hour);
  return hours;
}

size_t index_at(LocalNow::Unit unit, LocalTime& local, Instant t) {
  return static_cast<size_t>(unit == LocalNow::Unit::Weekday ? weekday_of(local.day(t))
                                                             : local.time_of_day(t) / kHour);
}

Verdict evaluate_local_now(const LocalNow& condition, const TimeZone* zone, Instant now) {
  LocalTime local(zone);
  std::vector<char> truths;
  for (const Json& value : values_of(condition.unit)) truths.push_back(holds(condition.test, &value) ? 1 : 0);
  const char truth = truths[index_at(condition.unit, local, now)];
  const bool is_constant =
      std::all_of(truths.begin(), truths.end(), [&](char other) { return other == truth; });
  // From one instant at which clocks show another value to the next.
  const Micros length = condition.unit == LocalNow::Unit::Weekday ? kDay : kHour;
  for (Instant t = now; !is_constant;) {
    const ZoneOffset offset = local.offset(t);
    t = std::min(t + (length - local.time_of_day(t) % length), offset.until);
    if (!t.is_finite()) break;
    if (truths[index_at(condition.unit, local, t)] != truth) return {truth != 0, t};
  }
  return {truth != 0, Instant::max()};
}

}  // namespace

Verdict evaluate_present(const Node& node, const UserState& state, const TimeZone* zone, Instant now) {
  if (const auto* condition = node.as<LocalNow>()) return evaluate_local_now(*condition, zone, now);
  const auto* held = node.as<Held>();
  return verdict_of(held != nullptr ? stretch_of(*held, state) : stretch_of(node, state), now);
}

Json value_of_present(const Node& node, const UserState& state, const TimeZone* zone, Instant now) {
  if (const auto* condition = node.as<LocalNow>()) {
    LocalTime local(zone);
    return values_of(condition->unit)[index_at(condition->unit, local, now)];
  }
  const auto* held = node.as<Held>();
  const Json* value = value_at(path_of(held != nullptr ? *held->test : node), state);
  return value != nullptr ? *value : Json();
}

}  // namespace cdp::rule
