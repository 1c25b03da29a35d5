#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "event/inbox.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/range_scan.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

extern "C" {
#include <access/xact.h>
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
/// How many pages at a chunk's end are looked at before it is locked.
constexpr int64_t kLastPages = 32;
/// Smaller payloads lie in their rows, mostly; those that do not may wait for the next large one.
constexpr size_t kLargePayloadBytes = 2048;

/// More are taken by several calls.
constexpr int64_t kMostAtOnce = 1000000;
/// How many rows are read beyond those that are taken, to find what was queued before and lies behind.
constexpr int64_t kLookAhead = 1000;
constexpr uint64_t kBeforeFirstRow = 0;
constexpr uint64_t kBehindLastRow = uint64_t{0xfffffffe} << 16 | 0xffff;

/// The columns of a chunk.
enum Column : uint8_t { kSource, kPayload, kReceivedAt, kXid, kHome, kChunk, kQueueNo };

/// The statements over one chunk.
struct ChunkStatements {
  const char* name;
  pg::Query remove;
  pg::Query size;
  const char* lock;
  const char* truncate;
  std::chrono::steady_clock::time_point tried_at{};  ///< by this backend
};

#define CDP_CHUNK(number)                                                                                   \
  ChunkStatements {                                                                                         \
    "inbox_" number, pg::Query("DELETE FROM cdp.inbox_" number " WHERE ctid = ANY($1::tid[])"),             \
        pg::Query("SELECT pg_relation_size('cdp.inbox_" number "'::regclass)"),                             \
        "LOCK TABLE cdp.inbox_" number " IN ACCESS EXCLUSIVE MODE NOWAIT", "TRUNCATE cdp.inbox_" number, {} \
  }

ChunkStatements& chunk_statements(int chunk) {
  static ChunkStatements statements[kChunks] = {CDP_CHUNK("0"), CDP_CHUNK("1"), CDP_CHUNK("2")};
  return statements[chunk];
}

#undef CDP_CHUNK

uint64_t place_of(const std::string& text) {
  unsigned block = 0;
  unsigned item = 0;
  if (sscanf(text.c_str(), "(%u,%u)", &block, &item) != 2)
    throw Error(Category::Internal, "cdp.inbox_cursor holds no place: " + text);
  return static_cast<uint64_t>(block) << 16 | item;
}

/// From the text of a tid[].
std::vector<uint64_t> places_of(const std::string& text) {
  std::vector<uint64_t> places;
  for (size_t at = text.find('('); at != std::string::npos; at = text.find('(', at + 1))
    places.push_back(place_of(text.substr(at)));
  return places;
}

/// 0 if it has no number yet.
uint64_t own_transaction() {
  return pg::guard([] { return U64FromFullTransactionId(GetTopFullTransactionIdIfAny()); });
}

/// The snapshot of now, with this transaction counted as running: its own messages are taken another way.
Snapshot current_snapshot(pg::Spi& spi) {
  static pg::Query query("SELECT pg_current_snapshot()::text");
  Snapshot snapshot = Snapshot::parse(query(spi).text(0, 0));
  // A number that this transaction has not got yet will be higher than any that is seen.
  if (const uint64_t own = own_transaction(); own != 0) snapshot.exclude(own);
  return snapshot;
}

}  // namespace

Inbox::Inbox(pg::Spi& spi) : spi_(spi) {
  static pg::Query query(
      "SELECT home, write_chunk, done, target, read_chunk, read_tid, clock, held FROM cdp.inbox_cursor");
  const pg::Rows rows = query(spi);
  home_ = rows.integer(0, 0);
  write_chunk_ = rows.smallint(0, 1);
  done_ = Snapshot::parse(rows.text(0, 2));
  if (!rows.is_null(0, 3)) {
    target_ = Snapshot::parse(rows.text(0, 3));
    read_chunk_ = rows.smallint(0, 4);
    read_until_ = place_of(rows.text(0, 5));
  }
  held_ = places_of(rows.text(0, 7));
  clock_ = rows.instant(0, 6);
}

/// A round begins with the chunk that was filled longest ago.
void Inbox::start_round() {
  target_ = current_snapshot(spi_);
  read_chunk_ = (write_chunk_ + 1) % kChunks;
  read_until_ = kBeforeFirstRow;
  has_started_round_ = true;
}

/// Rows of the chunk that were read and are not taken yet.
class Inbox::Window {
 public:
  Window(const Inbox& inbox, const char* chunk)
      : inbox_(inbox), own_(own_transaction()), rows_of_chunk_("cdp", chunk, inbox.read_until_) {}

