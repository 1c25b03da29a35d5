#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/clock.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "segment/list.hpp"
#include "segment/membership.hpp"
#include "segment/run_as_pg.hpp"

#include <algorithm>

namespace cdp::segment {

namespace {

void refuse_old_list() { refuse_old_snapshot("members cannot be listed", "Do"); }

constexpr size_t kAtOnce = 10000;

/// Some of the ids or numbers that were asked for are nobody's.
struct Found {
  bitmap::Bitmap users;
  uint64_t unknown = 0;
};

/// Calls `look_up` with pieces of a list.
template <class T, class F>
void in_pieces(const std::vector<T>& list, F&& look_up) {
  for (size_t begin = 0; begin < list.size(); begin += kAtOnce) {
    check_interrupts();
    look_up(std::vector<T>(list.begin() + static_cast<ptrdiff_t>(begin),
                           list.begin() + static_cast<ptrdiff_t>(std::min(begin + kAtOnce, list.size()))));
  }
}

/// A user id, or else an anonymous id, as everywhere.
Found find_ids(pg::Spi& spi, const std::vector<std::optional<std::string>>& ids) {
  static pg::Query query(
      "SELECT (SELECT i.user_no FROM cdp.identity AS i WHERE i.value = u.id ORDER BY i.kind DESC LIMIT 1)"
      " FROM unnest($1::text[]) AS u (id)");
  Found found;
  in_pieces(ids, [&](const std::vector<std::optional<std::string>>& piece) {
    const pg::Rows rows = query(spi, piece);
    for (uint64_t i = 0; i < rows.size(); ++i) {
      if (rows.is_null(i, 0))
        ++found.unknown;
      else
        found.users.add(static_cast<uint32_t>(rows.bigint(i, 0)));
    }
  });
  return found;
}

Found find_numbers(pg::Spi& spi, const bitmap::Bitmap& users) {
  static pg::Query query("SELECT user_no FROM cdp.profile WHERE user_no = ANY($1)");
  Found found;
  std::vector<int64_t> numbers;
  users.for_each([&](uint32_t user) { numbers.push_back(user); });
  in_pieces(numbers, [&](const std::vector<int64_t>& piece) {
    const pg::Rows rows = query(spi, piece);
    for (uint64_t i = 0; i < rows.size(); ++i) found.users.add(static_cast<uint32_t>(rows.bigint(i, 0)));
  });
  found.unknown = users.cardinality() - found.users.cardinality();
  return found;
}

void tell_of_unknown(std::string_view segment, uint64_t unknown, uint64_t asked, const char* what) {
  if (unknown == 0) return;
  const std::string name(segment);
  pg::guard([&] {
    ereport(NOTICE,
            (errmsg("segment \"%s\": %llu of %llu %s not known and left out", name.c_str(),
                    static_cast<unsigned long long>(unknown), static_cast<unsigned long long>(asked), what)));
  });
}

/// The number of the segment of this name and kind, defined now if there is none. Requires the process lock.
int32_t segment_of(pg::Spi& spi, std::string_view name, Kind kind, Instant now) {
  if (const Definition* known = Catalog::current(spi).find(name)) {
    if (known->kind != kind)
      throw Error(
          Category::Duplicate,
          "segment \"" + std::string(name) + "\" exists and is no " + (kind == Kind::List ? "list" : "query"),
          {}, "Give another name, or delete that segment first.");
    return known->segment_no;
  }
  static pg::Query insert(
      "INSERT INTO cdp.segment (name, kind, status, computed_at) VALUES ($1, $2, 'ready', $3)"
      " RETURNING segment_no");
  return insert(spi, name, kind == Kind::List ? "list" : "query", now).integer(0, 0);
}

int64_t define_list(pg::Spi& spi, std::string_view name, const Found& found) {
  const Instant now = processing_now(spi);
  Announcement announcement(spi);
  replace_members(spi, segment_of(spi, name, Kind::List, now), found.users, now);
  announcement.send();
  return static_cast<int64_t>(found.users.cardinality());
}

/// A row of cdp.segment_query.
struct StoredQuery {
  int32_t segment_no = 0;
  std::string segment;
  std::string text;
  RunAs run_as;
};

StoredQuery stored_query(pg::Spi& spi, int32_t segment_no) {
  static pg::Query query(
      "SELECT s.name, q.query, q.run_as, q.search_path FROM cdp.segment AS s JOIN cdp.segment_query AS q"
      " USING (segment_no) WHERE s.segment_no = $1");
  const pg::Rows rows = query(spi, segment_no);
  if (rows.empty())
    throw Error(Category::State, "the segment has no query", {}, "cdp_segment_from_query() gives it one.");
  return {segment_no, rows.text(0, 0), rows.text(0, 1), {rows.text(0, 2), rows.text(0, 3)}};
}

/// The user ids that a query gives, as its role sees what is committed now.
std::vector<std::optional<std::string>> run(const StoredQuery& query) {
  const std::string what = "the query of segment \"" + query.segment + "\"";
  std::vector<std::optional<std::string>> ids;
  read_as(query.run_as, what, "cdp.segment_query", query.text, [&](const pg::Rows& rows) {
    if (rows.columns() != 1)
      throw Error(Category::BadValue,
                  what + " gives " + std::to_string(rows.columns()) + " columns instead of one", {},
                  "It should give user ids.");
    for (uint64_t i = 0; i < rows.size(); ++i) ids.push_back(rows.as_text(i, 0));
  });
  return ids;
}

int64_t replace_by(const StoredQuery& query, const std::vector<std::optional<std::string>>& ids) {
  pg::Spi spi;
  lock_processing();
  const Instant now = processing_now(spi);
  const Found found = find_ids(spi, ids);
  tell_of_unknown(query.segment, found.unknown, ids.size(), "user ids are");
  Announcement announcement(spi);
  replace_members(spi, query.segment_no, found.users, now);
  announcement.send();
  static pg::Query record(
      "UPDATE cdp.segment_query SET refreshed_at = $2, failed_at = NULL, error = NULL WHERE segment_no = $1");
  (void)record(spi, query.segment_no, now);
  return static_cast<int64_t>(found.users.cardinality());
}

void record_failure(const StoredQuery& query, const std::string& message, Instant now) {
  pg::Spi spi;
  static pg::Query record("UPDATE cdp.segment_query SET failed_at = $2, error = $3 WHERE segment_no = $1");
  (void)record(spi, query.segment_no, now, message);
  pg::guard([&] {
    ereport(WARNING,
            (errmsg("the query of segment \"%s\" failed: %s", query.segment.c_str(), message.c_str()),
             errdetail("The members stay as they were.")));
  });
}

}  // namespace

int64_t define_list(std::string_view name, const std::vector<std::optional<std::string>>& user_ids) {
  refuse_old_list();
  pg::Spi spi;
  lock_processing();
  const Found found = find_ids(spi, user_ids);
  tell_of_unknown(name, found.unknown, user_ids.size(), "user ids are");
  return define_list(spi, name, found);
}

int64_t define_list(std::string_view name, const bitmap::Bitmap& users) {
  refuse_old_list();
  pg::Spi spi;
  lock_processing();
  const Found found = find_numbers(spi, users);
  tell_of_unknown(name, found.unknown, users.cardinality(), "user numbers are");
  return define_list(spi, name, found);
}

int64_t define_query(std::string_view name, std::string_view query,
                     const std::optional<std::string>& refresh) {
  refuse_old_list();
  StoredQuery stored{0, std::string(name), std::string(query), current_run_as()};
  {
    pg::Spi spi(pg::Spi::Mode::ReadOnly);
    if (const Definition* known = Catalog::current(spi).find(name))
      (void)lock_run(RunKind::Query, known->segment_no, true);
  }
  // Before the lock: messages are taken meanwhile.
  const std::vector<std::optional<std::string>> ids = run(stored);
  pg::Spi spi;
  lock_processing();
  stored.segment_no = segment_of(spi, name, Kind::Query, processing_now(spi));
  static pg::Query upsert(
      "INSERT INTO cdp.segment_query (segment_no, query, refresh, run_as, search_path)"
      " VALUES ($1, $2, $3::interval, $4, $5) ON CONFLICT (segment_no) DO UPDATE SET query = excluded.query,"
      " refresh = excluded.refresh, run_as = excluded.run_as, search_path = excluded.search_path");
  (void)upsert(spi, stored.segment_no, query, refresh, stored.run_as.role, stored.run_as.search_path);
  return replace_by(stored, ids);
}

int64_t refresh_query(int32_t segment_no) {
  refuse_old_list();
  (void)lock_run(RunKind::Query, segment_no, true);
  const StoredQuery query = [&] {
    const pg::LatestSnapshot latest;
    pg::Spi spi(pg::Spi::Mode::ReadOnly);
    return stored_query(spi, segment_no);
  }();
  return replace_by(query, run(query));
}

std::optional<DueRun> due_query(pg::Spi& spi, Instant now) {
  static pg::Query query(
      "SELECT q.segment_no, due.at FROM cdp.segment_query AS q JOIN cdp.segment AS s USING (segment_no),"
      " LATERAL (SELECT coalesce(greatest(q.refreshed_at, q.failed_at) + q.refresh, '-infinity') AS at) AS "
      "due"
      " WHERE q.refresh IS NOT NULL AND s.kind = 'query' AND s.status <> 'paused' AND due.at <= $1"
      " ORDER BY due.at, q.segment_no LIMIT 1");
  const pg::Rows rows = query(spi, now);
  if (rows.empty()) return std::nullopt;
  return DueRun{rows.integer(0, 0), rows.instant(0, 1)};
}

bool refresh_query(int32_t segment_no, Instant now, Micros limit) {
  if (!lock_run(RunKind::Query, segment_no, false)) return false;
  const StoredQuery query = [&] {
    pg::Spi spi;
    return stored_query(spi, segment_no);
  }();
  std::vector<std::optional<std::string>> ids;
  if (const std::optional<std::string> failure = failure_of(limit, [&] { ids = run(query); }))
    record_failure(query, *failure, now);
  else
    (void)replace_by(query, ids);
  return true;
}

}  // namespace cdp::segment
