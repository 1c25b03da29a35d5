#include "base/interrupt.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "pg/time_zone.hpp"
#include "profile/edited_profiles.hpp"
#include "segment/call.hpp"
#include "segment/call_values_pg.hpp"
#include "segment/chunks.hpp"
#include "segment/hints.hpp"
#include "segment/membership.hpp"
#include "segment/membership_rows_pg.hpp"
#include "segment/number_list.hpp"
#include "segment/population.hpp"
#include "segment/session_starts_pg.hpp"
#include "timeline/reader.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cdp::segment {

namespace {

/// Up to which user each rule is evaluated yet; empty: all are for everyone.
std::vector<int64_t> reach_of(pg::Spi& spi, const Catalog& catalog) {
  std::vector<int64_t> reach;
  if (!catalog.is_gathering()) return reach;
  static pg::Query query("SELECT next_no, next_users FROM cdp.segment WHERE next_no IS NOT NULL");
  reach.resize(catalog.rules().size(), INT64_MAX);
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i)
    if (const std::optional<int> index = catalog.index_of(rows.integer(i, 0)))
      reach[static_cast<size_t>(*index)] = rows.bigint(i, 1);
  return reach;
}

/// Brings users up to date whose rows are loaded.
class Follower {
 public:
  Follower(pg::Spi& spi, const Catalog& catalog, MembershipRows& rows, Clock clock)
      : spi_(spi),
        catalog_(catalog),
        rules_(catalog.rules()),
        rows_(rows),
        clock_(clock),
        memory_(rules_, reach_of(spi, catalog)) {
    if (rules_.use_sessions()) sessions_.emplace(spi);
    if (rules_.use_calls()) calls_.emplace(spi);
  }

  void run(std::vector<Touched>& users) {
    for (Touched& user : users) {
      const MembershipRow& row = rows_.at(user.user_no);
      if (row.is_new) look_at_everything(user);
      pending_.emplace(user.user_no, Pending{&user, needed_of(user, row)});
    }
    read();
    read();  // of those for whom that was not enough, all events
    write_membership_rows(catalog_, rows_, clock_.now);
    write_changes(spi_, changes_, clock_.now);
  }

 private:
  using Events = std::vector<bool>;  ///< by number of the demand

  struct Pending {
    Touched* user;
    std::optional<Events> needed;  ///< nullopt: all events
    bool is_done = false;
  };

  /// Nobody knows yet what the rules say of a new user.
  void look_at_everything(Touched& user) const {
    Occurrence first{Occurrence::Kind::Everything, 0, clock_.now, clock_.now, Reason::Rule};
    if (!user.occurrences.empty()) {
      first = user.occurrences.front();
      first.kind = Occurrence::Kind::Everything;
    }
    user.occurrences.insert(user.occurrences.begin(), first);
  }

  /// The events that the rules ask for which what happened, or the time that passed, can change.
  std::optional<Events> needed_of(const Touched& user, const MembershipRow& row) const {
    const DueRules& dues = row.standing.dues;
    if (dues.horizon() <= clock_.until) return std::nullopt;
    Events needed(catalog_.demand().events().size());
    const auto add = [&needed](const std::vector<int>* events) {
      if (events == nullptr) return false;
      for (const int event : *events) needed[static_cast<size_t>(event)] = true;
      return true;
    };
    for (const Occurrence& occurrence : user.occurrences)
      if (occurrence.kind != Occurrence::Kind::Event || !add(rules_.events_beside(occurrence.event)))
        return std::nullopt;
    for (size_t i = 0; i < dues.rules().size() && dues.instants()[i] <= clock_.until; ++i)
      if (!add(rules_.events_of(dues.rules()[i]))) return std::nullopt;
    return needed;
  }

  /// Follows all who are not done, also those without events.
  void read() {
    std::vector<int64_t> numbers;
    for (const auto& [user_no, pending] : pending_)
      if (!pending.is_done) numbers.push_back(user_no);
    if (numbers.empty()) return;
    std::set<int64_t> called;
    timeline::read_histories(
        spi_, catalog_.demand(), numbers, timeline::Numbers::ByValue,
        [&](int64_t user_no, const timeline::History& history) {
          follow(pending_.at(user_no), history);
          called.insert(user_no);
        },
        [&](int64_t user_no) {
          const std::optional<Events>& needed = pending_.at(user_no).needed;
          return needed ? &*needed : nullptr;
        });
    const timeline::History nothing(catalog_.demand().properties().size());
    for (const int64_t user_no : numbers)
      if (!called.contains(user_no)) follow(pending_.at(user_no), nothing);
  }

