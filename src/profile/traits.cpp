#include "profile/traits.hpp"

#include <optional>

namespace cdp::profile {

namespace {

std::optional<Instant> time_of(const Json& times, const std::string& name) {
  const Json* time = times.find(name);
  if (time == nullptr || time->number() == nullptr) return std::nullopt;
  const std::optional<int64_t> us = time->number()->to_int64();
  return us ? std::optional(Instant{*us}) : std::nullopt;
}

bool set_trait(Json& traits, Json& times, const std::string& name, const Json& value, Instant time,
               std::vector<std::string>& changed) {
  const std::optional<Instant> known = time_of(times, name);
  if (known && time < *known) return false;
  times.set(name, Json(time.us));
  const Json* before = traits.find(name);
  if (before == nullptr ? value.is_null() : *before == value) return true;
  changed.push_back(name);
  if (value.is_null()) {
    traits.erase(name);
  } else {
    traits.set(name, value);
  }
  return true;
}

}  // namespace

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
    const Json* value = other_traits.find(member.name);
    const std::optional<Instant> theirs = time_of(other_times, member.name);
    const std::optional<Instant> ours = time_of(times, member.name);
    if (!theirs || (ours && *ours >= *theirs)) continue;
    set_trait(traits, times, member.name, value != nullptr ? *value : Json(), *theirs, changed);
  }
}

}  // namespace cdp::profile
