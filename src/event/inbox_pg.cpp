#include "event/inbox.hpp"
#include "event/snapshot.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"

#include <algorithm>
#include <chrono>

extern "C" {
#include <storage/itemptr.h>
#include <utils/guc.h>
}

namespace cdp::event {

namespace {

constexpr int kChunks = 3;
/// From this size on a chunk takes no more messages: reading a round passes over what earlier rounds took.
constexpr int64_t kFullChunkBytes = 1024 * 1024;
/// Up to this size the chunk that takes messages is not worth emptying.
constexpr int64_t kSmallChunkBytes = 256 * 1024;
/// Emptying a chunk takes looking through it and a lock that writers may hold: not tried more often.
constexpr std::chrono::milliseconds kTruncateInterval{200};
constexpr const char* kBeforeFirstRow = "(0,0)";
constexpr const char* kBehindLastRow = "(4294967294,65535)";
constexpr const char* kNothingHeld = "{}";
constexpr long kFetchRows = 1000;
/// Smaller payloads lie in their rows, mostly; those that do not may wait for the next large one.
constexpr size_t kLargePayloadBytes = 2048;

/// More are taken by several calls.
constexpr int64_t kMostAtOnce = 1000000;
/// How many rows are read beyond those that are taken, to find what was queued before and lies behind.
constexpr int64_t kLookAhead = 1000;

/// The statements over one chunk.
struct ChunkStatements {
  pg::Query read;
  pg::Query read_held;
  pg::Query remove;
  pg::Query is_open;
  pg::Query size;
  const char* lock;
  const char* truncate;
  std::chrono::steady_clock::time_point tried_at{};  ///< by this backend
};

// Snapshots are read once, not for each row. What is outside of them: messages of this transaction, and those of another installation. Held back, the
// former may be taken by a later transaction.
#define CDP_IN_ROUND \
  "NOT pg_visible_in_snapshot(xid, (SELECT $3::pg_snapshot)) AND"                                             \
  " pg_visible_in_snapshot(xid, (SELECT $4::pg_snapshot))"
#define CDP_CHUNK(table)                                                                                     \
  ChunkStatements {                                                                                          \
    pg::Query("SELECT ctid, coalesce(xid = pg_current_xact_id_if_assigned(), false) OR home <> $2, source, payload,"    \
              " received_at, queue_no "                                                                       \
              "FROM " table                                                                                  \
              " WHERE ctid > $1::tid AND (home <> $2 OR xid = pg_current_xact_id_if_assigned() OR (" CDP_IN_ROUND   \
              "))"),                                                                                          \
        pg::Query("SELECT ctid, home <> $2 OR NOT (" CDP_IN_ROUND                                            \
                  "), source, payload, received_at, queue_no FROM " table " WHERE ctid = ANY($1::tid[])"),   \
        pg::Query("DELETE FROM " table " WHERE ctid = ANY($1::tid[])"),                                      \
        pg::Query("SELECT EXISTS (SELECT FROM " table                                                        \
                  " WHERE home <> $1 OR NOT pg_visible_in_snapshot(xid, (SELECT $2::pg_snapshot)))"),                 \
        pg::Query("SELECT pg_relation_size('" table "'::regclass)"),                                         \
        "LOCK TABLE " table " IN ACCESS EXCLUSIVE MODE NOWAIT", "TRUNCATE " table, {}                        \
  }

ChunkStatements& chunk_statements(int chunk) {
  static ChunkStatements statements[kChunks] = {CDP_CHUNK("cdp.inbox_0"), CDP_CHUNK("cdp.inbox_1"),
                                                CDP_CHUNK("cdp.inbox_2")};
  return statements[chunk];
}

#undef CDP_CHUNK
#undef CDP_IN_ROUND

std::string text_of(const ItemPointerData& place) {
  return "(" + std::to_string(ItemPointerGetBlockNumber(&place)) + "," +
         std::to_string(ItemPointerGetOffsetNumber(&place)) + ")";
}

/// The snapshot of now, with this transaction counted as running: its own messages are taken another way.
std::string current_snapshot(pg::Spi& spi) {
  static pg::Query query("SELECT pg_current_xact_id_if_assigned()::text, pg_current_snapshot()::text");
  const pg::Rows rows = query(spi);
  if (rows.is_null(0, 0)) return rows.text(0, 1);  // its number will be higher than any that is seen
  Snapshot snapshot = Snapshot::parse(rows.text(0, 1));
  snapshot.exclude(std::stoull(rows.text(0, 0)));
  return snapshot.to_string();
}

}  // namespace

Inbox::Inbox(pg::Spi& spi) : spi_(spi) {
  // A scan that starts in the middle of a chunk would break the order of rows that read_tid_ relies on. Holds
  // until `spi` ends.
  pg::guard([] {
    (void)set_config_option("synchronize_seqscans", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                            0, false);
  });
  static pg::Query query(
      "SELECT home, write_chunk, done, target, read_chunk, read_tid, clock, held FROM cdp.inbox_cursor");
  const pg::Rows rows = query(spi);
  home_ = rows.integer(0, 0);
  write_chunk_ = rows.smallint(0, 1);
  done_ = rows.text(0, 2);
  if (!rows.is_null(0, 3)) {
    target_ = rows.text(0, 3);
    read_chunk_ = rows.smallint(0, 4);
    read_tid_ = rows.text(0, 5);
  }
  held_ = rows.text(0, 7);
  clock_ = rows.instant(0, 6);
}

/// A round begins with the chunk that was filled longest ago.
void Inbox::start_round() {
  target_ = current_snapshot(spi_);
  read_chunk_ = (write_chunk_ + 1) % kChunks;
  read_tid_ = kBeforeFirstRow;
  has_started_round_ = true;
}

/// Rows of the chunk, and where they lie.
class Inbox::Window {
 public:
  /// Reads all rows that a cursor gives until there are `most` or their payloads have `most_bytes`. Says whether
  /// it came to the end.
  bool read(pg::Cursor& cursor, int64_t most, int64_t most_bytes) {
    // Large payloads are fetched from where the server keeps them as they are read: into memory that goes
    // with the row, else a transaction that takes a long backlog would hold all of it.
    pg::Arena payload("cdp inbox payload");
    while (static_cast<int64_t>(rows_.size()) < most && bytes_ < most_bytes) {
      const pg::Rows rows =
          cursor.fetch(std::min<int64_t>(most - static_cast<int64_t>(rows_.size()), kFetchRows));
      if (rows.empty()) return true;
      for (uint64_t i = 0; i < rows.size() && bytes_ < most_bytes; ++i) {
        const pg::InContext in_payload(payload.context());
        Row row;
        last_ = row.place = *reinterpret_cast<ItemPointer>(DatumGetPointer(rows.datum(i, 0)));
        row.is_outside = rows.boolean(i, 1);
        row.queued.source = rows.text(i, 2);
        row.queued.is_null = rows.is_null(i, 3);
        if (!row.queued.is_null) row.queued.payload = rows.text(i, 3);
        row.queued.received_at = rows.instant(i, 4);
        row.queued.queue_no = rows.bigint(i, 5);
        bytes_ += static_cast<int64_t>(row.queued.payload.size());
        if (row.queued.payload.size() > kLargePayloadBytes) payload.reset();
        rows_.push_back(std::move(row));
      }
    }
    return false;
  }

