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
                 Clock clock) {
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
      Occurrence first{Occurrence::Kind::Everything, 0, clock.now, clock.now, Reason::Rule};
      if (!user.occurrences.empty()) {
        first = user.occurrences.front();
        first.kind = Occurrence::Kind::Everything;
      }
      user.occurrences.insert(user.occurrences.begin(), first);
    }
    const std::vector<Instant> starts = sessions ? sessions->of(user.user_no) : std::vector<Instant>();
    const rule::UserState state{&user.traits, &history,          user.user_no,     user.user_id,
                                starts,       &pg::time_zones(), &user.trait_times};
    for (const Flip& flip : walk(catalog.rules(), state, user.occurrences, clock.until, &row.standing)) {
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
  write_changes(spi, changes, clock.now);
}

}  // namespace

namespace {

/// Can anything that happened to this user, or the time that passed, change a rule?
bool is_concerned(const RuleSet& rules, const Touched& user, const Row& row, Instant until) {
  if (row.is_new || row.standing.next_due <= until) return true;
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
  RowMap rows = load_rows(catalog, numbers);
  std::erase_if(users, [&](const Touched& user) {
    if (is_concerned(catalog.rules(), user, rows.at(user.user_no), clock.until)) return false;
    rows.erase(user.user_no);
    return true;
  });
  if (!users.empty()) follow_rows(spi, catalog, users, rows, clock);
}

int64_t follow_time(pg::Spi& spi, const Catalog& catalog, Clock clock, int64_t max_users) {
  static pg::Query pop(
      "WITH due AS (DELETE FROM cdp.segment_due WHERE ctid = ANY(ARRAY("
      "  SELECT ctid FROM cdp.segment_due WHERE due_at <= $1 ORDER BY due_at LIMIT $2)) RETURNING user_no)"
      " SELECT DISTINCT d.user_no, coalesce(p.user_id, ''), p.traits, p.trait_times"
      " FROM due AS d JOIN cdp.profile AS p ON p.user_no = d.user_no");
  std::vector<Touched> users;
  std::vector<int64_t> numbers;
  {
    const pg::Rows rows = pop(spi, clock.until, max_users);
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
  follow_rows(spi, catalog, users, rows, clock);
  return static_cast<int64_t>(users.size());
}

std::optional<Instant> next_due(pg::Spi& spi) {
  static pg::Query query("SELECT min(due_at) FROM cdp.segment_due");
  const pg::Rows rows = query(spi);
  if (rows.is_null(0, 0)) return std::nullopt;
  return rows.instant(0, 0);
}

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
  return Removed{rows.integers(0, 0), rows.instant(0, 1)};
}

/// Is the segment one that rules know by its members?
bool is_set_of_users(const Catalog& catalog, int32_t segment_no) {
  const std::optional<int> index = catalog.index_of(segment_no);
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
    for (const int32_t segment_no : removed->segments) {
      const std::optional<int> index = catalog.index_of(segment_no);
      if (!index) continue;
      exits.push_back(
          {merged.loser, segment_no, &catalog.definitions()[*index].name, false, at, Reason::Merge});
      if (is_set_of_users(catalog, segment_no)) edits.push_back({segment_no, merged.winner, true});
    }
  }
  write_changes(spi, exits, now);
  if (edits.empty()) return;
  edit_members(spi, edits, Sizes::Wait);
  Catalog::invalidate();
}

void forget_user(pg::Spi& spi, const std::vector<int64_t>& numbers) {
  std::vector<MemberEdit> edits;
  for (const int64_t user_no : numbers)
    if (const std::optional<Removed> removed = remove_membership(spi, user_no))
      for (const int32_t segment_no : removed->segments) edits.push_back({segment_no, user_no, false});
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
      return is_set_of_users(catalog, edit.segment_no);
    });
    edit_members(spi, edits, Sizes::Follow);
    if (is_known_to_rules) Catalog::invalidate();
  }
  static pg::Query remove_dues("DELETE FROM cdp.segment_due WHERE user_no = ANY($1)");
  static pg::Query remove_changes("DELETE FROM cdp.segment_change WHERE user_no = $1");
  (void)remove_dues(spi, numbers);
  for (const int64_t user_no : numbers) (void)remove_changes(spi, user_no);
}

}  // namespace cdp::segment
