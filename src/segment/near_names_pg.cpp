#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "rule/build.hpp"
#include "segment/near_names.hpp"

#include <algorithm>
#include <string_view>

namespace cdp::segment {

namespace {

void tell(const std::string& problem, const std::string& hint) {
  pg::guard([&] { ereport(NOTICE, (errmsg("%s", problem.c_str()), errhint("%s", hint.c_str()))); });
}

std::string without_digits(std::string_view name) {
  std::string rest(name);
  std::erase_if(rest, [](char c) { return c >= '0' && c <= '9'; });
  return rest;
}

/// Of these names, those that are not among the known ones but near to one of them, told one by one.
void tell_near(const char* what, const std::vector<std::string>& names,
               const std::vector<std::string>& known) {
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string hint = hint_for(name, known);
    if (!hint.empty()) tell(std::string("no ") + what + " \"" + name + "\" is known", hint);
  }
}

std::vector<std::string> column(const pg::Rows& rows) {
  std::vector<std::string> texts;
  for (uint64_t i = 0; i < rows.size(); ++i) texts.push_back(rows.text(i, 0));
  return texts;
}

void add_once(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& name : more)
    if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
}

}  // namespace

std::string hint_for(const std::string& name, const std::vector<std::string>& known) {
  // Short names are near to many, and step_1 is no slip for step_2.
  constexpr size_t kShortest = 4;
  if (name.size() < kShortest) return {};
  std::vector<std::string_view> views;
  for (const std::string& other : known)
    if (without_digits(other) != without_digits(name)) views.emplace_back(other);
  const std::string_view near = rule::nearest(name, rule::Words(views));
  return near.empty() ? std::string() : "Did you mean \"" + std::string(near) + "\"?";
}

void tell_near_names(pg::Spi& spi, const std::vector<rule::Rule>& rules) {
  std::vector<std::string> events;
  std::vector<std::string> traits;
  for (const rule::Rule& rule : rules) {
    const rule::References mentioned = rule::references(rule);
    add_once(events, mentioned.events);
    add_once(traits, mentioned.traits);
  }
  if (!events.empty()) {
    static pg::Query names("SELECT name FROM cdp.event_name ORDER BY name LIMIT 10000");
    tell_near("event", events, column(names(spi)));
  }
  if (!traits.empty()) {
    static pg::Query names(
        "SELECT DISTINCT k FROM (SELECT traits FROM cdp.profile LIMIT 500) AS p, "
        "pg_catalog.jsonb_object_keys(traits)"
        " AS k ORDER BY k");
    tell_near("trait", traits, column(names(spi)));
  }
}

}  // namespace cdp::segment