  size_t size() const { return rows_.size(); }
  /// Of the row that was read last.
  std::string last() const { return text_of(last_); }

  void sort() {
    std::stable_sort(rows_.begin(), rows_.end(),
                     [](const Row& a, const Row& b) { return a.queued.queue_no < b.queued.queue_no; });
  }

  /// Moves the first rows, as many and of as many bytes, to `batch`; at least one.
  void take(size_t most, int64_t* bytes_left, std::vector<Queued>* batch) {
    for (; taken_ < rows_.size() && (taken_ == 0 || (taken_ < most && *bytes_left > 0)); ++taken_) {
      Queued& queued = rows_[taken_].queued;
      *bytes_left -= static_cast<int64_t>(queued.payload.size());
      batch->push_back(std::move(queued));
    }
  }

  /// Where those of the taken rows lie that are outside of the snapshots.
  std::vector<std::string> outside() const {
    std::vector<std::string> places;
    for (size_t i = 0; i < taken_; ++i)
      if (rows_[i].is_outside) places.push_back(text_of(rows_[i].place));
    return places;
  }

  /// Where the others lie, as text of a tid[].
  std::string held() const {
    std::string places = "{";
    for (size_t i = taken_; i < rows_.size(); ++i)
      places += (i > taken_ ? ",\"" : "\"") + text_of(rows_[i].place) + '"';
    return places + "}";
  }

 private:
  struct Row {
    Queued queued;
    ItemPointerData place;
    bool is_outside = false;
  };

