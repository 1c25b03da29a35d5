#include "base/interrupt.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "pg/table_writer.hpp"
#include "pg/time_zone.hpp"
#include "segment/chunks.hpp"
#include "segment/membership.hpp"
#include "segment/population.hpp"
#include "segment/session_starts_pg.hpp"
#include "timeline/reader.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace cdp::segment {

namespace {

/// What a batch found and wrote of one user's row in cdp.membership.
struct Row {
  Standing standing;
  Instant hint_due = Instant::max();
  uint64_t place = 0;  ///< 0: there is none
  bool is_new = true;  ///< never evaluated
};

using RowMap = std::map<int64_t, Row>;

RowMap load_rows(const Catalog& catalog, const std::vector<int64_t>& users) {
  RowMap rows;
  for (const int64_t user_no : users) rows[user_no].standing.is_member.resize(catalog.rules().size());
  pg::IndexLookup stored("cdp", "membership", "membership_pkey");
  for (auto& [user_no, row] : rows)
    stored.find(
        [&catalog, &row = row](const pg::IndexLookup::Row& found) {
          for (const int32_t number : found.integers(1))
            if (const auto index = catalog.index_of(number)) row.standing.is_member[*index] = 1;
          row.standing.evaluated_at = found.instant(2);
          row.standing.next_due = found.instant(3);
          row.hint_due = found.instant(4);
          row.place = found.place();
          row.is_new = false;
        },
        user_no);
  return rows;
}

void write_hints(const std::vector<int64_t>& users, const std::vector<Instant>& due) {
  if (users.empty()) return;
  pg::BulkInsert rows("cdp", "segment_due");
  for (size_t i = 0; i < users.size(); ++i) rows.add(due[i], users[i]);
  rows.finish();
}

void write_rows(const Catalog& catalog, RowMap& rows) {
  std::vector<int64_t> hinted_users;
  std::vector<Instant> hinted_due;
  pg::TableWriter written("cdp", "membership");
  for (auto& [user_no, row] : rows) {
    const Standing& standing = row.standing;
    // A hint is needed only where none stands for that instant or an earlier one.
    if (standing.next_due < row.hint_due) {
      row.hint_due = standing.next_due;
      hinted_users.push_back(user_no);
      hinted_due.push_back(row.hint_due);
    }
    std::vector<int32_t> numbers;
    for (size_t i = 0; i < standing.is_member.size(); ++i)
      if (standing.is_member[i] != 0) numbers.push_back(catalog.definitions()[i].number);
    if (row.place == 0) {
      written.add(user_no, numbers, standing.evaluated_at, standing.next_due, row.hint_due);
    } else {
      written.update(row.place, pg::Set{1, numbers}, pg::Set{2, standing.evaluated_at},
                     pg::Set{3, standing.next_due}, pg::Set{4, row.hint_due});
    }
  }
  written.finish();
  write_hints(hinted_users, hinted_due);
}

void follow_rows(pg::Spi& spi, const Catalog& catalog, std::vector<Touched>& users, RowMap& rows,
                 Instant now) {
  std::map<int64_t, Touched*> by_number;
  std::vector<int64_t> numbers;
  for (Touched& user : users) {
    by_number.emplace(user.user_no, &user);
    numbers.push_back(user.user_no);
  }
  std::optional<SessionStarts> sessions;
  if (catalog.rules().use_sessions()) sessions.emplace(spi);
  std::vector<Change> changes;
  const auto follow_user = [&](Touched& user, const timeline::History& history) {
    Row& row = rows.at(user.user_no);
    if (row.is_new) {
      Occurrence first{Occurrence::Kind::Everything, 0, now, now, Reason::Rule};
      if (!user.occurrences.empty()) {
        first = user.occurrences.front();
        first.kind = Occurrence::Kind::Everything;
      }
      user.occurrences.insert(user.occurrences.begin(), first);
    }
    const std::vector<Instant> starts = sessions ? sessions->of(user.user_no) : std::vector<Instant>();
    const rule::UserState state{&user.traits, &history,          user.user_no,     user.user_id,
                                starts,       &pg::time_zones(), &user.trait_times};
    for (const Flip& flip : walk(catalog.rules(), state, user.occurrences, now, &row.standing)) {
      const Definition& segment = catalog.definitions()[flip.rule];
      changes.push_back(
          {user.user_no, segment.number, &segment.name, flip.has_entered, flip.effective_at, flip.reason});
    }
  };
  std::set<int64_t> followed;
  timeline::read_histories(spi, catalog.demand(), numbers,
                           [&](int64_t user_no, const timeline::History& history) {
                             follow_user(*by_number.at(user_no), history);
                             followed.insert(user_no);
                           });
  const timeline::History nothing(catalog.demand().properties().size());
  for (Touched& user : users)
    if (!followed.contains(user.user_no)) follow_user(user, nothing);
  write_rows(catalog, rows);
  write_changes(spi, changes, now);
}

}  // namespace

