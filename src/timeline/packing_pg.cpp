#include "base/interrupt.hpp"
#include "event/recent.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "pg/table_writer.hpp"
#include "timeline/gathered_days.hpp"
#include "timeline/kept_histories.hpp"
#include "timeline/packed.hpp"
#include "timeline/packing.hpp"
#include "timeline/property_names.hpp"
#include "timeline/settings.hpp"
#include "timeline/stored_chunks_pg.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

extern "C" {
#include <access/table.h>
#include <access/transam.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <storage/procarray.h>
#include <utils/lsyscache.h>
}

namespace cdp::timeline {

namespace {

/// How many rows are gathered anew in the time of packing one.
constexpr int64_t kGatheredForPacked = 20;

/// `amount` times `factor`, at most INT64_MAX.
int64_t multiplied(int64_t amount, int64_t factor) {
  return amount > INT64_MAX / factor ? INT64_MAX : amount * factor;
}

/// The statements over one of the two tables.
struct TableStatements {
  pg::Query is_empty;
  const char* lock;
  const char* truncate;
};

TableStatements& statements_of(const event::RecentTable& table) {
  static TableStatements statements[2] = {
      {pg::Query("SELECT NOT EXISTS (SELECT FROM cdp.recent_event_0)"),
       "LOCK TABLE cdp.recent_event_0 IN ACCESS EXCLUSIVE MODE NOWAIT", "TRUNCATE cdp.recent_event_0"},
      {pg::Query("SELECT NOT EXISTS (SELECT FROM cdp.recent_event_1)"),
       "LOCK TABLE cdp.recent_event_1 IN ACCESS EXCLUSIVE MODE NOWAIT", "TRUNCATE cdp.recent_event_1"}};
  return statements[table.slot];
}

/// Can no snapshot see any longer what was before this transaction?
bool is_over_for_all(const event::RecentTable& table, uint64_t transaction) {
  return pg::guard([&] {
    // One of another installation, from a dump, says nothing here.
    if (transaction >= U64FromFullTransactionId(ReadNextFullTransactionId())) return true;
    Relation relation =
        table_open(get_relname_relid(table.table, get_namespace_oid("cdp", false)), AccessShareLock);
    const TransactionId oldest = GetOldestNonRemovableTransactionId(relation);
    table_close(relation, NoLock);
    return TransactionIdPrecedes(static_cast<TransactionId>(transaction), oldest);
  });
}

PackableEvent packable(const pg::StoredRow& row) {
  PackableEvent event;
  event.details.received_at = row.instant(event::kRecentReceived);  // the last column first: one unpacking
  event.time = row.instant(event::kRecentTime);
  event.event_no = row.integer(event::kRecentEvent);
  event.details.arrival_no = row.bigint(event::kRecentArrival);
  if (!row.is_null(event::kRecentInsertId)) event.details.insert_id = row.text(event::kRecentInsertId);
  event.details.source = row.text(event::kRecentSource);
  event.details.properties = row.json(event::kRecentProperties);
  event.details.context = row.json(event::kRecentContext);
  return event;
}

void mark_sessions(const std::vector<EventKey>& starts, std::span<PackableEvent> events) {
  for (PackableEvent& event : events)
    event.begins_session = std::binary_search(starts.begin(), starts.end(), event.key());
}

/// Merges users' recent events into their chunks.
class Writer {
 public:
  Writer(pg::Spi& spi, const SessionStarts& session_starts)
      : session_starts_(session_starts), names_(spi), stored_("cdp", "timeline", "timeline_pkey") {}

  /// Takes in all events that a user has beside the packed ones; they are in order.
  void add(int64_t user_no, std::vector<PackableEvent> events) {
    const std::vector<StoredChunk> chunks = chunks_from(user_no, events.front().time);
    const bool is_late = !chunks.empty() && events.front().time <= chunks.back().last;
    Instant from = events.front().time;
    if (!chunks.empty()) from = std::min(from, chunks.front().first.first);
    Instant until = events.back().time;
    if (is_late) until = std::max(until, chunks.back().last);
    const std::vector<EventKey> starts = session_starts_(user_no, from, until);

    auto next = events.begin();
    const auto take_before = [&](const StoredChunk* end) {
      const auto begin = next;
      while (next != events.end() && (end == nullptr || next->key() < end->first)) ++next;
      return std::span(begin, next);
    };
    if (const auto run = take_before(chunks.empty() ? nullptr : chunks.data()); !run.empty())
      insert(user_no, starts, run);
    for (size_t i = 0; i < chunks.size(); ++i) {
      const auto run = take_before(i + 1 < chunks.size() ? &chunks[i + 1] : nullptr);
      const StoredChunk& chunk = chunks[i];
      const bool belongs = !run.empty() && (run.front().time <= chunk.last ||
                                            2 * static_cast<size_t>(chunk.size) < chunk_events());
      if (belongs)
        rewrite(user_no, starts, chunk, run);
      else if (is_late && has_other_sessions(user_no, starts, chunk))
        rewrite(user_no, starts, chunk, {});
      if (!belongs && !run.empty()) insert(user_no, starts, run);
    }
  }

