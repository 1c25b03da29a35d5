#include "base/interrupt.hpp"
#include "pg/spi.hpp"
#include "segment/chunks.hpp"

namespace cdp::segment {

namespace {

constexpr int64_t kUsersPerChunk = 65536;

/// Segment and chunk to users: true to be added, false to be taken out.
using Edits = std::map<std::pair<int32_t, int32_t>, std::vector<std::pair<uint32_t, bool>>>;

pg::Bound bitmap_value(pg::Spi& spi, const bitmap::Bitmap& bitmap) {
  static pg::Query type_query(
      "SELECT atttypid FROM pg_attribute WHERE attrelid = 'cdp.segment_chunk'::regclass AND attname = "
      "'users'");
  return {DatumGetObjectId(type_query(spi).datum(0, 0)), pg::to_varlena(bitmap.to_bytes()), false};
}

/// Applies edits; returns by how much each segment's size changed.
std::map<int32_t, int64_t> apply_edits(pg::Spi& spi, const Edits& edits) {
  static pg::Query find("SELECT users FROM cdp.segment_chunk WHERE segment_no = $1 AND chunk = $2");
  static pg::Query upsert(
      "INSERT INTO cdp.segment_chunk (segment_no, chunk, users) VALUES ($1, $2, $3)"
      " ON CONFLICT (segment_no, chunk) DO UPDATE SET users = excluded.users");
  std::map<int32_t, int64_t> growth;
  for (const auto& [place, users] : edits) {
    check_interrupts();
    bitmap::Bitmap members;
    bool is_stored = false;
    {
      const pg::Rows rows = find(spi, place.first, place.second);
      is_stored = !rows.empty();
      if (is_stored) members = bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(0, 0)));
    }
    const auto before = static_cast<int64_t>(members.cardinality());
    for (const auto& [user, is_member] : users) is_member ? members.add(user) : members.remove(user);
    growth[place.first] += static_cast<int64_t>(members.cardinality()) - before;
    if (is_stored || !members.is_empty())
      (void)upsert(spi, place.first, place.second, bitmap_value(spi, members));
  }
  return growth;
}

void write_sizes(pg::Spi& spi, const std::map<int32_t, int64_t>& growth) {
  std::vector<int32_t> numbers;
  std::vector<int64_t> amounts;
  for (const auto& [number, amount] : growth) {
    if (amount == 0) continue;
    numbers.push_back(number);
    amounts.push_back(amount);
  }
  if (numbers.empty()) return;
  // Where someone holds the segment's row (an open UPDATE of its description), the size waits, not the batch.
  static pg::Query update(
      "WITH growth AS ("
      "  SELECT segment_no, sum(amount)::bigint AS amount FROM ("
      "    SELECT * FROM unnest($1::integer[], $2::bigint[]) AS g (segment_no, amount)"
      "    UNION ALL SELECT segment_no, amount FROM cdp.segment_growth WHERE segment_no = ANY($1)) AS "
      "both_kinds"
      "  GROUP BY segment_no),"
      " taken AS (DELETE FROM cdp.segment_growth WHERE segment_no = ANY($1)),"
      " free AS (SELECT s.segment_no FROM cdp.segment AS s WHERE s.segment_no = ANY($1)"
      "  FOR NO KEY UPDATE SKIP LOCKED),"
      " later AS (INSERT INTO cdp.segment_growth (segment_no, amount) SELECT segment_no, amount FROM growth"
      "  WHERE segment_no NOT IN (SELECT segment_no FROM free))"
      " UPDATE cdp.segment AS s SET size = s.size + g.amount FROM growth AS g"
      " WHERE s.segment_no = g.segment_no AND s.segment_no IN (SELECT segment_no FROM free)");
  (void)update(spi, numbers, amounts);
}

}  // namespace

