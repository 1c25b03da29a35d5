#include "segment/membership_rows_pg.hpp"

#include "pg/index_lookup.hpp"
#include "pg/table_writer.hpp"
#include "segment/hints.hpp"
#include "segment/kept_due_rules.hpp"
#include "segment/number_list.hpp"
#include "segment/settings.hpp"

#include <string>

namespace cdp::segment {

namespace {

KeptDueRules all_kept;

/// nullptr while a segment's members are being gathered: its rule is asked of some users only, and what is
/// found of the others changes their rows.
KeptDueRules* kept_due_rules(const Catalog& catalog) {
  if (catalog.is_gathering()) return nullptr;
  all_kept.begin(catalog.rules().identity(), due_cache_bytes());
  return &all_kept;
}

}  // namespace

MembershipRows load_membership_rows(const Catalog& catalog, const std::vector<int64_t>& users) {
  MembershipRows rows;
  for (const int64_t user_no : users) rows[user_no].standing.is_member.resize(catalog.rules().size());
  const KeptDueRules* const kept = kept_due_rules(catalog);
  pg::IndexLookup stored("cdp", "membership", "membership_pkey");
  for (auto& [user_no, row] : rows)
    stored.find(
        [&, &row = row, user_no = user_no](const pg::IndexLookup::Row& found) {
          for (const int32_t number : unpack_numbers(pg::bytes_of(found.datum(1))))
            if (const auto index = catalog.index_of(number)) row.standing.is_member[*index] = 1;
          row.standing.evaluated_at = found.instant(2);
          row.hinted = found.instant(3);
          const DueRules* const dues = kept != nullptr ? kept->find(user_no, found.written_by()) : nullptr;
          row.standing.dues = dues != nullptr ? *dues : DueRules(row.hinted);
          row.place = found.place();
          row.is_new = false;
        },
        user_no);
  return rows;
}

void write_membership_rows(const Catalog& catalog, const MembershipRows& rows, Instant now) {
  if (rows.empty()) return;
  std::vector<Due> hints;
  const uint32_t writer = pg::TableWriter::writer();
  KeptDueRules* const kept = kept_due_rules(catalog);
  pg::TableWriter written("cdp", "membership");
  for (const auto& [user_no, row] : rows) {
    const Standing& standing = row.standing;
    const Instant next_due = standing.dues.next();
    if (next_due < row.hinted) hints.push_back({user_no, next_due});
    std::vector<int32_t> numbers;
    for (size_t i = 0; i < standing.is_member.size(); ++i)
      if (standing.is_member[i] != 0) numbers.push_back(catalog.definitions()[i].number);
    const std::string packed = pack_numbers(numbers);
    const pg::Bytes segments{packed};
    if (row.place == 0) {
      written.add(user_no, segments, standing.evaluated_at, next_due);
    } else {
      written.update(row.place, pg::Set{1, segments}, pg::Set{2, standing.evaluated_at},
                     pg::Set{3, next_due});
    }
    if (kept != nullptr) kept->keep(user_no, writer, standing.dues);
  }
  written.finish();
  write_hints(hints, now);
}

}  // namespace cdp::segment