  void finish() { rows_.finish(); }

 private:
  /// The chunks of a user from the one that a time is in, or behind, on.
  std::vector<StoredChunk> chunks_from(int64_t user_no, Instant time) {
    Instant since = time;
    stored_.seek_down(user_no, time);
    // Further back where chunks begin or end at the same time.
    for (auto row = stored_.next(); row; row = stored_.next()) {
      since = row->instant(kChunkFirst);
      if (row->instant(kChunkLast) < time) break;
    }
    std::vector<StoredChunk> chunks;
    stored_.seek_up(user_no, since);
    while (const auto row = stored_.next()) chunks.push_back(stored_chunk(*row));
    return chunks;
  }

  std::vector<PackableEvent> read(int64_t user_no, const StoredChunk& chunk) {
    std::vector<PackableEvent> events;
    stored_.find(
        [&](const pg::IndexLookup::Row& row) {
          const pg::InContext in_arena(arena_.context());
          events = events_of(row, names_);
        },
        user_no, chunk.first.first, chunk.first.second);
    arena_.reset();
    return events;
  }

  bool has_other_sessions(int64_t user_no, const std::vector<EventKey>& starts, const StoredChunk& chunk) {
    const std::vector<PackableEvent> events = read(user_no, chunk);
    return std::any_of(events.begin(), events.end(), [&](const PackableEvent& event) {
      return event.begins_session != std::binary_search(starts.begin(), starts.end(), event.key());
    });
  }

  void insert(int64_t user_no, const std::vector<EventKey>& starts, std::span<PackableEvent> events) {
    mark_sessions(starts, events);
    for (const Chunk& chunk : pack_chunks(events, chunk_events(), names_)) add_row(user_no, chunk);
  }

  /// A chunk with further events.
  void rewrite(int64_t user_no, const std::vector<EventKey>& starts, const StoredChunk& chunk,
               std::span<PackableEvent> further) {
    std::vector<PackableEvent> packed = read(user_no, chunk);
    std::vector<PackableEvent> events;
    events.reserve(packed.size() + further.size());
    std::merge(std::make_move_iterator(packed.begin()), std::make_move_iterator(packed.end()),
               std::make_move_iterator(further.begin()), std::make_move_iterator(further.end()),
               std::back_inserter(events),
               [](const PackableEvent& a, const PackableEvent& b) { return a.key() < b.key(); });
    mark_sessions(starts, events);
    // The first of the new chunks begins as the old one did.
    const std::vector<Chunk> chunks = pack_chunks(events, chunk_events(), names_);
    rows_.update(chunk.place, pg::Set{kChunkLast, chunks.front().last},
                 pg::Set{kChunkSize, chunks.front().size},
                 pg::Set{kChunkTimeline, pg::Bytes{chunks.front().timeline}},
                 pg::Set{kChunkDetails, pg::Bytes{chunks.front().details}});
    for (size_t i = 1; i < chunks.size(); ++i) add_row(user_no, chunks[i]);
  }

  void add_row(int64_t user_no, const Chunk& chunk) {
    rows_.add(user_no, chunk.first, chunk.first_arrival, chunk.last, chunk.size, pg::Bytes{chunk.timeline},
              pg::Bytes{chunk.details});
  }