void write_changes(pg::Spi& spi, const std::vector<Change>& changes, Instant now) {
  if (changes.empty()) return;
  Edits edits;
  std::vector<int64_t> users;
  std::vector<int32_t> segments;
  std::vector<std::string> names, kinds, reasons;
  std::vector<Instant> times;
  for (const Change& change : changes) {
    edits[{change.segment_no, static_cast<int32_t>(change.user_no / kUsersPerChunk)}].emplace_back(
        static_cast<uint32_t>(change.user_no), change.has_entered);
    users.push_back(change.user_no);
    segments.push_back(change.segment_no);
    names.push_back(*change.segment);
    kinds.emplace_back(change.has_entered ? "entered" : "exited");
    times.push_back(change.effective_at);
    reasons.emplace_back(name_of(change.reason));
  }
  write_sizes(spi, apply_edits(spi, edits));
  static pg::Query insert(
      "INSERT INTO cdp.segment_change (user_no, segment_no, segment, change, effective_at, recorded_at, "
      "reason)"
      " SELECT user_no, segment_no, segment, change, effective_at, $7, reason"
      " FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])"
      " AS c (user_no, segment_no, segment, change, effective_at, reason)");
  (void)insert(spi, users, segments, names, kinds, times, reasons, now);
}

bool settle_sizes(pg::Spi& spi) {
  static pg::Query query("SELECT DISTINCT segment_no FROM cdp.segment_growth");
  static pg::Query is_free("SELECT FROM cdp.segment WHERE segment_no = $1 FOR NO KEY UPDATE SKIP LOCKED");
  static pg::Query settle(
      "WITH taken AS (DELETE FROM cdp.segment_growth WHERE segment_no = $1 RETURNING amount)"
      " UPDATE cdp.segment SET size = size + (SELECT sum(amount) FROM taken)::bigint WHERE segment_no = $1");
  const pg::Rows rows = query(spi);
  bool has_settled = false;
  for (uint64_t i = 0; i < rows.size(); ++i) {
    const int32_t segment_no = rows.integer(i, 0);
    if (is_free(spi, segment_no).empty()) continue;
    (void)settle(spi, segment_no);
    has_settled = true;
  }
  return has_settled;
}

void edit_members(pg::Spi& spi, const std::vector<MemberEdit>& edits) {
  Edits by_chunk;
  for (const MemberEdit& edit : edits)
    by_chunk[{edit.segment_no, static_cast<int32_t>(edit.user_no / kUsersPerChunk)}].emplace_back(
        static_cast<uint32_t>(edit.user_no), edit.is_member);
  write_sizes(spi, apply_edits(spi, by_chunk));
}

bitmap::Bitmap members_of(pg::Spi& spi, int32_t segment_no) {
  static pg::Query query("SELECT users FROM cdp.segment_chunk WHERE segment_no = $1");
  std::vector<bitmap::Bitmap> chunks;
  const pg::Rows rows = query(spi, segment_no);
  for (uint64_t i = 0; i < rows.size(); ++i)
    chunks.push_back(bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(i, 0))));
  return bitmap::Bitmap::union_of(chunks);
}

void replace_chunks(pg::Spi& spi, int32_t segment_no, const bitmap::Bitmap& members) {
  static pg::Query remove("DELETE FROM cdp.segment_chunk WHERE segment_no = $1");
  static pg::Query insert("INSERT INTO cdp.segment_chunk (segment_no, chunk, users) VALUES ($1, $2, $3)");
  (void)remove(spi, segment_no);
  std::vector<uint32_t> chunk;
  const auto write = [&] {
    if (chunk.empty()) return;
    (void)insert(spi, segment_no, static_cast<int32_t>(chunk.front() / kUsersPerChunk),
                 bitmap_value(spi, bitmap::Bitmap::of(chunk)));
    chunk.clear();
  };
  members.for_each([&](uint32_t user) {
    if (!chunk.empty() && chunk.front() / kUsersPerChunk != user / kUsersPerChunk) write();
    chunk.push_back(user);
  });
  write();
}

}  // namespace cdp::segment
