/// Sessions in the database.

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/boundary.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/guard.hpp"
#include "pg/index_lookup.hpp"
#include "pg/pages.hpp"
#include "pg/spi.hpp"
#include "pg/table_writer.hpp"
#include "session/boundaries.hpp"
#include "session/load.hpp"
#include "session/sessionizer.hpp"
#include "session/store.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

extern "C" {
#include <utils/guc.h>
}

namespace cdp::session {

namespace {

int timeout_seconds = 1800;

Micros timeout() { return timeout_seconds * kSecond; }

std::optional<std::string> text_of(const pg::IndexLookup::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return std::string(row.text(column));
}

std::optional<Instant> instant_of(const pg::IndexLookup::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.instant(column);
}

/// By the columns of cdp.session_span.
Session session_of(const pg::IndexLookup::Row& row) {
  Session session;
  session.started_at = row.instant(1);
  session.first_arrival = row.bigint(2);
  session.ended_at = row.instant(3);
  session.events = row.bigint(4);
  session.is_over = row.boolean(5);
  session.landing_event_no = row.integer(6);
  session.exit_event_no = row.integer(7);
  session.session_id = text_of(row, 8);
  session.landing_page = text_of(row, 9);
  session.landing_page_at = instant_of(row, 10);
  session.exit_page = text_of(row, 11);
  session.exit_page_at = instant_of(row, 12);
  session.referrer = text_of(row, 13);
  for (size_t i = 0; i < session.campaign.size(); ++i)
    session.campaign[i] = text_of(row, 14 + static_cast<int>(i));
  session.origin_at = instant_of(row, 19);
  return session;
}

/// A user's sessions and events. All objects of a batch share the look-ups.
class StoredUser : public Stored {
 public:
  /// What a batch looks up by.
  struct Tables {
    pg::Spi& spi;
    const Boundaries& boundaries;
    pg::IndexLookup sessions{"cdp", "session_span", "session_span_pkey"};
    std::optional<timeline::UserEvents> events{};
    std::unordered_map<int32_t, Boundary> by_number{};
  };

  /// What is over for good: nothing that is stored bears on the events that are taken in.
  enum class Past : uint8_t { Counts, IsOver };

  StoredUser(Tables& tables, int64_t user_no, Past past) : tables_(tables), user_no_(user_no), past_(past) {}

  std::optional<Session> last() override {
    if (past_ == Past::IsOver) return std::nullopt;
    return at_or_before({kLastInstant, INT64_MAX});
  }

  std::optional<Session> at_or_before(const Key& key) override {
    std::optional<Session> found;
    tables_.sessions.find_down(
        [&](const pg::IndexLookup::Row& row) {
          if (Key{row.instant(1), row.bigint(2)} > key) return true;
          found = take(row);
          return false;
        },
        user_no_, key.first);
    return found;
  }

  std::optional<Session> after(const Key& key) override {
    std::optional<Session> found;
    tables_.sessions.find_up(
        [&](const pg::IndexLookup::Row& row) {
          if (Key{row.instant(1), row.bigint(2)} <= key) return true;
          found = take(row);
          return false;
        },
        user_no_, key.first);
    return found;
  }

  void from(const Key& key, const std::function<bool(const Step&)>& f) override {
    // A scan of its own: `f` may look at further events.
    timeline::UserEvents events(tables_.spi);
    events.up(user_no_, key.first,
              [&](const timeline::StoredEvent& event) { return event.key() < key || f(step_of(event)); });
  }

  std::optional<Step> before(const Key& key) override {
    if (!tables_.events) tables_.events.emplace(tables_.spi);
    std::optional<Step> found;
    tables_.events->down(user_no_, key.first, [&](const timeline::StoredEvent& event) {
      if (event.key() >= key) return true;
      found = step_of(event);
      return false;
    });
    return found;
  }

  /// Where the row of a session lies that was given out.
  uint64_t place_of(const Session& session) const { return places_.at(key_of(session)); }

 private:
  Session take(const pg::IndexLookup::Row& row) {
    Session session = session_of(row);
    places_[key_of(session)] = row.place();
    return session;
  }

  Step step_of(const timeline::StoredEvent& event) {
    Step step;
    std::tie(step.time, step.arrival_no) = event.key();
    step.event_no = event.event_no();
    step.boundary = boundary_of(step.event_no);
    step.circumstances = read_circumstances(event.properties(), event.context());
    return step;
  }

  Boundary boundary_of(int32_t event_no) {
    const auto [known, is_new] = tables_.by_number.try_emplace(event_no, Boundary::None);
    if (is_new) {
      static pg::Query name_of("SELECT name FROM cdp.event_name WHERE event_no = $1");
      const pg::Rows rows = name_of(tables_.spi, event_no);
      if (!rows.empty()) known->second = tables_.boundaries.of(rows.text(0, 0));
    }
    return known->second;
  }