  void follow(Pending& pending, const timeline::History& history) {
    Touched& user = *pending.user;
    MembershipRow& row = rows_.at(user.user_no);
    const std::vector<Instant> starts = sessions_ ? sessions_->of(user.user_no) : std::vector<Instant>();
    const rule::UserState state{
        &user.traits, &history,          user.user_no,      user.user_id,
        starts,       &pg::time_zones(), &user.trait_times, calls_ ? &*calls_ : nullptr};
    if (!pending.needed) {
      take(user, walk(rules_, state, user.occurrences, clock_.until, &row.standing, memory_));
      pending.is_done = true;
      return;
    }
    Standing standing = row.standing;
    if (const auto flips = walk_events(rules_, state, user.occurrences, clock_.until, &standing, memory_)) {
      row.standing = std::move(standing);
      take(user, *flips);
      pending.is_done = true;
    }
    pending.needed.reset();
  }

  void take(const Touched& user, const std::vector<Flip>& flips) {
    for (const Flip& flip : flips) {
      changes_.push_back({user.user_no, &catalog_.definitions()[flip.rule], flip.has_entered,
                          flip.effective_at, flip.reason});
    }
  }

  pg::Spi& spi_;
  const Catalog& catalog_;
  const RuleSet& rules_;
  MembershipRows& rows_;
  Clock clock_;
  std::optional<SessionStarts> sessions_;
  std::optional<StoredCalls> calls_;
  WalkMemory memory_;
  std::map<int64_t, Pending> pending_;
  std::vector<Change> changes_;
};

}  // namespace

namespace {

/// Can anything that happened to this user, or the time that passed, change a rule?
bool is_concerned(const RuleSet& rules, const Touched& user, const MembershipRow& row, Instant until) {
  if (row.is_new || row.standing.dues.next() <= until) return true;
  return std::any_of(user.occurrences.begin(), user.occurrences.end(), [&](const Occurrence& occurrence) {
    switch (occurrence.kind) {
      case Occurrence::Kind::Event:
        return !rules.changed_by_event(occurrence.event).empty();
      case Occurrence::Kind::Traits:
        return !rules.changed_by_traits().empty();
      case Occurrence::Kind::UserId:
        return !rules.changed_by_user_id().empty();
      case Occurrence::Kind::Everything:
        return true;
    }
    return true;
  });
}

}  // namespace

void follow(pg::Spi& spi, const Catalog& catalog, std::vector<Touched> users, Clock clock) {
  if (catalog.is_empty() || users.empty()) return;
  std::vector<int64_t> numbers;
  for (const Touched& user : users) numbers.push_back(user.user_no);
  MembershipRows rows = load_membership_rows(catalog, numbers);
  std::erase_if(users, [&](const Touched& user) {
    if (is_concerned(catalog.rules(), user, rows.at(user.user_no), clock.until)) return false;
    rows.erase(user.user_no);
    return true;
  });
  if (!users.empty()) Follower(spi, catalog, rows, clock).run(users);
}

std::vector<Touched> look_up(pg::Spi& spi, const std::vector<int64_t>& users) {
  static pg::Query query(
      "SELECT user_no, coalesce(user_id, ''), traits, trait_times FROM cdp.profile WHERE user_no = ANY($1)");
  std::vector<Touched> found;
  if (users.empty()) return found;
  const pg::Rows rows = query(spi, users);
  for (uint64_t i = 0; i < rows.size(); ++i)
    found.push_back({rows.bigint(i, 0), rows.text(i, 1), rows.json(i, 2), rows.json(i, 3), {}});
  return found;
}

int64_t follow_time(pg::Spi& spi, const Catalog& catalog, Clock clock, int64_t max_users) {
  const std::vector<int64_t> hinted = take_hints(spi, clock.until, max_users);
  if (hinted.empty()) return 0;
  MembershipRows rows = load_membership_rows(catalog, hinted);
  std::vector<Due> early;
  std::vector<int64_t> due;
  for (auto row = rows.begin(); row != rows.end();) {
    const Instant next_due = row->second.standing.dues.next();
    row->second.hinted = Instant::max();
    if (next_due <= clock.until) {
      due.push_back((row++)->first);
      continue;
    }
    if (next_due != Instant::max()) early.push_back({row->first, next_due});
    row = rows.erase(row);
  }
  write_hints(early, clock.now);
  std::vector<Touched> users = look_up(spi, due);
  if (!users.empty()) Follower(spi, catalog, rows, clock).run(users);
  return static_cast<int64_t>(hinted.size());
}

