#include "base/interrupt.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/chunks.hpp"

#include <string_view>
#include <utility>

extern "C" {
#include <catalog/namespace.h>
#include <commands/sequence.h>
#include <utils/lsyscache.h>
#include <utils/timestamp.h>
}

namespace cdp::segment {

namespace {

constexpr int64_t kUsersPerChunk = 65536;

/// From so many edits on a segment's chunks are written: a chunk has up to 8 kB, whatever changes in it.
constexpr int64_t kMostEdits = 512;

/// A segment's chunk.
using Place = std::pair<int32_t, int32_t>;
/// Users who are to be added (true) or taken out.
using Edits = std::map<Place, std::vector<std::pair<uint32_t, bool>>>;

int32_t chunk_of(int64_t user_no) { return static_cast<int32_t>(user_no / kUsersPerChunk); }

pg::Bound bitmap_value(pg::Spi& spi, const bitmap::Bitmap& bitmap) {
  static pg::Query type_query(
      "SELECT atttypid FROM pg_attribute WHERE attrelid = 'cdp.segment_chunk'::regclass AND attname = "
      "'users'");
  return {DatumGetObjectId(type_query(spi).datum(0, 0)), pg::to_varlena(bitmap.to_bytes()), false};
}

void apply(bitmap::Bitmap& members, uint32_t user, bool is_member) {
  is_member ? members.add(user) : members.remove(user);
}

/// Applies edits to a stored chunk; returns by how much it grew.
int64_t edit_chunk(pg::Spi& spi, const Place& place, const std::vector<std::pair<uint32_t, bool>>& users) {
  static pg::Query find("SELECT users FROM cdp.segment_chunk WHERE segment_no = $1 AND chunk = $2");
  static pg::Query upsert(
      "INSERT INTO cdp.segment_chunk (segment_no, chunk, users) VALUES ($1, $2, $3)"
      " ON CONFLICT (segment_no, chunk) DO UPDATE SET users = excluded.users");
  bitmap::Bitmap members;
  bool is_stored = false;
  {
    const pg::Rows rows = find(spi, place.first, place.second);
    is_stored = !rows.empty();
    if (is_stored) members = bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(0, 0)));
  }
  const auto before = static_cast<int64_t>(members.cardinality());
  for (const auto& [user, is_member] : users) apply(members, user, is_member);
  if (is_stored || !members.is_empty())
    (void)upsert(spi, place.first, place.second, bitmap_value(spi, members));
  return static_cast<int64_t>(members.cardinality()) - before;
}

/// Brings what waits for a segment, from one user to another, into its chunks.
void fold_edits(pg::Spi& spi, int32_t segment_no, int64_t first_user, int64_t last_user) {
  static pg::Query take(
      "WITH taken AS (DELETE FROM cdp.segment_edit WHERE segment_no = $1 AND user_no BETWEEN $2 AND $3"
      " RETURNING batch, user_no, is_member) SELECT user_no, is_member FROM taken ORDER BY user_no, batch");
  Edits edits;
  {
    const pg::Rows rows = take(spi, segment_no, first_user, last_user);
    for (uint64_t i = 0; i < rows.size(); ++i)
      edits[{segment_no, chunk_of(rows.bigint(i, 0))}].emplace_back(static_cast<uint32_t>(rows.bigint(i, 0)),
                                                                    rows.boolean(i, 1));
  }
  for (const auto& [place, users] : edits) {
    check_interrupts();
    (void)edit_chunk(spi, place, users);
  }
}

/// How many edits of each segment wait, as far as this process knows: others may have added some, or folded.
std::map<int32_t, int64_t>& waiting_edits(pg::Spi& spi) {
  static std::map<int32_t, int64_t> waiting = [&] {
    static pg::Query query("SELECT segment_no, count(*) FROM cdp.segment_edit GROUP BY segment_no");
    std::map<int32_t, int64_t> found;
    const pg::Rows rows = query(spi);
    for (uint64_t i = 0; i < rows.size(); ++i) found[rows.integer(i, 0)] = rows.bigint(i, 1);
    return found;
  }();
  return waiting;
}

/// Notes who entered or left in the end; returns by how much each segment grew.
std::map<int32_t, int64_t> add_edits(pg::Spi& spi, const std::vector<Change>& changes, int64_t batch) {
  // Who entered and left again has not changed.
  std::map<std::pair<int32_t, int64_t>, int> net;
  for (const Change& change : changes)
    net[{change.segment->number, change.user_no}] += change.has_entered ? 1 : -1;
  std::map<int32_t, int64_t> growth;
  std::map<int32_t, int64_t>& waiting = waiting_edits(spi);
  pg::BulkInsert rows("cdp", "segment_edit");
  for (const auto& [place, amount] : net) {
    if (amount == 0) continue;
    rows.add(place.first, batch, place.second, amount > 0);
    growth[place.first] += amount;
    ++waiting[place.first];
  }
  rows.finish();
  return growth;
}