  Tables& tables_;
  int64_t user_no_;
  Past past_;
  std::map<Key, uint64_t> places_;
};

/// Writes what changed of the sessions of many users, at once.
class Writer {
 public:
  Writer(pg::Spi& spi, Instant now) : spi_(spi), now_(now) {}

  void add(int64_t user_no, const StoredUser& stored, const Sessionizer::Changes& changes) {
    for (const Session* session : changes.removed) {
      removed_users_.push_back(user_no);
      removed_starts_.push_back(session->started_at);
      removed_arrivals_.push_back(session->first_arrival);
    }
    for (const auto& [was, is] : changes.changed) {
      update(stored.place_of(*was), *is);
      if (is_open(*is) && !is_open(*was)) open_.emplace_back(user_no, key_of(*is));
    }
    for (const Session* session : changes.added) {
      insert(user_no, *session);
      if (is_open(*session)) open_.emplace_back(user_no, key_of(*session));
    }
  }

  void finish() {
    rows_.finish();
    remove();
    remember_open();
  }

 private:
  bool is_open(bool is_over, Instant ended_at) const { return !is_over && ended_at >= now_ - timeout(); }
  bool is_open(const Session& session) const { return is_open(session.is_over, session.ended_at); }

  void update(uint64_t place, const Session& is) {
    rows_.update(place, pg::Set{3, is.ended_at}, pg::Set{4, is.events}, pg::Set{5, is.is_over},
                 pg::Set{6, is.landing_event_no}, pg::Set{7, is.exit_event_no}, pg::Set{8, is.session_id},
                 pg::Set{9, is.landing_page}, pg::Set{10, is.landing_page_at}, pg::Set{11, is.exit_page},
                 pg::Set{12, is.exit_page_at}, pg::Set{13, is.referrer}, pg::Set{14, is.campaign[0]},
                 pg::Set{15, is.campaign[1]}, pg::Set{16, is.campaign[2]}, pg::Set{17, is.campaign[3]},
                 pg::Set{18, is.campaign[4]}, pg::Set{19, is.origin_at});
  }

  void remove() {
    if (removed_users_.empty()) return;
    static pg::Query query(
        "DELETE FROM cdp.session_span AS s USING unnest($1::bigint[], $2::timestamptz[], $3::bigint[])"
        " AS g (user_no, started_at, first_arrival) WHERE s.user_no = g.user_no AND s.started_at = "
        "g.started_at"
        " AND s.first_arrival = g.first_arrival");
    (void)query(spi_, removed_users_, removed_starts_, removed_arrivals_);
  }

  void insert(int64_t user_no, const Session& is) {
    rows_.add(user_no, is.started_at, is.first_arrival, is.ended_at, is.events, is.is_over,
              is.landing_event_no, is.exit_event_no, is.session_id, is.landing_page, is.landing_page_at,
              is.exit_page, is.exit_page_at, is.referrer, is.campaign[0], is.campaign[1], is.campaign[2],
              is.campaign[3], is.campaign[4], is.origin_at);
  }

  /// Adds to cdp.open_session, and once in a while takes away what is over on a few of its pages: in
  /// proportion to what is added, so that in the long run little of the table is outdated.
  void remember_open() {
    if (open_.empty()) return;
    pg::BulkInsert rows("cdp", "open_session");
    for (const auto& [user_no, key] : open_) rows.add(user_no, key.first, key.second);
    rows.finish();
    constexpr int64_t kRowsOnPage = 150;
    static int64_t added = 0;  // by this backend since it swept
    added += static_cast<int64_t>(open_.size());
    if (added < kRowsOnPage) return;
    const int64_t pages = 4 * std::exchange(added, 0) / kRowsOnPage;
    // Who began only just is mostly still there.
    static pg::Query look(
        "SELECT ctid::text, user_no, started_at, first_arrival FROM cdp.open_session"
        " WHERE ctid >= $1::tid AND ctid < $2::tid AND started_at < $3");
    std::vector<std::string> over;
    {
      const pg::PageRange range = pg::random_pages(spi_, "cdp.open_session", pages);
      const pg::Rows found = look(spi_, range.first, range.behind, now_ - timeout());
      pg::IndexLookup sessions("cdp", "session_span", "session_span_pkey");
      for (uint64_t i = 0; i < found.size(); ++i) {
        bool is_open_now = false;
        sessions.find(
            [&](const pg::IndexLookup::Row& row) { is_open_now = is_open(row.boolean(5), row.instant(3)); },
            found.bigint(i, 1), found.instant(i, 2), found.bigint(i, 3));
        if (!is_open_now) over.push_back(found.text(i, 0));
      }
    }
    if (over.empty()) return;
    static pg::Query sweep("DELETE FROM cdp.open_session WHERE ctid = ANY($1::tid[])");
    (void)sweep(spi_, over);
  }