namespace {

/// Can anything that happened to this user, or the time that passed, change a rule?
bool is_concerned(const RuleSet& rules, const Touched& user, const Row& row, Instant now) {
  if (row.is_new || row.standing.next_due <= now) return true;
  return std::any_of(user.occurrences.begin(), user.occurrences.end(), [&](const Occurrence& occurrence) {
    switch (occurrence.kind) {
      case Occurrence::Kind::Event:
        return !rules.changed_by_event(occurrence.event).empty();
      case Occurrence::Kind::Traits:
        return !rules.changed_by_traits().empty();
      case Occurrence::Kind::Everything:
        return true;
    }
    return true;
  });
}

}  // namespace

void follow(pg::Spi& spi, const Catalog& catalog, std::vector<Touched> users, Instant now) {
  if (catalog.is_empty() || users.empty()) return;
  std::vector<int64_t> numbers;
  for (const Touched& user : users) numbers.push_back(user.user_no);
  RowMap rows = load_rows(catalog, numbers);
  std::erase_if(users, [&](const Touched& user) {
    if (is_concerned(catalog.rules(), user, rows.at(user.user_no), now)) return false;
    rows.erase(user.user_no);
    return true;
  });
  if (!users.empty()) follow_rows(spi, catalog, users, rows, now);
}

int64_t follow_time(pg::Spi& spi, const Catalog& catalog, Instant now, int64_t max_users) {
  static pg::Query pop(
      "WITH due AS (DELETE FROM cdp.segment_due WHERE ctid = ANY(ARRAY("
      "  SELECT ctid FROM cdp.segment_due WHERE due_at <= $1 ORDER BY due_at LIMIT $2)) RETURNING user_no)"
      " SELECT DISTINCT d.user_no, coalesce(p.user_id, ''), p.traits, p.trait_times"
      " FROM due AS d JOIN cdp.profile AS p ON p.user_no = d.user_no");
  std::vector<Touched> users;
  std::vector<int64_t> numbers;
  {
    const pg::Rows rows = pop(spi, now, max_users);
    for (uint64_t i = 0; i < rows.size(); ++i) {
      users.push_back({rows.bigint(i, 0), rows.text(i, 1), rows.json(i, 2), rows.json(i, 3), {}});
      numbers.push_back(users.back().user_no);
    }
  }
  if (users.empty()) return 0;
  RowMap rows = load_rows(catalog, numbers);
  for (auto& [user_no, row] : rows) {
    row.hint_due = Instant::max();
    row.is_new = false;
  }
  follow_rows(spi, catalog, users, rows, now);
  return static_cast<int64_t>(users.size());
}

std::optional<Instant> next_due(pg::Spi& spi) {
  static pg::Query query("SELECT min(due_at) FROM cdp.segment_due");
  const pg::Rows rows = query(spi);
  if (rows.is_null(0, 0)) return std::nullopt;
  return rows.instant(0, 0);
}

