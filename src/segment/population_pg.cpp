#include "base/interrupt.hpp"
#include "pg/memory.hpp"
#include "pg/ordered_scan.hpp"
#include "pg/spi.hpp"
#include "pg/time_zone.hpp"
#include "segment/population.hpp"
#include "segment/session_starts_pg.hpp"
#include "timeline/reader.hpp"

namespace cdp::segment {

namespace {

/// The columns of cdp.session_span.
enum SpanColumn : uint8_t { kSpanUser, kSpanStart };

/// One pass over cdp.profile in the order of user_no.
class Profiles {
 public:
  Profiles(pg::Spi& spi, const Needs& needs)
      : cursor_(spi, query_for(needs)), needs_(needs), arena_("cdp profiles") {
    fetch();
  }

  bool at_end() const { return rows_.empty(); }
  int64_t user_no() const { return rows_.bigint(row_, 0); }

  /// The state of the present profile, valid until next().
  rule::UserState state(const timeline::History* history) {
    pg::InContext in_arena(arena_.context());
    user_id_ = rows_.is_null(row_, 1) ? std::string() : rows_.text(row_, 1);
    if (needs_.traits) traits_ = rows_.json(row_, 2);
    if (needs_.trait_times) trait_times_ = rows_.json(row_, 3);
    rule::UserState state{needs_.traits ? &traits_ : nullptr, history, user_no(), user_id_};
    state.time_zones = &pg::time_zones();
    if (needs_.trait_times) state.trait_times = &trait_times_;
    return state;
  }

  void next() {
    if (++row_ == rows_.size()) fetch();
  }

 private:
  static pg::Query& query_for(const Needs& needs) {
    static pg::Query numbers("SELECT user_no, user_id FROM cdp.profile ORDER BY user_no");
    static pg::Query with_traits("SELECT user_no, user_id, traits FROM cdp.profile ORDER BY user_no");
    static pg::Query with_times(
        "SELECT user_no, user_id, traits, trait_times FROM cdp.profile ORDER BY user_no");
    return needs.trait_times ? with_times : needs.traits ? with_traits : numbers;
  }

  void fetch() {
    check_interrupts();
    arena_.reset();
    rows_ = cursor_.fetch(2000);
    row_ = 0;
  }

  pg::Cursor cursor_;
  pg::Rows rows_;
  uint64_t row_ = 0;
  Needs needs_;
  std::string user_id_;
  Json traits_;
  Json trait_times_;
  pg::Arena arena_;
};

/// Session starts of one user after the other, in ascending order of user_no.
class SessionPass {
 public:
  explicit SessionPass(const pg::Spi& spi)
      : spans_("cdp", "session_span", "session_span_pkey", spi.sees(), kSpanStart + 1) {
    spans_.seek(INT64_MIN, INT64_MAX);
    span_ = spans_.next();
  }

  std::span<const Instant> of(int64_t user_no) {
    starts_.clear();
    for (; span_ && span_->bigint(kSpanUser) <= user_no; span_ = spans_.next())
      if (span_->bigint(kSpanUser) == user_no) starts_.push_back(span_->instant(kSpanStart));
    return starts_;
  }

 private:
  pg::OrderedScan spans_;
  std::optional<pg::StoredRow> span_;
  std::vector<Instant> starts_;
};

}  // namespace

void for_each_user(pg::Spi& spi, const timeline::Demand& demand, const Needs& needs,
                   const timeline::Selection& selection,
                   const std::function<void(const rule::UserState&)>& callback) {
  Profiles profiles(spi, needs);
  std::optional<SessionPass> sessions;
  if (needs.sessions) sessions.emplace(spi);
  const auto take = [&](const timeline::History& history) {
    const int64_t user_no = profiles.user_no();
    if (selection.users == nullptr || selection.users->contains(static_cast<uint32_t>(user_no))) {
      rule::UserState state = profiles.state(&history);
      if (sessions) state.session_starts = sessions->of(user_no);
      callback(state);
    }
    profiles.next();
  };
  const timeline::History nothing(demand.properties().size());
  timeline::read_all_histories(spi, demand, selection,
                               [&](int64_t user_no, const timeline::History& history) {
                                 while (!profiles.at_end() && profiles.user_no() < user_no) take(nothing);
                                 if (!profiles.at_end() && profiles.user_no() == user_no) take(history);
                               });
  while (!profiles.at_end()) take(nothing);
}

SessionStarts::SessionStarts(const pg::Spi& spi)
    : spans_("cdp", "session_span", "session_span_pkey", spi.sees()) {}

std::vector<Instant> SessionStarts::of(int64_t user_no) {
  std::vector<Instant> starts;
  spans_.find([&](const pg::IndexLookup::Row& row) { starts.push_back(row.instant(kSpanStart)); }, user_no);
  return starts;
}

void with_user(pg::Spi& spi, const timeline::Demand& demand, int64_t user_no, const Needs& needs,
               const std::function<void(const rule::UserState&)>& callback) {
  static pg::Query find(
      "SELECT coalesce(user_id, ''), traits, trait_times FROM cdp.profile WHERE user_no = $1");
  const pg::Rows rows = find(spi, user_no);
  if (rows.empty()) return;
  const std::string user_id = rows.text(0, 0);
  const Json traits = rows.json(0, 1);
  const Json trait_times = rows.json(0, 2);
  std::vector<Instant> sessions;
  if (needs.sessions) sessions = SessionStarts(spi).of(user_no);
  const timeline::History nothing(demand.properties().size());
  bool is_called = false;
  const auto call = [&](const timeline::History& history) {
    is_called = true;
    callback({&traits, &history, user_no, user_id, sessions, &pg::time_zones(), &trait_times});
  };
  timeline::read_histories(spi, demand, std::vector<int64_t>{user_no},
                           [&](int64_t, const timeline::History& history) { call(history); });
  if (!is_called) call(nothing);
}

}  // namespace cdp::segment
