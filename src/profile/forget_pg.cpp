/// Erasure of a person.

#include "pg/spi.hpp"
#include "profile/directory.hpp"

namespace cdp::profile {

Names names_of(pg::Spi& spi, int64_t user_no) {
  static pg::Query losers(
      "SELECT from_user_no FROM cdp.identity_log WHERE user_no = $1 AND change = 'merged' ORDER BY log_no");
  static pg::Query values("SELECT DISTINCT value FROM cdp.identity WHERE user_no = $1");
  Names names{{user_no}, {}};
  // Who was merged into those who were merged belongs to them, too. Nobody is merged twice.
  for (size_t i = 0; i < names.numbers.size(); ++i) {
    const pg::Rows rows = losers(spi, names.numbers[i]);
    for (uint64_t row = 0; row < rows.size(); ++row) names.numbers.push_back(rows.bigint(row, 0));
  }
  const pg::Rows rows = values(spi, user_no);
  for (uint64_t row = 0; row < rows.size(); ++row) names.ids.push_back(rows.text(row, 0));
  return names;
}

void forget_person(pg::Spi& spi, int64_t user_no, const Names& names) {
  static pg::Query remove_gains("DELETE FROM cdp.identity_log WHERE user_no = $1");
  static pg::Query remove_losses("DELETE FROM cdp.identity_log WHERE from_user_no = $1");
  // An id that was refused to someone before it was this person's.
  static pg::Query remove_refusals(
      "DELETE FROM cdp.identity_log WHERE change = 'refused' AND from_user_no IS NULL AND value = ANY($1)");
  static pg::Query remove_ids("DELETE FROM cdp.identity WHERE user_no = $1");
  static pg::Query remove_edits("DELETE FROM cdp.edited_profile WHERE user_no = $1");
  static pg::Query remove_profile("DELETE FROM cdp.profile WHERE user_no = $1");
  for (const int64_t number : names.numbers) {
    (void)remove_gains(spi, number);
    (void)remove_losses(spi, number);
  }
  (void)remove_refusals(spi, names.ids);
  (void)remove_ids(spi, user_no);
  (void)remove_edits(spi, user_no);
  (void)remove_profile(spi, user_no);
}

}  // namespace cdp::profile