  /// Reads the rows that are held back.
  void read_held() {
    for (const uint64_t place : inbox_.held_) {
      const std::optional<pg::StoredRow> row = rows_of_chunk_.at(place);
      if (!row) continue;
      // Messages of a transaction that a later one takes are as good as those of another installation: the
      // next round would see them.
      add(*row, is_of_others(*row) || !is_in_round(*row));
    }
  }

  /// Reads on until there are `most` rows or their payloads have `most_bytes`. Says whether it came to the
  /// end.
  bool read_on(int64_t most, int64_t most_bytes) {
    while (static_cast<int64_t>(rows_.size()) < most && bytes_ < most_bytes) {
      const std::optional<pg::StoredRow> row = rows_of_chunk_.next();
      if (!row) return true;
      const bool is_outside =
          is_of_others(*row) || (own_ != 0 && static_cast<uint64_t>(row->bigint(kXid)) == own_);
      if (!is_outside && !is_in_round(*row)) continue;
      add(*row, is_outside);
      last_ = row->place();
    }
    return false;
  }

  size_t size() const { return rows_.size(); }
  /// Where the row lies that read_on() read last; 0 if it read none.
  uint64_t last() const { return last_; }

  void sort() {
    const auto is_before = [](const Row& a, const Row& b) { return a.queued.queue_no < b.queued.queue_no; };
    // Rows of one connection lie in order.
    if (!std::is_sorted(rows_.begin(), rows_.end(), is_before))
      std::stable_sort(rows_.begin(), rows_.end(), is_before);
  }

  /// Moves the first rows, as many and of as many bytes, to `batch`; at least one.
  void take(size_t most, int64_t* bytes_left, std::vector<Queued>* batch) {
    const auto is_wanted = [&] { return taken_ == 0 || (*bytes_left > 0 && taken_ < most); };
    for (; taken_ < rows_.size() && is_wanted(); ++taken_) {
      Queued& queued = rows_[taken_].queued;
      *bytes_left -= static_cast<int64_t>(queued.payload.size());
      batch->push_back(std::move(queued));
    }
  }

  /// Where those of the taken rows lie that are outside of the snapshots.
  std::vector<uint64_t> outside() const {
    std::vector<uint64_t> places;
    for (size_t i = 0; i < taken_; ++i)
      if (rows_[i].is_outside) places.push_back(rows_[i].place);
    return places;
  }

  /// Where the others lie.
  std::vector<uint64_t> held() const {
    std::vector<uint64_t> places;
    for (size_t i = taken_; i < rows_.size(); ++i) places.push_back(rows_[i].place);
    return places;
  }

 private:
  struct Row {
    Queued queued;
    uint64_t place = 0;
    bool is_outside = false;  ///< of the snapshots: to be deleted once it is taken
  };

  bool is_of_others(const pg::StoredRow& row) const { return row.integer(kHome) != inbox_.home_; }
  bool is_in_round(const pg::StoredRow& row) const {
    const auto transaction = static_cast<uint64_t>(row.bigint(kXid));
    return !inbox_.done_.sees(transaction) && inbox_.target_->sees(transaction);
  }

  void add(const pg::StoredRow& stored, bool is_outside) {
    Row& row = rows_.emplace_back();
    row.place = stored.place();
    row.is_outside = is_outside;
    {
      // Large payloads are fetched from where the server keeps them: into memory that goes with the row, else
      // a transaction that takes a long backlog would hold all of it.
      const pg::InContext in_payload(payload_.context());
      row.queued.source = stored.text(kSource);
      row.queued.is_null = stored.is_null(kPayload);
      if (!row.queued.is_null) row.queued.payload = stored.text(kPayload);
    }
    row.queued.received_at = stored.instant(kReceivedAt);
    row.queued.queue_no = stored.bigint(kQueueNo);
    bytes_ += static_cast<int64_t>(row.queued.payload.size());
    if (row.queued.payload.size() > kLargePayloadBytes) payload_.reset();
  }

  const Inbox& inbox_;
  uint64_t own_;
  pg::RangeScan rows_of_chunk_;
  pg::Arena payload_{"cdp inbox payload"};
  std::vector<Row> rows_;
  size_t taken_ = 0;
  int64_t bytes_ = 0;
  uint64_t last_ = 0;
};

