/// Members from scratch: by rules over everyone, or as a list has them.

#include "pg/spi.hpp"
#include "rule/window.hpp"
#include "segment/chunks.hpp"
#include "segment/members.hpp"
#include "segment/membership.hpp"
#include "segment/outcome.hpp"
#include "segment/population.hpp"

#include <algorithm>
#include <utility>

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

/// Makes `members` the members of a segment but for their own rows; returns who entered or left.
Outcome write_members(pg::Spi& spi, const Definition& segment, const bitmap::Bitmap& members) {
  const bitmap::Bitmap before = members_of(spi, segment.number);
  Outcome outcome{&segment, members, before};
  outcome.entered -= before;
  outcome.exited -= members;
  replace_chunks(spi, segment.number, members);
  static pg::Query forget_growth("DELETE FROM cdp.segment_growth WHERE segment_no = $1");
  (void)forget_growth(spi, segment.number);
  static pg::Query set_size("UPDATE cdp.segment SET size = $2 WHERE segment_no = $1");
  (void)set_size(spi, segment.number, static_cast<int64_t>(members.cardinality()));
  return outcome;
}

/// What users look like now, as if everything might have changed for them.
std::vector<Touched> touched(pg::Spi& spi, const bitmap::Bitmap& users, Instant now, Reason reason) {
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
                      {{Occurrence::Kind::Everything, 0, now, now, reason}}});
  return result;
}

/// Is a rule about nothing but profiles, so that no passing of time changes it?
bool is_about_profiles(const rule::BoundRule& rule) {
  return !rule.uses_all_events() && rule.events().empty() && !rule.is_time_dependent();
}

/// How far before now events are looked at; nullopt for all of them.
std::optional<Micros> furthest_lookback(const std::vector<Computed>& all) {
  std::optional<Micros> furthest = 0;
  for (const Computed& computed : all) furthest = rule::further_back(furthest, computed.rule.lookback());
  return furthest;
}

}  // namespace

bool is_writing_segment() { return is_writing; }

void compute(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers, Instant now,
             Reason reason) {
  timeline::Demand demand;
  rule::ConditionNumbers numbers_of_conditions;
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
    all.push_back(
        {&segment, rule::bind(segment.rule, demand, catalog.resolver(), &numbers_of_conditions), {}});
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
  timeline::Selection selection;
  if (const std::optional<Micros> lookback = furthest_lookback(all)) selection.since = (now - *lookback) + 1;
  Progress progress(spi, all);
  std::vector<Due> dues;
  rule::KnownVerdicts known(numbers_of_conditions.size());
  const auto evaluate = [&](const rule::UserState& state) {
    known.forget();
    Instant valid_until = Instant::max();
    for (Computed& computed : all) {
      if (computed.is_known) continue;
      const rule::Verdict verdict = rule::evaluate(computed.rule, state, now, &known);
      if (verdict.truth) computed.members.add(static_cast<uint32_t>(state.user_no));
      valid_until = std::min(valid_until, verdict.valid_until);
    }
    progress.reached(state.user_no);
    if (valid_until != Instant::max()) dues.push_back({state.user_no, valid_until});
  };
  if (std::any_of(all.begin(), all.end(), [](const Computed& computed) { return !computed.is_known; }))
    for_each_user(spi, demand, needs, selection, evaluate);
  progress.end();
  std::vector<Outcome> outcomes;
  for (Computed& computed : all) {
    outcomes.push_back(write_members(spi, *computed.segment, std::exchange(computed.members, {})));
    finish(spi, *computed.segment, now);
  }
  write_outcomes(outcomes, dues, now, reason);
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

void look_again(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers,
                const bitmap::Bitmap& users, Instant now, Reason reason) {
  // Beyond this many it costs less to look at everyone once.
  constexpr uint64_t kFewUsers = 10000;
  if (numbers.empty() || users.is_empty()) return;
  if (users.cardinality() > kFewUsers)
    compute(spi, catalog, numbers, now, reason);
  else
    follow(spi, catalog, touched(spi, users, now, reason), {now, now});
}

void replace_members(pg::Spi& spi, int32_t segment_no, const bitmap::Bitmap& users, Instant now) {
  bitmap::Bitmap changed;
  {
    const Catalog& catalog = Catalog::current(spi);
    const Definition& segment = catalog.definitions()[catalog.index_of(segment_no).value()];
    Outcome outcome = write_members(spi, segment, users);
    finish(spi, segment, now);
    write_outcomes({&outcome, 1}, {}, now, Reason::Rule);
    changed = std::move(outcome.entered);
    changed |= outcome.exited;
  }
  Catalog::invalidate();
  if (changed.is_empty()) return;
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> dependents = catalog.with_dependents({segment_no});
  std::erase_if(dependents, [&](int32_t number) {
    return catalog.definitions()[catalog.index_of(number).value()].users != nullptr;
  });
  look_again(spi, catalog, dependents, changed, now, Reason::Rule);
}

}  // namespace cdp::segment
