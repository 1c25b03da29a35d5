#include "bitmap/bitmap.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/field.hpp"
#include "pg/spi.hpp"
#include "segment/hints.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace cdp::segment {

namespace {

/// Hints that are so far ahead are kept by spans of time, and told apart so long before theirs begins.
struct Span {
  Micros ahead;
  Micros length;
  Micros head_start;

  /// When the users of the span around an instant are told apart.
  Instant begins(Instant at) const { return {at.us - at.us % length - head_start}; }
};
constexpr std::array<Span, 2> kSpans{
    {{24 * kHour, kHour, 10 * kMinute}, {15 * kMinute, kMinute, 10 * kSecond}}};

/// So many users are worth a row of their own, and so many it has at most, which bounds what one row sets
/// off.
constexpr size_t kFewUsers = 4;
constexpr size_t kMostUsers = 1000;

}  // namespace

void write_hints(const std::vector<Due>& dues, Instant now) {
  if (dues.empty()) return;
  pg::BulkInsert rows("cdp", "segment_due");
  const auto write_alone = [&](const Due& due) {
    rows.add(due.at, std::optional(due.user_no), std::optional<pg::Bytes>());
  };
  std::map<Instant, std::vector<Due>> gathered;
  for (const Due& due : dues) {
    const auto* span = std::find_if(kSpans.begin(), kSpans.end(),
                                    [&](const Span& candidate) { return due.at > now + candidate.ahead; });
    span == kSpans.end() ? write_alone(due) : gathered[span->begins(due.at)].push_back(due);
  }
  std::vector<uint32_t> users;
  for (const auto& [at, together] : gathered) {
    for (size_t begin = 0; begin < together.size(); begin += kMostUsers) {
      const size_t end = std::min(begin + kMostUsers, together.size());
      if (end - begin < kFewUsers) {
        for (size_t i = begin; i < end; ++i) write_alone(together[i]);
        continue;
      }
      users.clear();
      for (size_t i = begin; i < end; ++i) users.push_back(static_cast<uint32_t>(together[i].user_no));
      const std::string bytes = bitmap::Bitmap::of(users).to_bytes();
      rows.add(at, std::optional<int64_t>(), std::optional(pg::Bytes{bytes}));
    }
  }
  rows.finish();
}

std::vector<int64_t> take_hints(pg::Spi& spi, Instant until, int64_t most_users) {
  static pg::Query take_gathered(
      "DELETE FROM cdp.segment_due WHERE ctid = ANY(ARRAY(SELECT ctid FROM cdp.segment_due"
      " WHERE due_at <= $1 AND users IS NOT NULL ORDER BY due_at LIMIT $2)) RETURNING users");
  static pg::Query take_alone(
      "DELETE FROM cdp.segment_due WHERE ctid = ANY(ARRAY(SELECT ctid FROM cdp.segment_due"
      " WHERE due_at <= $1 AND users IS NULL ORDER BY due_at LIMIT $2)) RETURNING user_no");
  std::vector<int64_t> users;
  {
    const int64_t most_rows = std::max<int64_t>(most_users / static_cast<int64_t>(kMostUsers), 1);
    const pg::Rows rows = take_gathered(spi, until, most_rows);
    for (uint64_t i = 0; i < rows.size(); ++i)
      bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(i, 0))).for_each([&](uint32_t user_no) {
        users.push_back(user_no);
      });
  }
  if (users.empty()) {
    const pg::Rows rows = take_alone(spi, until, most_users);
    for (uint64_t i = 0; i < rows.size(); ++i) users.push_back(rows.bigint(i, 0));
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

std::optional<Instant> next_hint(pg::Spi& spi) {
  static pg::Query query(
      "SELECT least((SELECT min(due_at) FROM cdp.segment_due WHERE users IS NULL),"
      " (SELECT min(due_at) FROM cdp.segment_due WHERE users IS NOT NULL))");
  const pg::Rows rows = query(spi);
  if (rows.is_null(0, 0)) return std::nullopt;
  return rows.instant(0, 0);
}

void remove_hints(pg::Spi& spi, const std::vector<int64_t>& users) {
  static pg::Query remove_alone("DELETE FROM cdp.segment_due WHERE user_no = ANY($1)");
  static pg::Query gathered("SELECT ctid::text, due_at, users FROM cdp.segment_due WHERE users IS NOT NULL");
  static pg::Query remove_row("DELETE FROM cdp.segment_due WHERE ctid = $1::text::tid");
  (void)remove_alone(spi, users);
  std::vector<std::pair<std::string, std::pair<Instant, bitmap::Bitmap>>> changed;
  {
    const pg::Rows rows = gathered(spi);
    for (uint64_t i = 0; i < rows.size(); ++i) {
      bitmap::Bitmap hinted = bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(i, 2)));
      bool has_any = false;
      for (const int64_t user_no : users) has_any |= hinted.remove(static_cast<uint32_t>(user_no));
      if (has_any) changed.push_back({rows.text(i, 0), {rows.instant(i, 1), std::move(hinted)}});
    }
  }
  if (changed.empty()) return;
  pg::BulkInsert rows("cdp", "segment_due");
  for (const auto& [place, hint] : changed) {
    (void)remove_row(spi, place);
    const std::string bytes = hint.second.to_bytes();
    if (!hint.second.is_empty())
      rows.add(hint.first, std::optional<int64_t>(), std::optional(pg::Bytes{bytes}));
  }
  rows.finish();
}

}  // namespace cdp::segment