/// Says whether the chunk is at its end.
bool Inbox::take_from_chunk(int64_t limit, int64_t* bytes_left, std::vector<Queued>* batch) {
  ChunkStatements& statements = chunk_statements(read_chunk_);
  std::vector<uint64_t> outside;
  bool is_at_end = false;
  {
    Window window(*this, statements.name);
    window.read_held();
    is_at_end = window.read_on(std::min(limit, kMostAtOnce) + kLookAhead, *bytes_left);
    if (window.last() != 0) read_until_ = window.last();
    if (is_at_end) read_until_ = kBehindLastRow;
    window.sort();
    const size_t kept_back = is_at_end ? 0 : std::min<size_t>(kLookAhead, window.size() / 2);
    window.take(std::min(static_cast<size_t>(limit), window.size() - kept_back), bytes_left, batch);
    outside = window.outside();
    held_ = window.held();
  }
  if (!outside.empty()) (void)statements.remove(spi_, pg::tids_text(outside));
  return is_at_end && held_.empty();
}

std::vector<Queued> Inbox::take(int64_t limit, int64_t max_bytes) {
  std::vector<Queued> batch;
  int64_t bytes_left = std::max<int64_t>(max_bytes, 1);
  while (static_cast<int64_t>(batch.size()) < limit && bytes_left > 0) {
    if (!target_) {
      // A round that began here sees all that was committed before: with it this reader has done its work,
      // and writers who are quicker do not keep it at it for ever.
      if (has_started_round_) break;
      start_round();
    }
    if (!take_from_chunk(limit - static_cast<int64_t>(batch.size()), &bytes_left, &batch)) continue;
    if (read_chunk_ != write_chunk_) {
      read_chunk_ = (read_chunk_ + 1) % kChunks;
      read_until_ = kBeforeFirstRow;
      continue;
    }
    done_ = *std::exchange(target_, std::nullopt);
    // The end of a round that an earlier batch began must be remembered; one that found nothing need not be.
    if (!has_started_round_) has_changed_ = true;
  }
  has_changed_ |= !batch.empty();
  return batch;
}

/// Are there rows from this page on that the rounds so far did not see?
bool Inbox::holds_more(const char* chunk, int64_t first_page) const {
  pg::RangeScan rows("cdp", chunk, static_cast<uint64_t>(first_page) << 16);
  InterruptTicker ticker;
  while (const std::optional<pg::StoredRow> row = rows.next()) {
    ticker.tick();
    if (row->integer(kHome) != home_ || !done_.sees(static_cast<uint64_t>(row->bigint(kXid)))) return true;
  }
  return false;
}

/// No writer holds the chunk once it is locked, so what it holds then is all it will hold.
void Inbox::truncate_if_processed(int chunk) {
  ChunkStatements& statements = chunk_statements(chunk);
  const auto now = std::chrono::steady_clock::now();
  if (chunk == write_chunk_ && now < statements.tried_at + kTruncateInterval) return;
  const int64_t size = statements.size(spi_).bigint(0, 0);
  if (size <= (chunk == write_chunk_ ? kSmallChunkBytes : 0)) return;
  statements.tried_at = now;
  // What came last tells most often that the lock is not worth taking.
  if (holds_more(statements.name, std::max<int64_t>(size / BLCKSZ - kLastPages, 0))) return;
  try {
    pg::in_subtransaction([&] {
      pg::execute(spi_, statements.lock);
      if (!holds_more(statements.name, 0)) pg::execute(spi_, statements.truncate);
    });
  } catch (const pg::ServerError& error) {
    // A writer, or a query of this session, has it: another batch will find it free.
    if (error.sqlstate() != ERRCODE_LOCK_NOT_AVAILABLE && error.sqlstate() != ERRCODE_OBJECT_IN_USE) throw;
  }
}

void Inbox::empty_processed() {
  if (target_) return;
  for (int chunk = 0; chunk < kChunks; ++chunk) truncate_if_processed(chunk);
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
  empty_processed();
  rotate();
  static pg::Query update(
      "UPDATE cdp.inbox_cursor SET write_chunk = $1, done = $2, target = $3, read_chunk = $4, read_tid = $5,"
      " clock = $6, held = $7");
  const bool is_in_round = target_.has_value();
  (void)update(spi_, static_cast<int16_t>(write_chunk_), done_.to_string(),
               is_in_round ? std::optional(target_->to_string()) : std::nullopt,
               is_in_round ? std::optional(static_cast<int16_t>(read_chunk_)) : std::nullopt,
               is_in_round ? std::optional(pg::tid_text(read_until_)) : std::nullopt, clock,
               pg::tids_text(held_));
}

}  // namespace cdp::event