  std::vector<Row> rows_;
  size_t taken_ = 0;
  int64_t bytes_ = 0;
  ItemPointerData last_{};
};

void Inbox::take_from_chunk(int64_t limit, int64_t* bytes_left, std::vector<Queued>* batch) {
  ChunkStatements& statements = chunk_statements(read_chunk_);
  Window window;
  if (held_ != kNothingHeld) {
    pg::Cursor cursor(spi_, statements.read_held, held_, home_, done_, target_);
    (void)window.read(cursor, INT64_MAX, INT64_MAX);
  }
  const size_t from_before = window.size();
  bool is_at_end = false;
  {
    pg::Cursor cursor(spi_, statements.read, read_tid_, home_, done_, target_);
    is_at_end = window.read(cursor, std::min(limit, kMostAtOnce) + kLookAhead, *bytes_left);
  }
  if (window.size() > from_before) read_tid_ = window.last();
  if (is_at_end) read_tid_ = kBehindLastRow;
  window.sort();
  const size_t kept_back = is_at_end ? 0 : std::min<size_t>(kLookAhead, window.size() / 2);
  window.take(std::min(static_cast<size_t>(limit), window.size() - kept_back), bytes_left, batch);
  held_ = window.held();
  if (is_at_end && held_ == kNothingHeld) read_tid_.clear();
  if (const std::vector<std::string> outside = window.outside(); !outside.empty())
    (void)statements.remove(spi_, outside);
}

std::vector<Queued> Inbox::take(int64_t limit, int64_t max_bytes) {
  std::vector<Queued> batch;
  int64_t bytes_left = std::max<int64_t>(max_bytes, 1);
  while (static_cast<int64_t>(batch.size()) < limit && bytes_left > 0) {
    if (target_.empty()) {
      // A round that began here sees all that was committed before: with it this reader has done its work, and
      // writers who are quicker do not keep it at it for ever.
      if (has_started_round_) break;
      start_round();
    }
    take_from_chunk(limit - static_cast<int64_t>(batch.size()), &bytes_left, &batch);
    if (!read_tid_.empty()) continue;
    if (read_chunk_ != write_chunk_) {
      read_chunk_ = (read_chunk_ + 1) % kChunks;
      read_tid_ = kBeforeFirstRow;
      continue;
    }
    done_ = std::exchange(target_, {});
    // The end of a round that an earlier batch began must be remembered; one that found nothing need not be.
    if (!has_started_round_) has_changed_ = true;
  }
  has_changed_ |= !batch.empty();
  return batch;
}

/// No writer holds the chunk once it is locked, so what it holds then is all it will hold.
void Inbox::truncate_if_processed(int chunk) {
  ChunkStatements& statements = chunk_statements(chunk);
  const auto now = std::chrono::steady_clock::now();
  if (chunk == write_chunk_ && now < statements.tried_at + kTruncateInterval) return;
  if (statements.size(spi_).bigint(0, 0) <= (chunk == write_chunk_ ? kSmallChunkBytes : 0)) return;
  statements.tried_at = now;
  if (statements.is_open(spi_, home_, done_).boolean(0, 0)) return;
  try {
    pg::in_subtransaction([&] {
      pg::execute(spi_, statements.lock);
      if (!statements.is_open(spi_, home_, done_).boolean(0, 0)) pg::execute(spi_, statements.truncate);
    });
  } catch (const pg::ServerError& error) {
    // A writer, or a query of this session, has it: another batch will find it free.
    if (error.sqlstate() != ERRCODE_LOCK_NOT_AVAILABLE && error.sqlstate() != ERRCODE_OBJECT_IN_USE) throw;
  }
}

void Inbox::rotate() {
  const int next = (write_chunk_ + 1) % kChunks;
  if (chunk_statements(write_chunk_).size(spi_).bigint(0, 0) >= kFullChunkBytes &&
      chunk_statements(next).size(spi_).bigint(0, 0) == 0) {
    write_chunk_ = next;
    pg::invalidate("inbox_cursor");
  }
}

void Inbox::save(Instant clock) {
  if (target_.empty())
    for (int chunk = 0; chunk < kChunks; ++chunk) truncate_if_processed(chunk);
  rotate();
  static pg::Query update(
      "UPDATE cdp.inbox_cursor SET write_chunk = $1, done = $2, target = $3, read_chunk = $4, read_tid = $5,"
      " clock = $6, held = $7");
  const bool is_in_round = !target_.empty();
  (void)update(spi_, static_cast<int16_t>(write_chunk_), done_,
               is_in_round ? std::optional(target_) : std::nullopt,
               is_in_round ? std::optional(static_cast<int16_t>(read_chunk_)) : std::nullopt,
               is_in_round ? std::optional(read_tid_) : std::nullopt, clock, held_);
}

}  // namespace cdp::event