  const SessionStarts& session_starts_;
  StoredPropertyNames names_;
  pg::IndexLookup stored_;
  pg::TableWriter rows_{"cdp", "timeline"};
  pg::Arena arena_{"cdp packing"};
};

}  // namespace

Packing::Packing(pg::Spi& spi, SessionStarts session_starts)
    : spi_(spi), session_starts_(std::move(session_starts)) {}

Instant Packing::opened_at() const {
  static pg::Query query("SELECT opened_at FROM cdp.packing");
  const pg::Rows rows = query(spi_);
  return rows.empty() ? Instant::min() : rows.instant(0, 0);
}

bool Packing::empty_closed() {
  const event::RecentTables tables = event::RecentTables::read(spi_);
  if (tables.may_count_in_closed()) return false;
  static pg::Query query("SELECT done_xid::text::bigint FROM cdp.packing WHERE done_xid IS NOT NULL");
  const pg::Rows rows = query(spi_);
  if (rows.empty()) return true;
  if (!is_over_for_all(tables.closed(), static_cast<uint64_t>(rows.bigint(0, 0)))) return false;
  const TableStatements& statements = statements_of(tables.closed());
  try {
    pg::in_subtransaction([&] {
      pg::execute(spi_, statements.lock);
      pg::execute(spi_, statements.truncate);
    });
  } catch (const pg::ServerError& error) {
    // A reader, or a query of this session, has it: another time it will be free.
    if (error.sqlstate() != ERRCODE_LOCK_NOT_AVAILABLE && error.sqlstate() != ERRCODE_OBJECT_IN_USE) throw;
    return false;
  }
  static pg::Query update("UPDATE cdp.packing SET done_xid = NULL");
  (void)update(spi_);
  return true;
}

bool Packing::close_open(Instant now) {
  const event::RecentTables tables = event::RecentTables::read(spi_);
  if (statements_of(tables.open()).is_empty(spi_).boolean(0, 0)) return false;
  static pg::Query upsert(
      "INSERT INTO cdp.packing AS p (slot, opened_at, packed_until) VALUES ($1, $2, 0)"
      " ON CONFLICT (is_single) DO UPDATE SET slot = excluded.slot, opened_at = excluded.opened_at,"
      " packed_until = 0, done_xid = NULL");
  (void)upsert(spi_, static_cast<int16_t>(tables.closed().slot), now);
  return true;
}

Packed Packing::pack(int64_t most_events) {
  const event::RecentTables tables = event::RecentTables::read(spi_);
  GatheredDays& days = GatheredDays::of_process();
  Packed packed;
  if (!tables.may_count_in_closed()) {
    days.clear();
    return packed;
  }
  const int64_t packed_before = tables.packed_until();
  int64_t user_no = packed_before;
  if (!days.catch_up(spi_, tables, multiplied(most_events, kGatheredForPacked))) {
    packed.has_more = true;
    save_step(user_no, packed);
    return packed;
  }
  Writer writer(spi_, session_starts_);
  {
    pg::IndexLookup rows("cdp", tables.closed().table, tables.closed().key);
    pg::Arena arena("cdp packed rows");
    std::vector<PackableEvent> events;
    const auto finish_user = [&] {
      if (events.empty()) return;
      packed.events += static_cast<int64_t>(events.size());
      for (const PackableEvent& event : events) days.add(event.event_no, event.time, user_no);
      writer.add(user_no, std::exchange(events, {}));
      arena.reset();
      days.write_if_large(spi_);
    };
    InterruptTicker ticker;
    rows.seek_up(user_no + 1);
    while (const std::optional<pg::StoredRow> row = rows.next()) {
      ticker.tick();
      if (const int64_t next = row->bigint(event::kRecentUser); next != user_no) {
        finish_user();
        if (packed.events >= most_events) {
          packed.has_more = true;
          break;
        }
        user_no = next;
      }
      const pg::InContext in_arena(arena.context());
      events.push_back(packable(*row));
    }
    finish_user();
  }
  writer.finish();
  if (packed.events > 0) note_packed(spi_, packed_before + 1, user_no);
  if (!packed.has_more) {
    days.write(spi_, most_events == INT64_MAX ? INT64_MAX : GatheredDays::kRowsAtOnce);
    packed.has_more = !days.is_empty();
  }
  save_step(user_no, packed);
  return packed;
}

void Packing::save_step(int64_t user_no, const Packed& packed) {
  static pg::Query update(
      "UPDATE cdp.packing SET packed_until = $1, done_xid = CASE WHEN $2 THEN pg_current_xact_id() END"
      " RETURNING xmin::text::bigint");
  const int64_t packed_until = packed.has_more ? user_no : INT64_MAX;
  const pg::Rows rows = update(spi_, packed_until, !packed.has_more);
  GatheredDays::of_process().finish_step(packed_until, rows.bigint(0, 0));
}

void unpack_users(pg::Spi& spi, const std::vector<int64_t>& losers, int64_t winner) {
  const event::RecentTables tables = event::RecentTables::read(spi);
  const event::RecentTable& table = tables.open();
  std::optional<pg::BulkInsert> rows;
  std::vector<int64_t> unpacked;
  {
    const StoredPropertyNames names(spi);
    pg::IndexLookup stored("cdp", "timeline", "timeline_pkey");
    pg::Arena arena("cdp unpacked rows");
    for (const int64_t loser : losers) {
      stored.find(
          [&](const pg::IndexLookup::Row& row) {
            if (!rows) rows.emplace("cdp", table.table, "recent_event");
            if (unpacked.empty() || unpacked.back() != loser) unpacked.push_back(loser);
            {
              const pg::InContext in_arena(arena.context());
              for (const PackableEvent& event : events_of(row, names))
                rows->add(winner, event.time, event.details.arrival_no, event.event_no,
                          event.details.insert_id, event.details.source, event.details.properties,
                          event.details.context, event.details.received_at, static_cast<int16_t>(table.slot));
            }
            arena.reset();
          },
          loser);
    }
  }
  if (!rows) return;
  rows->finish();
  static pg::Query remove("DELETE FROM cdp.timeline WHERE user_no = ANY($1)");
  (void)remove(spi, unpacked);
  add_gone_users(spi, unpacked);
}

}  // namespace cdp::timeline
