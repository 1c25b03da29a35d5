#include "pg/server.hpp"

#include "pg/time_zone.hpp"

#include "pg/guard.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>

extern "C" {
#include <datatype/timestamp.h>
#include <pgtime.h>
}

namespace cdp::pg {

namespace {

constexpr int64_t kUnixEpoch = int64_t{POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE} * SECS_PER_DAY;

pg_time_t unix_seconds(Instant t) { return t.us / kSecond - (t.us % kSecond < 0 ? 1 : 0) + kUnixEpoch; }

ZoneOffset offset_at(const pg_tz* zone, Instant t) {
  struct Found {
    long offset;
    long offset_behind;
    pg_time_t boundary;
    int result;
  };
  const pg_time_t seconds = unix_seconds(t);
  const Found found = guard([&] {
    Found at{};
    int is_summer = 0;
    int is_summer_behind = 0;
    at.result = pg_next_dst_boundary(&seconds, &at.offset, &is_summer, &at.boundary, &at.offset_behind,
                                     &is_summer_behind, zone);
    return at;
  });
  if (found.result < 0) return {};
  ZoneOffset offset{found.offset * kSecond, Instant::max()};
  if (found.result > 0) offset.until = Instant{0} + (found.boundary - kUnixEpoch) * kSecond;
  return offset;
}

/// The server also takes rules as EST5EDT,M3.2.0,M11.1.0 for names; those are no zones by name.
bool may_be_rule(std::string_view name) {
  return name.find_first_of("0123456789+-,<") != std::string_view::npos;
}

bool is_listed(std::string_view name) {
  Spi spi(Spi::Mode::ReadOnly);
  static Query query(
      "SELECT EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE pg_catalog.lower(name) = "
      "pg_catalog.lower($1))");
  return query(spi, name).boolean(0, 0);
}

std::unique_ptr<TimeZone> load(const std::string& name) {
  if (name.empty() || name.size() > TZ_STRLEN_MAX || name.find('\0') != std::string::npos) return nullptr;
  const pg_tz* zone = guard([&] {
    pg_tz* found = pg_tzset(name.c_str());
    return found != nullptr && pg_tz_acceptable(found) ? found : nullptr;
  });
  if (zone == nullptr || (may_be_rule(name) && !is_listed(name))) return nullptr;
  return std::make_unique<TimeZone>([zone](Instant t) { return offset_at(zone, t); });
}

}  // namespace

const TimeZones& time_zones() {
  // Names come from people's traits: those that are none are not kept without end.
  constexpr size_t kMostNames = 4096;
  static std::unordered_map<std::string, std::unique_ptr<TimeZone>> zones;
  static size_t unknown = 0;
  static const TimeZones find = [](std::string_view name) -> const TimeZone* {
    std::string key(name);
    if (const auto known = zones.find(key); known != zones.end()) return known->second.get();
    std::unique_ptr<TimeZone> zone = load(key);
    if (zone == nullptr && ++unknown > kMostNames) {
      std::erase_if(zones, [](const auto& entry) { return entry.second == nullptr; });
      unknown = 1;
    }
    return zones.emplace(std::move(key), std::move(zone)).first->second.get();
  };
  return find;
}

}  // namespace cdp::pg