  pg::Spi& spi_;
  Instant now_;
  pg::TableWriter rows_{"cdp", "session_span"};
  std::vector<int64_t> removed_users_;
  std::vector<Instant> removed_starts_;
  std::vector<int64_t> removed_arrivals_;
  std::vector<std::pair<int64_t, Key>> open_;
};

/// Only by its id can an event go on with a session that ended longer ago than the timeout.
StoredUser::Past past_of(const Step& first, Instant last_seen) {
  const bool is_over = !first.circumstances.session_id && last_seen < first.time - timeout();
  return is_over ? StoredUser::Past::IsOver : StoredUser::Past::Counts;
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

void add_events(pg::Spi& spi, std::span<const event::Event> events,
                std::span<Circumstances* const> circumstances, const LastSeen& last_seen, Instant now) {
  if (events.empty()) return;
  const Boundaries& boundaries = Boundaries::current();
  std::vector<const event::Event*> ordered;
  ordered.reserve(events.size());
  for (const event::Event& event : events) ordered.push_back(&event);
  std::sort(ordered.begin(), ordered.end(), [](const event::Event* a, const event::Event* b) {
    return std::tie(a->user_no, a->time, a->arrival_no) < std::tie(b->user_no, b->time, b->arrival_no);
  });
  StoredUser::Tables tables{spi, boundaries};
  Writer writer(spi, now);
  std::vector<Step> steps;
  for (size_t i = 0; i < ordered.size(); ++i) {
    const event::Event& event = *ordered[i];
    steps.push_back({event.time, event.arrival_no, event.event_no, boundaries.of(event.name),
                     std::move(*circumstances[static_cast<size_t>(&event - events.data())])});
    if (i + 1 < ordered.size() && ordered[i + 1]->user_no == event.user_no) continue;
    check_interrupts();
    StoredUser stored(tables, event.user_no, past_of(steps.front(), last_seen(event.user_no)));
    Sessionizer sessionizer(stored, timeout());
    sessionizer.add(steps);
    writer.add(event.user_no, stored, sessionizer.changes());
    steps.clear();
  }
  writer.finish();
}

void merge_users(pg::Spi& spi, const std::vector<int64_t>& losers, int64_t winner, Instant now) {
  static pg::Query remove(
      "DELETE FROM cdp.session_span WHERE user_no = ANY($1) RETURNING started_at, ended_at");
  std::vector<std::pair<Instant, Instant>> spans;
  {
    const pg::Rows rows = remove(spi, losers);
    for (uint64_t i = 0; i < rows.size(); ++i) spans.emplace_back(rows.instant(i, 0), rows.instant(i, 1));
  }
  std::sort(spans.begin(), spans.end());
  StoredUser::Tables tables{spi, Boundaries::current()};
  Writer writer(spi, now);
  StoredUser stored(tables, winner, StoredUser::Past::Counts);
  Sessionizer sessionizer(stored, timeout());
  for (const auto& [from, until] : spans) sessionizer.redo(from, until);
  writer.add(winner, stored, sessionizer.changes());
  writer.finish();
}

void forget_user(pg::Spi& spi, const std::vector<int64_t>& numbers) {
  static pg::Query remove_sessions("DELETE FROM cdp.session_span WHERE user_no = ANY($1)");
  static pg::Query remove_open("DELETE FROM cdp.open_session WHERE user_no = ANY($1)");
  (void)remove_sessions(spi, numbers);
  (void)remove_open(spi, numbers);
}

timeline::SessionStarts session_starts() {
  auto sessions = std::make_shared<pg::IndexLookup>("cdp", "session_span", "session_span_pkey");
  return [sessions](int64_t user_no, Instant from, Instant until) {
    std::vector<timeline::EventKey> starts;
    sessions->find_up(
        [&](const pg::IndexLookup::Row& row) {
          if (row.instant(1) > until) return false;
          starts.emplace_back(row.instant(1), row.bigint(2));
          return true;
        },
        user_no, from);
    return starts;
  };
}

}  // namespace cdp::session

CDP_FUNCTION(cdp_session_timeout) {
  using namespace cdp;  // NOLINT(google-build-using-namespace)
  return pg::guard([] {
    auto* interval = static_cast<Interval*>(palloc0(sizeof(Interval)));
    interval->time = session::timeout();
    return IntervalPGetDatum(interval);
  });
}
