#include "profile/traits.hpp"

#include <algorithm>

namespace cdp::profile {

namespace {

std::optional<Instant> instant_of(const Json& number) {
  if (number.number() == nullptr) return std::nullopt;
  const std::optional<int64_t> us = number.number()->to_int64();
  return us ? std::optional(Instant{*us}) : std::nullopt;
}

/// One of the two times of a trait: when it was set last, or since when it has been so.
std::optional<Instant> time_of(const Json& times, const std::string& name, bool since) {
  const Json* time = times.find(name);
  if (time == nullptr) return std::nullopt;
  const Json::Array* both = time->array();
  if (both == nullptr) return instant_of(*time);
  return both->size() == 2 ? instant_of((*both)[since ? 1 : 0]) : std::nullopt;
}

std::optional<Instant> last_set(const Json& times, const std::string& name) {
  return time_of(times, name, false);
}

void set_times(Json& times, const std::string& name, Instant set, Instant since) {
  times.set(name, since < set ? Json(Json::Array{Json(set.us), Json(since.us)}) : Json(set.us));
}

/// Is the trait (null: removed, by a message) what `value` would make it?
bool is_same(const Json& traits, const Json& times, const std::string& name, const Json& value) {
  const Json* present = traits.find(name);
  return last_set(times, name) && (present != nullptr ? *present == value : value.is_null());
}

void set_value(Json& traits, const std::string& name, const Json& value, std::vector<std::string>& changed) {
  const Json* before = traits.find(name);
  if (before == nullptr ? value.is_null() : *before == value) return;
  changed.push_back(name);
  if (value.is_null())
    traits.erase(name);
  else
    traits.set(name, value);
}

bool set_trait(Json& traits, Json& times, const std::string& name, const Json& value, Instant time,
               std::vector<std::string>& changed) {
  const std::optional<Instant> known = last_set(times, name);
  if (known && time < *known) return false;
  const Instant since = is_same(traits, times, name, value) ? held_since(times, name).value_or(time) : time;
  set_times(times, name, time, since);
  set_value(traits, name, value, changed);
  return true;
}

}  // namespace

std::optional<Instant> held_since(const Json& times, const std::string& name) {
  return time_of(times, name, true);
}

bool set_traits(Json& traits, Json& times, const Json& update, Instant time,
                std::vector<std::string>& changed) {
  bool has_changed = false;
  for (const Json::Member& member : *update.object())
    has_changed |= set_trait(traits, times, member.name, member.value, time, changed);
  return has_changed;
}

void merge_traits(Json& traits, Json& times, const Json& other_traits, const Json& other_times,
                  std::vector<std::string>& changed) {
  for (const Json::Member& member : *other_times.object()) {
    const std::string& name = member.name;
    const Json* found = other_traits.find(name);
    const Json value = found != nullptr ? *found : Json();
    const std::optional<Instant> theirs = last_set(other_times, name);
    const std::optional<Instant> since = held_since(other_times, name);
    if (!theirs || !since) continue;
    const std::optional<Instant> ours = last_set(times, name);
    if (is_same(traits, times, name, value)) {
      set_times(times, name, std::max(*ours, *theirs),
                std::min(held_since(times, name).value_or(*since), *since));
    } else if (!ours || *ours < *theirs) {
      set_times(times, name, *theirs, *since);
      set_value(traits, name, value, changed);
    }
  }
}

}  // namespace cdp::profile
