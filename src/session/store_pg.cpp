#include "base/interrupt.hpp"
#include "pg/guard.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"
#include "session/load.hpp"
#include "session/sessionize.hpp"
#include "session/store.hpp"

#include <algorithm>

extern "C" {
#include <utils/guc.h>
}

namespace cdp::session {

namespace {

int timeout_seconds = 1800;

using Spans = std::map<int64_t, std::vector<Span>>;

/// The spans that events between `earliest` and `latest` of a user can touch, ascending.
std::vector<Span> load_spans(pg::IndexLookup& known, int64_t user_no, Instant earliest, Instant latest) {
  std::vector<Span> spans;
  // Spans do not overlap: the first that ends too early is the last to be looked at.
  known.find_down(
      [&](const pg::IndexLookup::Row& row) {
        if (row.instant(2) < earliest) return false;
        spans.push_back({row.instant(1), row.instant(2), row.bigint(3)});
        return true;
      },
      user_no, latest);
  std::reverse(spans.begin(), spans.end());
  return spans;
}

void write_spans(pg::Spi& spi, const Spans& before, const Spans& after) {
  std::vector<int64_t> gone_users, users, events;
  std::vector<Instant> gone_starts, starts, ends;
  for (const auto& [user_no, spans] : before) {
    for (const Span& span : spans) {
      const auto& now = after.at(user_no);
      if (std::any_of(now.begin(), now.end(), [&](const Span& s) { return s.started_at == span.started_at; }))
        continue;
      gone_users.push_back(user_no);
      gone_starts.push_back(span.started_at);
    }
  }
  for (const auto& [user_no, spans] : after) {
    const auto old = before.find(user_no);
    for (const Span& span : spans) {
      if (old != before.end() && std::find(old->second.begin(), old->second.end(), span) != old->second.end())
        continue;
      users.push_back(user_no);
      starts.push_back(span.started_at);
      ends.push_back(span.ended_at);
      events.push_back(span.events);
    }
  }
  if (!gone_users.empty()) {
    static pg::Query remove(
        "DELETE FROM cdp.session_span AS s USING unnest($1::bigint[], $2::timestamptz[]) AS g (user_no, "
        "started_at)"
        " WHERE s.user_no = g.user_no AND s.started_at = g.started_at");
    (void)remove(spi, gone_users, gone_starts);
  }
  if (!users.empty()) {
    static pg::Query upsert(
        "INSERT INTO cdp.session_span (user_no, started_at, ended_at, events)"
        " SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[], $4::bigint[])"
        " ON CONFLICT (user_no, started_at) DO UPDATE SET ended_at = excluded.ended_at, events = "
        "excluded.events");
    (void)upsert(spi, users, starts, ends, events);
  }
}

}  // namespace

void load() {
  pg::guard([] {
    DefineCustomIntVariable("cdp.session_timeout",
                            "Inactivity after which a user's next event starts a new session.",
                            "Applies to events processed from then on.", &timeout_seconds, 1800, 1, 7 * 86400,
                            PGC_SUSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
  });
}

void add_events(pg::Spi& spi, std::map<int64_t, std::vector<Instant>> times_by_user) {
  if (times_by_user.empty()) return;
  const Micros timeout = timeout_seconds * kSecond;
  Spans before;
  Spans after;
  {
    pg::IndexLookup known("cdp", "session_span", "session_span_pkey");
    for (auto& [user_no, times] : times_by_user) {
      check_interrupts();
      std::sort(times.begin(), times.end());
      std::vector<Span> spans = load_spans(known, user_no, std::max(times.front() - timeout, kFirstInstant),
                                           std::min(times.back() + timeout, kLastInstant));
      after[user_no] = sessionize(spans, times, timeout);
      if (!spans.empty()) before[user_no] = std::move(spans);
    }
  }
  write_spans(spi, before, after);
}

void merge_users(pg::Spi& spi, int64_t loser, int64_t winner) {
  static pg::Query remove("DELETE FROM cdp.session_span WHERE user_no = $1");
  static pg::Query times_of("SELECT ts FROM cdp.recent_event WHERE user_no = ANY($1) ORDER BY ts");
  // Two people's sessions can interleave, so those of the survivor are made anew from all events.
  std::vector<Instant> times;
  {
    pg::Cursor cursor(spi, times_of, std::vector<int64_t>{loser, winner});
    for (pg::Rows rows = cursor.fetch(1000); !rows.empty(); rows = cursor.fetch(1000))
      for (uint64_t i = 0; i < rows.size(); ++i) times.push_back(rows.instant(i, 0));
  }
  (void)remove(spi, loser);
  (void)remove(spi, winner);
  if (!times.empty()) add_events(spi, {{winner, std::move(times)}});
}

}  // namespace cdp::session
