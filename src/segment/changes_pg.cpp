#include "base/json.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/changes.hpp"
#include "segment/settings.hpp"

#include <algorithm>
#include <string>

extern "C" {
#include <commands/async.h>
}

namespace cdp::segment {

namespace {

/// How often old changes are looked for, and how many go at once.
constexpr Micros kForgetEvery = kMinute;
constexpr int64_t kForgottenAtOnce = 10000;

/// NOTIFY takes less than 8,000 bytes.
constexpr size_t kMostBytes = 7999;

int announcements = 0;  ///< that live

int64_t last_change(pg::Spi& spi) {
  static pg::Query query("SELECT coalesce(max(change_no), 0) FROM cdp.segment_change");
  return query(spi).bigint(0, 0);
}

/// The notice of the changes after one; empty if there are none.
std::string notice(pg::Spi& spi, int64_t last_before) {
  static pg::Query query(
      "SELECT segment, count(*) FILTER (WHERE change = 'entered'), count(*) FILTER (WHERE change = 'exited'),"
      " min(change_no), max(change_no) FROM cdp.segment_change WHERE change_no > $1 GROUP BY segment"
      " ORDER BY segment COLLATE \"C\"");
  const pg::Rows rows = query(spi, last_before);
  if (rows.empty()) return {};
  int64_t first = INT64_MAX;
  int64_t last = 0;
  int64_t changes = 0;
  std::string segments = "{";
  for (uint64_t i = 0; i < rows.size(); ++i) {
    if (i > 0) segments += ',';
    append_json_string(segments, rows.text(i, 0));
    segments += ":[" + std::to_string(rows.bigint(i, 1)) + "," + std::to_string(rows.bigint(i, 2)) + "]";
    changes += rows.bigint(i, 1) + rows.bigint(i, 2);
    first = std::min(first, rows.bigint(i, 3));
    last = std::max(last, rows.bigint(i, 4));
  }
  const std::string head = "{\"first\":" + std::to_string(first) + ",\"last\":" + std::to_string(last) +
                           ",\"changes\":" + std::to_string(changes) + ",\"segments\":";
  std::string whole = head + segments + "}}";
  return whole.size() <= kMostBytes ? whole : head + "null}";
}

}  // namespace

Announcement::Announcement(pg::Spi& spi) : spi_(spi), is_first_(announcements == 0) {
  if (is_first_ && notifies()) last_change_ = last_change(spi);
  ++announcements;
}

Announcement::~Announcement() { --announcements; }

void Announcement::send() {
  if (!is_first_ || !notifies()) return;
  const std::string text = notice(spi_, last_change_);
  if (!text.empty()) pg::guard([&] { Async_Notify("cdp_segment", text.c_str()); });
}

bool forget_changes(pg::Spi& spi, Instant now) {
  static Instant last = Instant::min();
  static bool were_many = false;
  if (change_retention() == 0) return false;
  if (!were_many && last.is_finite() && now >= last && now < last + kForgetEvery) return false;
  last = now;
  // Changes are numbered as they are recorded, so the old ones are the first.
  static pg::Query remove(
      "DELETE FROM cdp.segment_change WHERE change_no IN (SELECT f.change_no FROM"
      " (SELECT c.change_no, c.recorded_at FROM cdp.segment_change AS c ORDER BY c.change_no LIMIT $2) AS f"
      " WHERE f.recorded_at < $1)");
  static pg::Query record(
      "INSERT INTO cdp.segment_change_kept AS k (since) VALUES ($1)"
      " ON CONFLICT (is_single) DO UPDATE SET since = greatest(k.since, excluded.since)");
  const Instant since = now - change_retention();
  const uint64_t removed = remove(spi, since, kForgottenAtOnce).size();
  were_many = removed == static_cast<uint64_t>(kForgottenAtOnce);
  if (removed > 0) (void)record(spi, since);
  return removed > 0;
}

}  // namespace cdp::segment