/// Leaves sizes to settle_sizes(): the row of each segment would cost as much as the changes themselves.
void note_growth(pg::Spi& spi, const std::map<int32_t, int64_t>& growth) {
  std::vector<int32_t> numbers;
  std::vector<int64_t> amounts;
  for (const auto& [number, amount] : growth) {
    if (amount == 0) continue;
    numbers.push_back(number);
    amounts.push_back(amount);
  }
  if (numbers.empty()) return;
  static pg::Query note("INSERT INTO cdp.segment_growth (segment_nos, amounts) VALUES ($1, $2)");
  (void)note(spi, numbers, amounts);
}

/// Further values of the identity column of cdp.segment_change.
std::vector<int64_t> change_numbers(size_t count) {
  std::vector<int64_t> numbers(count);
  pg::guard([&] {
    const Oid sequence = get_relname_relid("segment_change_change_no_seq", get_namespace_oid("cdp", false));
    for (int64_t& number : numbers) number = nextval_internal(sequence, false);
  });
  return numbers;
}

}  // namespace

int64_t record_changes(const std::vector<Change>& changes, Instant now) {
  const std::vector<int64_t> numbers = change_numbers(changes.size());
  pg::BulkInsert rows("cdp", "segment_change");
  for (size_t i = 0; i < changes.size(); ++i) {
    const Change& change = changes[i];
    if (change.segment->is_next) continue;
    rows.add(numbers[i], change.user_no, change.segment->segment_no, change.segment->name,
             std::string_view(change.has_entered ? "entered" : "exited"), change.effective_at, now,
             std::string_view(name_of(change.reason)));
  }
  rows.finish();
  return numbers.front();
}

void write_changes(pg::Spi& spi, const std::vector<Change>& changes, Instant now) {
  if (changes.empty()) return;
  const std::map<int32_t, int64_t> growth = add_edits(spi, changes, record_changes(changes, now));
  std::map<int32_t, int64_t> growth_of_segments;
  for (const Change& change : changes)
    if (const auto grown = growth.find(change.segment->number);
        grown != growth.end() && !change.segment->is_next)
      growth_of_segments[change.segment->segment_no] = grown->second;
  note_growth(spi, growth_of_segments);
  for (const auto& [number, amount] : growth) {
    int64_t& waiting = waiting_edits(spi)[number];
    if (waiting < kMostEdits) continue;
    fold_edits(spi, number, 0, INT64_MAX);
    waiting = 0;
  }
}

bool settle_sizes(pg::Spi& spi, Micros most_wait) {
  static TimestampTz last = 0;
  const TimestampTz now = GetCurrentTimestamp();
  // A clock that was set back does not keep sizes waiting.
  if (now >= last && now < last + most_wait) return false;
  last = now;
  static pg::Query is_waiting("SELECT FROM cdp.segment_growth LIMIT 1");
  if (is_waiting(spi).empty()) return false;
  // Where someone holds the segment's row (an open UPDATE of its description), the size waits, not the batch.
  static pg::Query settle(
      "WITH taken AS (DELETE FROM cdp.segment_growth RETURNING segment_nos, amounts),"
      " growth AS (SELECT g.segment_no, sum(g.amount)::bigint AS amount FROM taken,"
      "   unnest(taken.segment_nos, taken.amounts) AS g (segment_no, amount) GROUP BY g.segment_no),"
      " free AS (SELECT s.segment_no FROM cdp.segment AS s"
      "  WHERE s.segment_no IN (SELECT segment_no FROM growth) FOR NO KEY UPDATE SKIP LOCKED),"
      " later AS (INSERT INTO cdp.segment_growth (segment_nos, amounts)"
      "  SELECT array_agg(g.segment_no), array_agg(g.amount) FROM growth AS g"
      "  JOIN cdp.segment AS s ON s.segment_no = g.segment_no"
      "  WHERE g.segment_no NOT IN (SELECT segment_no FROM free) HAVING count(*) > 0)"
      " UPDATE cdp.segment AS s SET size = s.size + g.amount FROM growth AS g"
      " WHERE s.segment_no = g.segment_no AND s.segment_no IN (SELECT segment_no FROM free)"
      " RETURNING s.segment_no");
  return !settle(spi).empty();
}

void forget_growth(pg::Spi& spi, int32_t segment_no) {
  static pg::Query forget(
      "UPDATE cdp.segment_growth SET segment_nos = array_replace(segment_nos, $1, NULL)"
      " WHERE $1 = ANY(segment_nos)");
  (void)forget(spi, segment_no);
}

void edit_members(pg::Spi& spi, const Catalog& catalog, const std::vector<MemberEdit>& edits, Sizes sizes) {
  Edits by_chunk;
  for (const MemberEdit& edit : edits)
    by_chunk[{edit.number, chunk_of(edit.user_no)}].emplace_back(static_cast<uint32_t>(edit.user_no),
                                                                 edit.is_member);
  std::map<int32_t, int64_t> growth_of_segments;
  for (const auto& [place, users] : by_chunk) {
    check_interrupts();
    const int64_t first_user = place.second * kUsersPerChunk;
    fold_edits(spi, place.first, first_user, first_user + kUsersPerChunk - 1);
    const int64_t growth = edit_chunk(spi, place, users);
    if (const std::optional<int> index = catalog.index_of(place.first))
      if (const Definition& segment = catalog.definitions()[*index]; !segment.is_next)
        growth_of_segments[segment.segment_no] += growth;
  }
  if (sizes == Sizes::Wait) return;
  note_growth(spi, growth_of_segments);
  (void)settle_sizes(spi);
}

