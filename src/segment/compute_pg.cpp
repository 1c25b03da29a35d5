/// Members from scratch: by rules over everyone, or as a list has them.

#include "pg/spi.hpp"
#include "segment/backfill.hpp"
#include "segment/chunks.hpp"
#include "segment/evaluation.hpp"
#include "segment/members.hpp"
#include "segment/membership.hpp"
#include "segment/outcome.hpp"
#include "segment/progress_pg.hpp"
#include "segment/writing_pg.hpp"

#include <algorithm>
#include <utility>

namespace cdp::segment {

namespace {

/// The segment's row after its members were computed.
void finish(pg::Spi& spi, const Definition& segment, Instant now) {
  static pg::Query query(
      "UPDATE cdp.segment SET status = CASE status WHEN 'paused' THEN status ELSE 'ready' END,"
      " computed_at = $2 WHERE segment_no = $1");
  const Writing writing;
  (void)query(spi, segment.segment_no, now);
}

/// Makes `members` the members of a segment but for their own rows; returns who entered or left.
Outcome write_members(pg::Spi& spi, const Definition& segment, const bitmap::Bitmap& members) {
  Outcome outcome = outcome_of(segment, members_of(spi, segment), members);
  replace_chunks(spi, segment.number, members);
  forget_growth(spi, segment.segment_no);
  static pg::Query set_size("UPDATE cdp.segment SET size = $2 WHERE segment_no = $1");
  (void)set_size(spi, segment.segment_no, static_cast<int64_t>(members.cardinality()));
  return outcome;
}

/// What users look like now, as if everything might have changed for them.
std::vector<Touched> touched(pg::Spi& spi, const bitmap::Bitmap& users, Instant now, Reason reason) {
  std::vector<int64_t> numbers;
  users.for_each([&](uint32_t user) { numbers.push_back(user); });
  std::vector<Touched> result = look_up(spi, numbers);
  for (Touched& user : result)
    user.occurrences.push_back({Occurrence::Kind::Everything, 0, now, now, reason});
  return result;
}

/// Is a rule about nothing but profiles, so that no passing of time changes it?
bool is_about_profiles(const rule::BoundRule& rule) {
  return !rule.uses_all_events() && rule.events().empty() && !rule.is_time_dependent();
}

}  // namespace

void compute(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers, Instant now,
             Reason reason) {
  std::vector<const Definition*> computed;
  std::vector<bitmap::Bitmap> members;
  std::vector<const Definition*> asked;  // those of computed of which indexes do not know the members
  bool has_finished = false;
  for (const int32_t number : numbers) {
    const std::optional<int> index = catalog.index_of(number);
    if (!index) continue;
    const Definition& segment = catalog.definitions()[*index];
    if (segment.is_gathered_anew) continue;
    if (segment.users) {
      has_finished = true;
      finish(spi, segment, now);
      continue;
    }
    timeline::Demand demand;
    const rule::BoundRule rule = catalog.bind(segment.rule, demand);
    computed.push_back(&segment);
    members.emplace_back();
    if (is_about_profiles(rule))
      members.back() = members_at(spi, rule, demand, now);
    else
      asked.push_back(&segment);
  }
  if (computed.empty()) {
    if (has_finished) Catalog::invalidate();
    return;
  }
  const int64_t last = last_user(spi);
  Progress progress(computed, last);
  Evaluated evaluated =
      evaluate_rules(catalog, asked, {0, last}, now, [&](int64_t user_no) { progress.reached(user_no); });
  progress.reached(last);
  std::vector<Outcome> outcomes;
  size_t answered = 0;
  for (size_t i = 0; i < computed.size(); ++i) {
    if (answered < asked.size() && computed[i] == asked[answered])
      members[i] = std::move(evaluated.members[answered++]);
    outcomes.push_back(write_members(spi, *computed[i], std::exchange(members[i], {})));
    finish(spi, *computed[i], now);
  }
  write_outcomes(outcomes, evaluated.dues, now, reason);
  Catalog::invalidate();
}

void look_again(pg::Spi& spi, const std::vector<int32_t>& numbers, const bitmap::Bitmap& users, Instant now,
                Reason reason) {
  // Beyond this many it costs less to look at everyone once.
  constexpr uint64_t kFewUsers = 10000;
  if (numbers.empty() || users.is_empty()) return;
  if (users.cardinality() <= kFewUsers) {
    follow(spi, Catalog::current(spi), touched(spi, users, now, reason), {now, now});
    (void)settle_sizes(spi);
    return;
  }
  std::vector<int32_t> present;
  {
    const Catalog& catalog = Catalog::current(spi);
    for (const int32_t number : numbers) {
      const Definition& definition = catalog.definitions()[catalog.index_of(number).value()];
      present.push_back(definition.is_next ? catalog.segment(definition.segment_no).number : number);
    }
  }
  std::sort(present.begin(), present.end());
  present.erase(std::unique(present.begin(), present.end()), present.end());
  restart_gathering(spi, present);
  compute(spi, Catalog::current(spi), present, now, reason);
}

void replace_members(pg::Spi& spi, int32_t segment_no, const bitmap::Bitmap& users, Instant now) {
  bitmap::Bitmap changed;
  {
    const Catalog& catalog = Catalog::current(spi);
    const Definition& segment = catalog.segment(segment_no);
    Outcome outcome = write_members(spi, segment, users);
    finish(spi, segment, now);
    write_outcomes({&outcome, 1}, {}, now, Reason::Rule);
    changed = std::move(outcome.entered);
    changed |= outcome.exited;
  }
  Catalog::invalidate();
  if (changed.is_empty()) return;
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> dependents = catalog.with_dependents({catalog.segment(segment_no).number});
  std::erase_if(dependents, [&](int32_t number) {
    const Definition& definition = catalog.definitions()[catalog.index_of(number).value()];
    return definition.users != nullptr && !definition.is_gathered_anew;
  });
  look_again(spi, dependents, changed, now, Reason::Rule);
}

}  // namespace cdp::segment
