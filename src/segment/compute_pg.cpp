/// Members from scratch: by rules over everyone, or as a list has them.

#include "pg/spi.hpp"
#include "segment/chunks.hpp"
#include "segment/members.hpp"
#include "segment/membership.hpp"
#include "segment/population.hpp"

#include <algorithm>

extern "C" {
#include <pgstat.h>
#include <tcop/tcopprot.h>
#include <utils/backend_status.h>
}

namespace cdp::segment {

namespace {

/// The outcome of evaluating one rule over everyone.
struct Computed {
  const Definition* segment;
  rule::BoundRule rule;
  bitmap::Bitmap members;
  bool is_known = false;  ///< `members` are, without a look at each user
};

bool is_writing = false;

/// While it lives, triggers of cdp.segment let pass what is written.
class Writing {
 public:
  Writing() { is_writing = true; }
  ~Writing() { is_writing = false; }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;
};

void write_dues(pg::Spi& spi, const std::vector<int64_t>& users, const std::vector<Instant>& due,
                Instant now) {
  if (users.empty()) return;
  static pg::Query upsert(
      "WITH d AS (SELECT * FROM unnest($1::bigint[], $2::timestamptz[]) AS d (user_no, due_at)),"
      " hints AS (INSERT INTO cdp.segment_due (due_at, user_no) SELECT d.due_at, d.user_no FROM d"
      "   LEFT JOIN cdp.membership AS m ON m.user_no = d.user_no WHERE d.due_at < coalesce(m.hint_due, "
      "'infinity'))"
      " INSERT INTO cdp.membership AS m (user_no, segments, evaluated_at, next_due, hint_due)"
      " SELECT d.user_no, '{}', $3, d.due_at, d.due_at FROM d"
      " ON CONFLICT (user_no) DO UPDATE SET next_due = least(m.next_due, excluded.next_due),"
      " hint_due = least(m.hint_due, excluded.hint_due)");
  (void)upsert(spi, users, due, now);
}

void write_memberships(pg::Spi& spi, const Definition& segment, Instant now, const bitmap::Bitmap& entered,
                       const bitmap::Bitmap& exited) {
  static pg::Query enter(
      "INSERT INTO cdp.membership AS m (user_no, segments, evaluated_at) SELECT user_no, ARRAY[$2::integer], "
      "$3"
      " FROM unnest($1::bigint[]) AS user_no"
      " ON CONFLICT (user_no) DO UPDATE SET segments = ARRAY(SELECT s FROM unnest(array_append(m.segments, "
      "$2)) AS s"
      " GROUP BY s ORDER BY s)");
  static pg::Query exit(
      "UPDATE cdp.membership SET segments = array_remove(segments, $2) WHERE user_no = ANY($1)");
  std::vector<Change> changes;
  std::vector<int64_t> numbers;
  const auto collect = [&](const bitmap::Bitmap& users, bool has_entered) {
    numbers.clear();
    users.for_each([&](uint32_t user) {
      numbers.push_back(user);
      changes.push_back({user, segment.number, &segment.name, has_entered, now, Reason::Rule});
    });
  };
  collect(entered, true);
  if (!numbers.empty()) (void)enter(spi, numbers, segment.number, now);
  collect(exited, false);
  if (!numbers.empty()) (void)exit(spi, numbers, segment.number);
  write_changes(spi, changes, now);
}

/// Tells in pg_stat_activity how far a computation is; at its end what was there before.
class Progress {
 public:
  Progress(pg::Spi& spi, const std::vector<Computed>& all) : what_("cdp: computing the members of segment ") {
    for (const Computed& computed : all)
      what_ += (&computed == &all.front() ? "" : ", ") + computed.segment->name;
    static pg::Query query("SELECT coalesce((SELECT last_user_no FROM cdp.user_counter), 0)");
    last_user_ = query(spi).bigint(0, 0);
    tell(0);
  }
  ~Progress() {
    pgstat_report_activity(STATE_RUNNING,
                           debug_query_string != nullptr ? debug_query_string : "taking messages");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void reached(int64_t user_no) {
    constexpr int64_t kStep = 10000;
    if (user_no < told_ + kStep) return;
    tell(user_no);
  }
  void end() { tell(last_user_); }

 private:
  void tell(int64_t user_no) {
    told_ = user_no;
    const std::string text =
        what_ + ": user " + std::to_string(user_no) + " of " + std::to_string(last_user_);
    pgstat_report_activity(STATE_RUNNING, text.c_str());
  }

  std::string what_;
  int64_t last_user_ = 0;
  int64_t told_ = 0;
};

/// The segment's row after its members were computed.
void finish(pg::Spi& spi, const Definition& segment, Instant now) {
  static pg::Query query(
      "UPDATE cdp.segment SET status = CASE status WHEN 'paused' THEN status ELSE 'ready' END,"
      " computed_at = $2 WHERE segment_no = $1");
  const Writing writing;
  (void)query(spi, segment.number, now);
}

/// Makes `members` the members of a segment; returns who entered or left.
bitmap::Bitmap write_members(pg::Spi& spi, const Definition& segment, const bitmap::Bitmap& members,
                             Instant now) {
  const bitmap::Bitmap before = members_of(spi, segment.number);
  bitmap::Bitmap entered = members;
  entered -= before;
  bitmap::Bitmap exited = before;
  exited -= members;
  write_memberships(spi, segment, now, entered, exited);
  replace_chunks(spi, segment.number, members);
  static pg::Query forget_growth("DELETE FROM cdp.segment_growth WHERE segment_no = $1");
  (void)forget_growth(spi, segment.number);
  static pg::Query set_size("UPDATE cdp.segment SET size = $2 WHERE segment_no = $1");
  (void)set_size(spi, segment.number, static_cast<int64_t>(members.cardinality()));
  entered |= exited;
  return entered;
}

/// What users look like now, as if everything might have changed for them.
std::vector<Touched> touched(pg::Spi& spi, const bitmap::Bitmap& users, Instant now) {
  static pg::Query query(
      "SELECT user_no, coalesce(user_id, ''), traits, trait_times FROM cdp.profile WHERE user_no = ANY($1)");
  std::vector<int64_t> numbers;
  users.for_each([&](uint32_t user) { numbers.push_back(user); });
  std::vector<Touched> result;
  const pg::Rows rows = query(spi, numbers);
  for (uint64_t i = 0; i < rows.size(); ++i)
    result.push_back({rows.bigint(i, 0),
                      rows.text(i, 1),
                      rows.json(i, 2),
                      rows.json(i, 3),
                      {{Occurrence::Kind::Everything, 0, now, now, Reason::Rule}}});
  return result;
}

/// Is a rule about nothing but profiles, so that no passing of time changes it?
bool is_about_profiles(const rule::BoundRule& rule) {
  return !rule.uses_all_events() && rule.events().empty() && !rule.is_time_dependent();
}

}  // namespace

bool is_writing_segment() { return is_writing; }

void compute(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers, Instant now) {
  timeline::Demand demand;
  std::vector<Computed> all;
  Needs needs;
  bool has_finished = false;
  for (const int32_t number : numbers) {
    const std::optional<int> index = catalog.index_of(number);
    if (!index) continue;
    const Definition& segment = catalog.definitions()[*index];
    if (segment.users) {
      has_finished = true;
      finish(spi, segment, now);
      continue;
    }
    all.push_back({&segment, rule::bind(segment.rule, demand, catalog.resolver()), {}});
    Computed& computed = all.back();
    computed.is_known = is_about_profiles(computed.rule);
    if (computed.is_known)
      computed.members = members_at(spi, computed.rule, demand, now);
    else
      needs.add(computed.rule);
  }
  if (all.empty()) {
    if (has_finished) Catalog::invalidate();
    return;
  }
  Progress progress(spi, all);
  std::vector<int64_t> due_users;
  std::vector<Instant> due;
  const auto evaluate = [&](const rule::UserState& state) {
    Instant valid_until = Instant::max();
    for (Computed& computed : all) {
      if (computed.is_known) continue;
      const rule::Verdict verdict = rule::evaluate(computed.rule, state, now);
      if (verdict.truth) computed.members.add(static_cast<uint32_t>(state.user_no));
      valid_until = std::min(valid_until, verdict.valid_until);
    }
    progress.reached(state.user_no);
    if (valid_until == Instant::max()) return;
    due_users.push_back(state.user_no);
    due.push_back(valid_until);
  };
  if (std::any_of(all.begin(), all.end(), [](const Computed& computed) { return !computed.is_known; }))
    for_each_user(spi, demand, needs, {}, evaluate);
  progress.end();
  for (const Computed& computed : all) {
    (void)write_members(spi, *computed.segment, computed.members, now);
    finish(spi, *computed.segment, now);
  }
  write_dues(spi, due_users, due, now);
  Catalog::invalidate();
}

bool compute_pending(pg::Spi& spi, Instant now) {
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> pending;
  for (const Definition& definition : catalog.definitions())
    if (definition.status == Status::Pending) pending.push_back(definition.number);
  if (pending.empty()) return false;
  compute(spi, catalog, catalog.with_dependents(pending), now);
  return true;
}

void replace_members(pg::Spi& spi, int32_t segment_no, const bitmap::Bitmap& users, Instant now) {
  // Beyond this many it costs less to look at everyone once.
  constexpr uint64_t kFewUsers = 10000;
  bitmap::Bitmap changed;
  {
    const Catalog& catalog = Catalog::current(spi);
    const Definition& segment = catalog.definitions()[catalog.index_of(segment_no).value()];
    changed = write_members(spi, segment, users, now);
    finish(spi, segment, now);
  }
  Catalog::invalidate();
  if (changed.is_empty()) return;
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> dependents = catalog.with_dependents({segment_no});
  std::erase_if(dependents, [&](int32_t number) {
    return catalog.definitions()[catalog.index_of(number).value()].users != nullptr;
  });
  if (dependents.empty()) return;
  if (changed.cardinality() > kFewUsers)
    compute(spi, catalog, dependents, now);
  else
    follow(spi, catalog, touched(spi, changed, now), {now, now});
}

}  // namespace cdp::segment