namespace {

/// Statements that read what is stored under a number, which $1 says.
struct Reading {
  pg::Query chunks;
  pg::Query edits;
};

bitmap::Bitmap read_members(pg::Spi& spi, Reading& reading, int32_t argument) {
  std::vector<bitmap::Bitmap> chunks;
  {
    const pg::Rows rows = reading.chunks(spi, argument);
    for (uint64_t i = 0; i < rows.size(); ++i)
      chunks.push_back(bitmap::Bitmap::from_bytes(pg::bytes_of(rows.datum(i, 0))));
  }
  bitmap::Bitmap members = bitmap::Bitmap::union_of(chunks);
  const pg::Rows rows = reading.edits(spi, argument);
  for (uint64_t i = 0; i < rows.size(); ++i)
    apply(members, static_cast<uint32_t>(rows.bigint(i, 0)), rows.boolean(i, 1));
  return members;
}

/// Of a segment under the number that the statements' snapshot has for it, whatever the catalog knows.
Reading of_segment{
    pg::Query("SELECT users FROM cdp.segment_chunk WHERE segment_no ="
              " (SELECT coalesce(members_no, segment_no) FROM cdp.segment WHERE segment_no = $1)"),
    pg::Query(
        "SELECT user_no, is_member FROM cdp.segment_edit WHERE segment_no ="
        " (SELECT coalesce(members_no, segment_no) FROM cdp.segment WHERE segment_no = $1) ORDER BY batch")};

}  // namespace

bitmap::Bitmap members_of(pg::Spi& spi, const Definition& definition) {
  static Reading reading{
      pg::Query("SELECT users FROM cdp.segment_chunk WHERE segment_no = $1"),
      pg::Query("SELECT user_no, is_member FROM cdp.segment_edit WHERE segment_no = $1 ORDER BY batch")};
  return read_members(spi, reading, definition.number);
}

bitmap::Bitmap present_members(pg::Spi& spi, int32_t segment_no) {
  return read_members(spi, of_segment, segment_no);
}

int64_t count_present_members(pg::Spi& spi, int32_t segment_no) {
  if (!of_segment.edits(spi, segment_no).empty())
    return static_cast<int64_t>(present_members(spi, segment_no).cardinality());
  const pg::Rows rows = of_segment.chunks(spi, segment_no);
  uint64_t size = 0;
  for (uint64_t i = 0; i < rows.size(); ++i) size += bitmap::cardinality(pg::bytes_of(rows.datum(i, 0)));
  return static_cast<int64_t>(size);
}

void replace_chunks(pg::Spi& spi, int32_t number, const bitmap::Bitmap& members) {
  static pg::Query remove("DELETE FROM cdp.segment_chunk WHERE segment_no = $1");
  static pg::Query insert("INSERT INTO cdp.segment_chunk (segment_no, chunk, users) VALUES ($1, $2, $3)");
  static pg::Query remove_edits("DELETE FROM cdp.segment_edit WHERE segment_no = $1");
  (void)remove(spi, number);
  (void)remove_edits(spi, number);
  std::vector<uint32_t> chunk;
  const auto write = [&] {
    if (chunk.empty()) return;
    (void)insert(spi, number, static_cast<int32_t>(chunk.front() / kUsersPerChunk),
                 bitmap_value(spi, bitmap::Bitmap::of(chunk)));
    chunk.clear();
  };
  members.for_each([&](uint32_t user) {
    if (!chunk.empty() && chunk.front() / kUsersPerChunk != user / kUsersPerChunk) write();
    chunk.push_back(user);
  });
  write();
}

void add_members(pg::Spi& spi, int32_t number, const bitmap::Bitmap& users) {
  Edits by_chunk;
  users.for_each([&](uint32_t user) { by_chunk[{number, chunk_of(user)}].emplace_back(user, true); });
  for (const auto& [place, added] : by_chunk) (void)edit_chunk(spi, place, added);
}

void remove_strays(pg::Spi& spi) {
  // As arguments, so that what is kept is looked up once.
  static pg::Query numbers(
      "SELECT coalesce(members_no, segment_no) FROM cdp.segment UNION ALL"
      " SELECT next_no FROM cdp.segment WHERE next_no IS NOT NULL");
  static pg::Query remove_chunks("DELETE FROM cdp.segment_chunk WHERE segment_no NOT IN (SELECT unnest($1))");
  static pg::Query remove_edits("DELETE FROM cdp.segment_edit WHERE segment_no NOT IN (SELECT unnest($1))");
  std::vector<int32_t> kept;
  {
    const pg::Rows rows = numbers(spi);
    for (uint64_t i = 0; i < rows.size(); ++i) kept.push_back(rows.integer(i, 0));
  }
  (void)remove_chunks(spi, kept);
  (void)remove_edits(spi, kept);
}

}  // namespace cdp::segment
