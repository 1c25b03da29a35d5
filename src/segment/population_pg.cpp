#include "base/interrupt.hpp"
#include "pg/memory.hpp"
#include "pg/ordered_scan.hpp"
#include "pg/spi.hpp"
#include "pg/time_zone.hpp"
#include "profile/columns.hpp"
#include "segment/call_values_pg.hpp"
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
  Profiles(const pg::Spi& spi, const Needs& needs, const timeline::Selection& selection)
      : profiles_("cdp", "profile", "profile_pkey", spi.sees(), last_column(needs) + 1), needs_(needs) {
    if (selection.users != nullptr) profiles_.set_filter(bitmap::Bitmap::has_user, selection.users);
    profiles_.seek(selection.first_user, selection.last_user);
    next();
  }

  bool at_end() const { return !profile_; }
  int64_t user_no() const { return profile_->bigint(profile::kProfileUser); }

  /// The state of the present profile, valid until next().
  rule::UserState state(const timeline::History* history) {
    const pg::InContext in_arena(arena_.context());
    rule::UserState state;
    state.history = history;
    state.user_no = user_no();
    state.time_zones = &pg::time_zones();
    if (!profile_->is_null(profile::kProfileUserId)) state.user_id = profile_->text(profile::kProfileUserId);
    if (needs_.traits) state.traits = &(traits_ = profile_->json(profile::kProfileTraits));
    if (needs_.trait_times) state.trait_times = &(trait_times_ = profile_->json(profile::kProfileTraitTimes));
    return state;
  }

  void next() {
    constexpr uint64_t kRowsInArena = 256;
    if (++count_ % kRowsInArena == 0) arena_.reset();
    profile_ = profiles_.next();
  }

 private:
  static int last_column(const Needs& needs) {
    return needs.trait_times ? profile::kProfileTraitTimes
           : needs.traits    ? profile::kProfileTraits
                             : profile::kProfileUserId;
  }

  pg::OrderedScan profiles_;
  std::optional<pg::StoredRow> profile_;
  uint64_t count_ = 0;
  Needs needs_;
  Json traits_;
  Json trait_times_;
  pg::Arena arena_{"cdp profiles"};
};

/// Session starts of one user after the other, in ascending order of user_no.
class SessionPass {
 public:
  SessionPass(const pg::Spi& spi, const timeline::Selection& selection)
      : spans_("cdp", "session_span", "session_span_pkey", spi.sees(), kSpanStart + 1) {
    spans_.seek(selection.first_user, selection.last_user);
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

/// What functions are asked of.
class NeededCalls {
 public:
  NeededCalls(pg::Spi& spi, const Needs& needs) : asked_(needs.asked) {
    if (needs.calls && asked_ == nullptr) stored_.emplace(spi);
  }
  rule::Calls* get() { return stored_ ? &*stored_ : asked_; }

 private:
  rule::Calls* asked_;
  std::optional<StoredCalls> stored_;
};

}  // namespace

void for_each_user(pg::Spi& spi, const timeline::Demand& demand, const Needs& needs,
                   const timeline::Selection& selection,
                   const std::function<void(const rule::UserState&)>& callback) {
  Profiles profiles(spi, needs, selection);
  std::optional<SessionPass> sessions;
  if (needs.sessions) sessions.emplace(spi, selection);
  NeededCalls calls(spi, needs);
  const auto take = [&](const timeline::History& history) {
    rule::UserState state = profiles.state(&history);
    if (sessions) state.session_starts = sessions->of(state.user_no);
    state.calls = calls.get();
    callback(state);
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
  NeededCalls calls(spi, needs);
  const timeline::History nothing(demand.properties().size());
  bool is_called = false;
  const auto call = [&](const timeline::History& history) {
    is_called = true;
    callback({&traits, &history, user_no, user_id, sessions, &pg::time_zones(), &trait_times, calls.get()});
  };
  // Numbers are shown as they were written.
  timeline::read_histories(spi, demand, std::vector<int64_t>{user_no}, timeline::Numbers::AsWritten,
                           [&](int64_t, const timeline::History& history) { call(history); });
  if (!is_called) call(nothing);
}

}  // namespace cdp::segment