bool follow_edited(pg::Spi& spi, Clock clock) {
  using Kind = Occurrence::Kind;
  constexpr int64_t kAtOnce = 10000;
  const std::vector<profile::Edited> all = profile::take_edited(spi, kAtOnce);
  std::vector<Touched> touched;
  for (const profile::Edited& edited : all) {
    if (!edited.traits) continue;
    const Instant at = std::min(edited.at, clock.now);
    touched.push_back({edited.user_no,
                       edited.user_id,
                       *edited.traits,
                       edited.trait_times,
                       {{Kind::Traits, 0, at, at, Reason::Trait}, {Kind::UserId, 0, at, at, Reason::Trait}}});
  }
  follow(spi, Catalog::current(spi), std::move(touched), clock);
  return !all.empty();
}

std::optional<Instant> next_due(pg::Spi& spi) { return next_hint(spi); }

namespace {

/// What is told of a user who is removed from every segment.
struct Removed {
  std::vector<int32_t> segments;
  Instant evaluated_at;
};

std::optional<Removed> remove_membership(pg::Spi& spi, int64_t user_no) {
  // User by user, so that no plan reads the whole table.
  static pg::Query remove("DELETE FROM cdp.membership WHERE user_no = $1 RETURNING segments, evaluated_at");
  const pg::Rows rows = remove(spi, user_no);
  if (rows.empty()) return std::nullopt;
  return Removed{unpack_numbers(pg::bytes_of(rows.datum(0, 0))), rows.instant(0, 1)};
}

/// Is the segment one that rules know by its members?
bool is_set_of_users(const Catalog& catalog, int32_t number) {
  const std::optional<int> index = catalog.index_of(number);
  return index && catalog.definitions()[*index].users;
}

}  // namespace

void merge_users(pg::Spi& spi, const std::vector<Merged>& merges, Instant now) {
  if (merges.empty()) return;
  const Catalog& catalog = Catalog::current(spi);
  std::vector<Change> exits;
  std::vector<MemberEdit> edits;
  for (const Merged& merged : merges) {
    const std::optional<Removed> removed = remove_membership(spi, merged.loser);
    if (!removed) continue;
    const Instant at = std::max(effective_at(merged.at, merged.received_at), removed->evaluated_at);
    for (const int32_t number : removed->segments) {
      const std::optional<int> index = catalog.index_of(number);
      if (!index) continue;
      const Definition& segment = catalog.definitions()[*index];
      exits.push_back({merged.loser, &segment, false, at, Reason::Merge});
      if (segment.users) edits.push_back({number, merged.winner, true});
    }
  }
  write_changes(spi, exits, now);
  std::vector<int64_t> losers;
  for (const Merged& merged : merges) losers.push_back(merged.loser);
  remove_call_values(spi, losers);
  if (edits.empty()) return;
  edit_members(spi, catalog, edits, Sizes::Wait);
  Catalog::invalidate();
}

void forget_user(pg::Spi& spi, const std::vector<int64_t>& numbers) {
  std::vector<MemberEdit> edits;
  for (const int64_t user_no : numbers)
    if (const std::optional<Removed> removed = remove_membership(spi, user_no))
      for (const int32_t number : removed->segments) edits.push_back({number, user_no, false});
  // Who was merged into the person, or left, may stand in what is not in the chunks yet.
  static pg::Query waiting(
      "SELECT DISTINCT segment_no, user_no FROM cdp.segment_edit WHERE user_no = ANY($1)");
  {
    const pg::Rows rows = waiting(spi, numbers);
    for (uint64_t i = 0; i < rows.size(); ++i)
      edits.push_back({rows.integer(i, 0), rows.bigint(i, 1), false});
  }
  if (!edits.empty()) {
    const Catalog& catalog = Catalog::current(spi);
    const bool is_known_to_rules = std::any_of(edits.begin(), edits.end(), [&](const MemberEdit& edit) {
      return is_set_of_users(catalog, edit.number);
    });
    edit_members(spi, catalog, edits, Sizes::Follow);
    if (is_known_to_rules) Catalog::invalidate();
  }
  static pg::Query remove_changes("DELETE FROM cdp.segment_change WHERE user_no = $1");
  remove_hints(spi, numbers);
  remove_call_values(spi, numbers);
  for (const int64_t user_no : numbers) (void)remove_changes(spi, user_no);
}

}  // namespace cdp::segment
