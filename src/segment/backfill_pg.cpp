/// Members that are computed in the background, a few users at a time, while messages go on being taken.
///
/// They are stored as any others, under a number of their own (cdp.segment.next_no): of users up to
/// cdp.segment.next_users they are right and follow() keeps them so. With the last users the number becomes
/// that of the segment (members_no), which is when everyone sees the new members instead of the old ones.

#include "base/interrupt.hpp"
#include "pg/spi.hpp"
#include "pg/wake.hpp"
#include "segment/backfill.hpp"
#include "segment/chunks.hpp"
#include "segment/evaluation.hpp"
#include "segment/membership.hpp"
#include "segment/outcome.hpp"
#include "segment/progress_pg.hpp"
#include "segment/settings.hpp"
#include "segment/writing_pg.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <miscadmin.h>
}

namespace cdp::segment {

namespace {

/// So many changes a step records when segments are given their new members, and those of one segment.
constexpr uint64_t kMostChanges = 50000;

/// Is computing the members of so many segments more than a statement should wait for?
bool is_much(pg::Spi& spi, size_t segments) {
  const int64_t least = backfill_from();
  return least >= 0 && last_user(spi) * static_cast<int64_t>(segments) >= least;
}

/// Gives segments a number for their new members, of whom nothing is known yet.
void begin_gathering(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers) {
  std::vector<int32_t> segments;
  for (const int32_t number : numbers) {
    const Definition& definition = catalog.definitions()[catalog.index_of(number).value()];
    if (definition.kind == Kind::Rule && definition.status != Status::Paused)
      segments.push_back(definition.segment_no);
  }
  static pg::Query begin(
      "UPDATE cdp.segment SET status = 'pending', progress = 0, next_users = -1,"
      " next_no = nextval('cdp.segment_segment_no_seq') WHERE segment_no = ANY($1)");
  const Writing writing;
  (void)begin(spi, segments);
  remove_strays(spi);
  pg::wake_worker_at_commit();
  Catalog::invalidate();
}

/// Segments whose new members are known of equally many users: those of whom all are known, or else least.
struct Group {
  std::vector<int32_t> next_numbers;
  int64_t users = 0;      ///< up to whom they are known
  int64_t users_max = 0;  ///< where the next group is
};

std::optional<Group> next_group(pg::Spi& spi) {
  static pg::Query query(
      "SELECT next_no, next_users FROM cdp.segment WHERE next_no IS NOT NULL"
      " ORDER BY next_users = 9223372036854775807 DESC, next_users, next_no");
  const pg::Rows rows = query(spi);
  if (rows.empty()) return std::nullopt;
  Group group{{}, rows.bigint(0, 1), INT64_MAX};
  for (uint64_t i = 0; i < rows.size(); ++i) {
    const int64_t users = rows.bigint(i, 1);
    if (users == group.users)
      group.next_numbers.push_back(rows.integer(i, 0));
    else
      group.users_max = std::min(group.users_max, users);
  }
  return group;
}

const Definition& next_of(const Catalog& catalog, int32_t number) {
  return catalog.definitions()[catalog.index_of(number).value()];
}

/// Asks the rules of a group of its next users.
void ask_users(pg::Spi& spi, const Catalog& catalog, const Group& group, UserRange range, int64_t last,
               Instant now) {
  std::vector<const Definition*> definitions;
  for (const int32_t number : group.next_numbers) definitions.push_back(&next_of(catalog, number));
  Progress progress(definitions, last);
  progress.reached(range.first);
  Evaluated evaluated = evaluate_rules(catalog, definitions, range, now, [](int64_t) {});
  std::vector<Outcome> outcomes;
  for (size_t i = 0; i < definitions.size(); ++i) {
    check_interrupts();
    if (evaluated.members[i].is_empty()) continue;
    add_members(spi, definitions[i]->number, evaluated.members[i]);
    outcomes.push_back({definitions[i], std::move(evaluated.members[i]), {}});
  }
  write_outcomes(outcomes, evaluated.dues, now, Reason::Rule);
  // Whoever comes from now on is new to all rules.
  const bool is_end = range.last >= last;
  static pg::Query advance(
      "UPDATE cdp.segment SET next_users = $2, progress = $3 WHERE next_no = ANY($1::integer[])");
  (void)advance(spi, group.next_numbers, is_end ? INT64_MAX : range.last,
                is_end ? 1.0 : static_cast<double>(range.last) / static_cast<double>(last));
}

/// Makes the new members of a segment the present ones, if that is not more than `most` changes or `most` is
/// kMostChanges. Returns how many it was.
std::optional<uint64_t> give_members(pg::Spi& spi, const Catalog& catalog, const Definition& next,
                                     uint64_t most, Instant now) {
  static pg::Query swap(
      "UPDATE cdp.segment SET members_no = next_no, next_no = NULL, next_users = NULL, progress = NULL,"
      " size = $2, computed_at = $3, status = 'ready' WHERE segment_no = $1");
  const Definition& present = catalog.segment(next.segment_no);
  const bitmap::Bitmap after = members_of(spi, next);
  const Outcome outcome = outcome_of(present, members_of(spi, present), after);
  const uint64_t changes = outcome.entered.cardinality() + outcome.exited.cardinality();
  if (changes > most && most < kMostChanges) return std::nullopt;
  record_outcome(outcome, now, Reason::Rule);
  const Writing writing;
  forget_growth(spi, next.segment_no);
  (void)swap(spi, next.segment_no, static_cast<int64_t>(after.cardinality()), now);
  return changes;
}

/// Does the rule name a segment whose present members are still the old ones?
bool names_any(const Definition& definition, const std::vector<const Definition*>& others) {
  const std::vector<std::string> named = rule::segments_named(definition.rule);
  return std::any_of(others.begin(), others.end(), [&](const Definition* other) {
    return std::find(named.begin(), named.end(), other->name) != named.end();
  });
}

/// Makes the new members of some segments of a group the present ones: those first that others name, since
/// from then on rules that name them mean these members.
void give_members(pg::Spi& spi, const Catalog& catalog, const Group& group, Instant now) {
  std::vector<const Definition*> waiting;
  for (const int32_t number : group.next_numbers) waiting.push_back(&next_of(catalog, number));
  uint64_t most = kMostChanges;
  while (most > 0) {
    check_interrupts();
    const auto next = std::find_if(waiting.begin(), waiting.end(), [&](const Definition* definition) {
      return !names_any(*definition, waiting);
    });
    if (next == waiting.end()) break;
    const std::optional<uint64_t> changes = give_members(spi, catalog, **next, most, now);
    if (!changes) break;
    waiting.erase(next);
    most -= std::min(most, std::max<uint64_t>(*changes, 1));
  }
  remove_strays(spi);
  Catalog::invalidate();
}

}  // namespace

bool compute_pending(pg::Spi& spi, Instant now, Orphans orphans) {
  std::vector<int32_t> waiting;   // numbers of those that nothing is gathered for
  std::vector<int32_t> gathered;  // segments for which members are
  {
    const Catalog& catalog = Catalog::current(spi);
    for (const Definition& definition : catalog.definitions()) {
      if (definition.status != Status::Pending || definition.is_next) continue;
      definition.is_gathered_anew ? gathered.push_back(definition.segment_no)
                                  : waiting.push_back(definition.number);
    }
    if (waiting.empty() && gathered.empty()) return false;
    const bool is_worker_there = pg::find_worker(MyDatabaseId) != 0;
    if (is_worker_there && !waiting.empty() && is_much(spi, waiting.size())) {
      begin_gathering(spi, catalog, catalog.with_dependents(waiting));
      return true;
    }
    if (is_worker_there || orphans == Orphans::Leave) gathered.clear();
  }
  for (const int32_t segment_no : gathered) {
    stop_gathering(spi, segment_no);
    waiting.push_back(Catalog::current(spi).segment(segment_no).number);
  }
  if (waiting.empty()) return false;
  const std::vector<int32_t> numbers = Catalog::current(spi).with_dependents(waiting);
  restart_gathering(spi, numbers);
  compute(spi, Catalog::current(spi), numbers, now, Reason::Rule);
  return true;
}

Gathered gather_members(pg::Spi& spi, Instant now, int64_t most_users) {
  const Catalog& catalog = Catalog::current(spi);
  const std::optional<Group> group = next_group(spi);
  if (!group) return {};
  if (group->users == INT64_MAX) {
    give_members(spi, catalog, *group, now);
    return {0, is_gathering(spi)};
  }
  const int64_t last = last_user(spi);
  const UserRange range{group->users + 1,
                        std::min({last, group->users_max, group->users + std::max<int64_t>(most_users, 1)})};
  ask_users(spi, catalog, *group, range, last, now);
  return {range.last - range.first + 1, true};
}

bool is_gathering(pg::Spi& spi) { return Catalog::current(spi).is_gathering(); }

void restart_gathering(pg::Spi& spi, const std::vector<int32_t>& numbers) {
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> gathered = numbers;
  std::erase_if(gathered, [&](int32_t number) {
    return !catalog.definitions()[catalog.index_of(number).value()].is_gathered_anew;
  });
  if (!gathered.empty()) begin_gathering(spi, catalog, gathered);
}

void stop_gathering(pg::Spi& spi, int32_t segment_no) {
  static pg::Query stop(
      "UPDATE cdp.segment SET next_no = NULL, next_users = NULL, progress = NULL"
      " WHERE segment_no = $1 AND next_no IS NOT NULL");
  if (stop(spi, segment_no).size() == 0) return;
  remove_strays(spi);
  Catalog::invalidate();
}

}  // namespace cdp::segment