namespace {

/// The outcome of evaluating one rule over everyone.
struct Computed {
  const Definition* segment;
  rule::BoundRule rule;
  bitmap::Bitmap members;
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

void write_memberships(pg::Spi& spi, const Computed& computed, Instant now, const bitmap::Bitmap& entered,
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
      changes.push_back(
          {user, computed.segment->number, &computed.segment->name, has_entered, now, Reason::Rule});
    });
  };
  collect(entered, true);
  if (!numbers.empty()) (void)enter(spi, numbers, computed.segment->number, now);
  collect(exited, false);
  if (!numbers.empty()) (void)exit(spi, numbers, computed.segment->number);
  write_changes(spi, changes, now);
}

void write_computed(pg::Spi& spi, const Computed& computed, Instant now) {
  const bitmap::Bitmap before = members_of(spi, computed.segment->number);
  bitmap::Bitmap entered = computed.members;
  entered -= before;
  bitmap::Bitmap exited = before;
  exited -= computed.members;
  write_memberships(spi, computed, now, entered, exited);
  replace_members(spi, computed.segment->number, computed.members);
  static pg::Query forget_growth("DELETE FROM cdp.segment_growth WHERE segment_no = $1");
  (void)forget_growth(spi, computed.segment->number);
  static pg::Query finish(
      "UPDATE cdp.segment SET status = 'ready', size = $2, computed_at = $3 WHERE segment_no = $1");
  (void)finish(spi, computed.segment->number, static_cast<int64_t>(computed.members.cardinality()), now);
}

}  // namespace

void compute(pg::Spi& spi, const Catalog& catalog, const std::vector<int32_t>& numbers, Instant now) {
  timeline::Demand demand;
  std::vector<Computed> all;
  Needs needs;
  for (const int32_t number : numbers) {
    const std::optional<int> index = catalog.index_of(number);
    if (!index) continue;
    const Definition& segment = catalog.definitions()[*index];
    all.push_back({&segment, rule::bind(segment.rule, demand, catalog.resolver()), {}});
    needs.add(all.back().rule);
  }
  if (all.empty()) return;

  std::vector<int64_t> due_users;
  std::vector<Instant> due;
  for_each_user(spi, demand, needs, {}, [&](const rule::UserState& state) {
    Instant valid_until = Instant::max();
    for (Computed& computed : all) {
      const rule::Verdict verdict = rule::evaluate(computed.rule, state, now);
      if (verdict.truth) computed.members.add(static_cast<uint32_t>(state.user_no));
      valid_until = std::min(valid_until, verdict.valid_until);
    }
    if (valid_until == Instant::max()) return;
    due_users.push_back(state.user_no);
    due.push_back(valid_until);
  });
  for (const Computed& computed : all) write_computed(spi, computed, now);
  write_dues(spi, due_users, due, now);
  Catalog::invalidate();
}

bool compute_pending(pg::Spi& spi, Instant now) {
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> pending;
  for (const Definition& definition : catalog.definitions())
    if (!definition.is_ready) pending.push_back(definition.number);
  if (pending.empty()) return false;
  compute(spi, catalog, catalog.with_dependents(pending), now);
  return true;
}

void remove_users(pg::Spi& spi, const std::vector<int64_t>& users) {
  // User by user, so that no plan reads the whole table; each chunk of a segment is written once for all.
  static pg::Query remove("DELETE FROM cdp.membership WHERE user_no = $1 RETURNING segments");
  std::vector<std::pair<int32_t, int64_t>> places;
  for (const int64_t user_no : users) {
    const pg::Rows rows = remove(spi, user_no);
    if (rows.empty()) continue;
    for (const int32_t segment_no : rows.integers(0, 0)) places.emplace_back(segment_no, user_no);
  }
  if (!places.empty()) erase_members(spi, places);
}

void forget_user(pg::Spi& spi, const std::vector<int64_t>& numbers) {
  remove_users(spi, numbers);
  static pg::Query remove_dues("DELETE FROM cdp.segment_due WHERE user_no = ANY($1)");
  static pg::Query remove_changes("DELETE FROM cdp.segment_change WHERE user_no = $1");
  (void)remove_dues(spi, numbers);
  for (const int64_t user_no : numbers) (void)remove_changes(spi, user_no);
}

}  // namespace cdp::segment
