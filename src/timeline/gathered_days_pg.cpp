#include "base/interrupt.hpp"
#include "bitmap/bitmap.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"
#include "timeline/gathered_days.hpp"

#include <map>
#include <optional>

extern "C" {
#include <catalog/pg_type.h>
#include <miscadmin.h>
}

namespace cdp::timeline {

namespace {

constexpr int64_t kUsersPerPart = 65536;

pg::Bound bitmap_value(pg::Spi& spi, const std::string& bytes) {
  static pg::Query type_query(
      "SELECT atttypid FROM pg_attribute WHERE attrelid = 'cdp.event_day_packed'::regclass"
      " AND attname = 'users'");
  return {DatumGetObjectId(type_query(spi).datum(0, 0)), pg::to_varlena(bytes), false};
}

bitmap::Bitmap bitmap_at(const pg::Rows& rows, uint64_t row) {
  return bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(row, 0)));
}

void remove_row(pg::Spi& spi, const EventDay& row) {
  static pg::Query remove("DELETE FROM cdp.event_day_packed WHERE event_no = $1 AND day = $2");
  (void)remove(spi, row.event_no, pg::Date{row.day});
}

void write_row(pg::Spi& spi, const EventDay& row, const std::string& users) {
  static pg::Query upsert(
      "INSERT INTO cdp.event_day_packed (event_no, day, users) VALUES ($1, $2, $3)"
      " ON CONFLICT (event_no, day) DO UPDATE SET users = excluded.users");
  (void)upsert(spi, row.event_no, pg::Date{row.day}, bitmap_value(spi, users));
}

pg::Rows find_row(pg::Spi& spi, const EventDay& row) {
  static pg::Query find("SELECT users FROM cdp.event_day_packed WHERE event_no = $1 AND day = $2");
  return find(spi, row.event_no, pg::Date{row.day});
}

}  // namespace

bitmap::Bitmap gone_users(pg::Spi& spi) {
  static pg::Query query("SELECT users FROM cdp.gone_user");
  std::vector<bitmap::Bitmap> parts;
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i) parts.push_back(bitmap_at(rows, i));
  return bitmap::Bitmap::union_of(parts);
}

GatheredDays& GatheredDays::of_process() {
  static GatheredDays days;
  return days;
}

bool GatheredDays::catch_up(pg::Spi& spi, const event::RecentTables& tables, int64_t most_rows) {
  static pg::Query query("SELECT xmin::text::bigint FROM cdp.packing");
  const pg::Rows rows = query(spi);
  const int64_t packed_until = tables.packed_until();
  if (packed_until == 0 || rows.empty() || row_version_ != rows.bigint(0, 0) ||
      packed_until_ != packed_until) {
    days_.clear();
    packed_until_ = packed_until;
    seen_until_ = 0;
  }
  row_version_ = kNoVersion;
  if (seen_until_ >= packed_until) return true;

  pg::IndexLookup closed("cdp", tables.closed().table, tables.closed().key);
  InterruptTicker ticker;
  int64_t count = 0;
  closed.seek_up(seen_until_ + 1);
  while (const std::optional<pg::StoredRow> row = closed.next()) {
    ticker.tick();
    const int64_t user_no = row->bigint(event::kRecentUser);
    if (user_no > packed_until) break;
    if (user_no != seen_until_ && (count >= most_rows || is_large())) {
      write_if_large(spi);
      return false;
    }
    seen_until_ = user_no;
    add(row->integer(event::kRecentEvent), row->instant(event::kRecentTime), user_no);
    ++count;
  }
  seen_until_ = packed_until;
  return true;
}

bool GatheredDays::is_large() const {
  return days_.memory() > static_cast<size_t>(maintenance_work_mem) * 1024;
}

void GatheredDays::write_if_large(pg::Spi& spi) {
  if (is_large()) write(spi, kRowsAtOnce);
}

void GatheredDays::write(pg::Spi& spi, int64_t most_rows) {
  if (days_.is_empty()) return;
  const bitmap::Bitmap gone = gone_users(spi);
  for (; most_rows > 0 && !days_.is_empty(); --most_rows) {
    check_interrupts();
    write_first(spi, gone);
    days_.remove_first();
  }
}

void GatheredDays::write_first(pg::Spi& spi, const bitmap::Bitmap& gone) {
  const EventDay row = days_.first();
  bitmap::Accumulator& users = days_.first_users();
  {
    const pg::Rows rows = find_row(spi, row);
    if (!rows.empty()) users.add(pg::bytes_of(rows.datum(0, 0)));
  }
  std::string bytes = users.to_bytes();
  if (!gone.is_empty()) {
    bitmap::Bitmap present = bitmap::Bitmap::from_bytes(bytes_in(bytes));
    present -= gone;
    if (present.is_empty()) return remove_row(spi, row);
    bytes = present.to_bytes();
  }
  write_row(spi, row, bytes);
}

void GatheredDays::finish_step(int64_t packed_until, int64_t row_version) {
  if (seen_until_ >= packed_until_) seen_until_ = packed_until;
  packed_until_ = packed_until;
  row_version_ = row_version;
}

void GatheredDays::clear() {
  days_.clear();
  row_version_ = kNoVersion;
}

void add_gone_users(pg::Spi& spi, const std::vector<int64_t>& users) {
  static pg::Query find("SELECT users FROM cdp.gone_user WHERE part = $1");
  static pg::Query upsert(
      "INSERT INTO cdp.gone_user (part, users) VALUES ($1, $2)"
      " ON CONFLICT (part) DO UPDATE SET users = excluded.users");
  std::map<int32_t, std::vector<uint32_t>> by_part;
  for (const int64_t user_no : users)
    by_part[static_cast<int32_t>(user_no / kUsersPerPart)].push_back(static_cast<uint32_t>(user_no));
  for (const auto& [part, added] : by_part) {
    bitmap::Bitmap gone;
    {
      const pg::Rows rows = find(spi, part);
      if (!rows.empty()) gone = bitmap_at(rows, 0);
    }
    gone.add_many(added);
    (void)upsert(spi, part, bitmap_value(spi, gone.to_bytes()));
  }
}

void remove_from_days(pg::Spi& spi, const std::set<EventDay>& days, const std::vector<int64_t>& users) {
  bitmap::Bitmap removed = gone_users(spi);
  for (const int64_t user_no : users) removed.add(static_cast<uint32_t>(user_no));
  for (const EventDay& row : days) {
    check_interrupts();
    bitmap::Bitmap present;
    {
      const pg::Rows rows = find_row(spi, row);
      if (rows.empty()) continue;
      present = bitmap_at(rows, 0);
    }
    present -= removed;
    if (present.is_empty())
      remove_row(spi, row);
    else
      write_row(spi, row, present.to_bytes());
  }
}

}  // namespace cdp::timeline
