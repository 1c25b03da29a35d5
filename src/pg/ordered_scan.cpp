#include "pg/ordered_scan.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include <algorithm>
#include <exception>
#include <utility>

extern "C" {
#include <access/genam.h>
#include <access/heapam.h>
#include <access/itup.h>
#include <access/stratnum.h>
#include <access/xact.h>
#include <miscadmin.h>
#include <storage/bufmgr.h>
#include <storage/bufpage.h>
#include <utils/fmgroids.h>
#include <utils/memutils.h>
#include <utils/rel.h>
}

namespace cdp::pg {

namespace {
constexpr int kRowsAtOnce = 256;
/// Pages that are held while their rows are read; rows of further ones are copied.
constexpr int kPagesAtOnce = 64;
/// Index entries that are looked at for one lot.
constexpr int kMostLooks = 100000;
constexpr size_t kCacheLineBytes = 64;
constexpr size_t kPrefetchedBytes = 5 * kCacheLineBytes;
}  // namespace

/// Plain data, as State is.
struct OrderedScan::Lot {
  int found;
  HeapTupleData rows[kRowsAtOnce];
  ItemPointerData places[kRowsAtOnce];  ///< of those that are given, as are the following
  const char* ends[kRowsAtOnce];
  Datum* values;  ///< row after row
  bool* nulls;
  Buffer pages[kPagesAtOnce];
  int page_count;
  MemoryContext copies;  ///< of rows whose pages are not held

  void release();
};

/// Plain data, so that the server's errors may pass over it.
struct OrderedScan::State {
  MemoryContext context;  ///< of the scan
  OpenedIndex opened;
  IndexScanDesc scan;  ///< nullptr before the first seek
  TupleDesc columns;   ///< those that are read
  Lot lots[kLots];
  ItemPointerData places[kRowsAtOnce];
  uint64_t by_page[kRowsAtOnce];  ///< in the order of pages: page, then 16 bits of which place it is
  bool is_at_end;
  Filter filter;  ///< nullptr: all rows are wanted
  const void* filter_argument;

  bool is_wanted() const;
  int find_places();
  void sort_by_page(int count);
  void find_rows(Lot* lot, int count);
  bool take_visible(Page page, const ItemPointerData& place, HeapTuple row) const;
  void find(Lot* lot);
  int unpack(Lot* lot) const;
};

OrderedScan::OrderedScan(const char* schema, const char* table, const char* index, Sees sees, int columns)
    : exceptions_(std::uncaught_exceptions()) {
  state_ = guard([&] {
    auto* state = static_cast<State*>(palloc0(sizeof(State)));
    state->opened = OpenedIndex::open(schema, table, index, sees);
    if (state->opened.table->rd_tableam != GetHeapamTableAmRoutine())
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("table \"%s\" is not kept by access method heap", table),
                      errhint("ALTER TABLE %s.%s SET ACCESS METHOD heap", schema, table)));
    state->context = CurrentMemoryContext;
    state->columns = first_columns(RelationGetDescr(state->opened.table), columns);
    for (Lot& lot : state->lots) {
      lot.copies = AllocSetContextCreate(CurrentMemoryContext, "cdp ordered scan", ALLOCSET_DEFAULT_SIZES);
      const Size count = static_cast<Size>(kRowsAtOnce) * static_cast<Size>(columns);
      lot.values = static_cast<Datum*>(palloc(count * sizeof(Datum)));
      lot.nulls = static_cast<bool*>(palloc(count * sizeof(bool)));
    }
    state->is_at_end = true;
    return state;
  });
}

OrderedScan::~OrderedScan() {
  // After an error the (sub)transaction, which is about to be rolled back, closes everything; whoever raised
  // the error may still hold a lock that ending the scan would wait for.
  if (std::uncaught_exceptions() > exceptions_) return;
  free_error(call_catching(
      [](void* argument) {
        auto* state = static_cast<State*>(argument);
        for (Lot& lot : state->lots) {
          lot.release();
          MemoryContextDelete(lot.copies);
        }
        if (state->scan != nullptr) index_endscan(state->scan);
        state->opened.close();
      },
      state_));
}

void OrderedScan::seek(int64_t first, int64_t last) {
  at_ = filled_ = 0;
  has_ahead_ = false;
  State* state = state_;
  guard([&] {
    // A key is compared with each entry of the index, so there are none for a walk through all of it.
    ScanKeyData keys[2];
    int count = 0;
    if (first > INT64_MIN)
      ScanKeyInit(&keys[count++], 1, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(first));
    if (last < INT64_MAX)
      ScanKeyInit(&keys[count++], 1, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(last));
    if (state->scan == nullptr || state->scan->numberOfKeys != count) {
      if (state->scan != nullptr) index_endscan(state->scan);
      MemoryContextSwitchTo(state->context);
      state->scan = begin_index_scan(state->opened.table, state->opened.index, state->opened.snapshot, count);
      state->scan->xs_want_itup = state->filter != nullptr;
    }
    index_rescan(state->scan, keys, count, nullptr, 0);
    state->is_at_end = false;
  });
}

void OrderedScan::set_filter(Filter filter, const void* argument) {
  state_->filter = filter;
  state_->filter_argument = argument;
}

/// Does the filter want the row of the index entry that the scan is at?
bool OrderedScan::State::is_wanted() const {
  if (filter == nullptr) return true;
  bool is_null = false;
  const Datum key = index_getattr(scan->xs_itup, 1, RelationGetDescr(opened.index), &is_null);
  return filter(filter_argument, DatumGetInt64(key));
}

/// The next places in the order of the index.
int OrderedScan::State::find_places() {
  int count = 0;
  for (int looked = 0; count < kRowsAtOnce && !is_at_end; ++looked) {
    if (looked == kMostLooks) break;  // cancels are answered between two lots
    const ItemPointer place = index_getnext_tid(scan, ForwardScanDirection);
    if (place == nullptr)
      is_at_end = true;
    else if (is_wanted())
      places[count++] = *place;
  }
  return count;
}

void OrderedScan::State::sort_by_page(int count) {
  for (int i = 0; i < count; ++i)
    by_page[i] = uint64_t{ItemPointerGetBlockNumber(&places[i])} << 16 | static_cast<uint64_t>(i);
  if (!std::is_sorted(by_page, by_page + count)) std::sort(by_page, by_page + count);
}

/// Sets the lot's rows to those at the places; t_data is nullptr where none is visible to the snapshot. A row
/// stays as and where it is while its page is pinned.
void OrderedScan::State::find_rows(Lot* lot, int count) {
  // Where all rows of a page are visible to all, none needs a look of its own.
  const bool trusts_pages = !opened.snapshot->takenDuringRecovery && !IsolationIsSerializable();
  for (int i = 0; i < count && lot->page_count < kPagesAtOnce; ++i) {
    if (i > 0 && by_page[i] >> 16 == by_page[i - 1] >> 16) continue;
    const Buffer buffer = ReadBuffer(opened.table, static_cast<BlockNumber>(by_page[i] >> 16));
    lot->pages[lot->page_count++] = buffer;
    __builtin_prefetch(BufferGetPage(buffer));
  }
  int page_at = 0;
  for (int i = 0; i < count;) {
    const auto number = static_cast<BlockNumber>(by_page[i] >> 16);
    const bool is_kept = page_at < lot->page_count;
    const Buffer buffer = is_kept ? lot->pages[page_at++] : ReadBuffer(opened.table, number);
    LockBuffer(buffer, BUFFER_LOCK_SHARE);
    const Page page = BufferGetPage(buffer);
    const bool are_all_visible = trusts_pages && PageIsAllVisible(page);
    for (; i < count && by_page[i] >> 16 == number; ++i) {
      HeapTuple row = &lot->rows[by_page[i] & 0xffff];
      ItemPointerData place = places[by_page[i] & 0xffff];
      if (!(are_all_visible && take_visible(page, place, row)) &&
          !heap_hot_search_buffer(&place, opened.table, buffer, opened.snapshot, row, nullptr, true))
        row->t_data = nullptr;
      else if (!is_kept)
        *row = *heap_copytuple(row);
    }
    LockBuffer(buffer, BUFFER_LOCK_UNLOCK);
    if (!is_kept) ReleaseBuffer(buffer);
  }
}

/// The row at a place of a page on which all rows are visible; false if it lies elsewhere on the page.
bool OrderedScan::State::take_visible(Page page, const ItemPointerData& place, HeapTuple row) const {
  OffsetNumber item = ItemPointerGetOffsetNumber(&place);
  if (item > PageGetMaxOffsetNumber(page)) return false;
  ItemId id = PageGetItemId(page, item);
  if (ItemIdIsRedirected(id)) {
    item = static_cast<OffsetNumber>(ItemIdGetRedirect(id));  // to the only version there is
    id = PageGetItemId(page, item);
  }
  if (!ItemIdIsNormal(id)) return false;
  row->t_data = reinterpret_cast<HeapTupleHeader>(PageGetItem(page, id));
  row->t_len = ItemIdGetLength(id);
  ItemPointerSet(&row->t_self, ItemPointerGetBlockNumber(&place), item);
  row->t_tableOid = RelationGetRelid(opened.table);
  // Rows are read a lot later: by then what they begin with has come from memory.
  for (size_t byte = 0; byte < kPrefetchedBytes; byte += kCacheLineBytes)
    __builtin_prefetch(reinterpret_cast<const char*>(row->t_data) + byte);
  return true;
}

void OrderedScan::Lot::release() {
  while (page_count > 0) ReleaseBuffer(pages[--page_count]);
  MemoryContextReset(copies);
}

StoredRow OrderedScan::row(int at) const {
  const Lot& lot = state_->lots[lot_];
  const int first = at * state_->columns->natts;
  return {lot.values + first, lot.nulls + first, place_of(lot.places[at]), lot.ends[at]};
}

/// Finds the next rows and asks for them to come from memory: they are read one lot later.
void OrderedScan::State::find(Lot* lot) {
  lot->release();
  lot->found = find_places();
  sort_by_page(lot->found);
  const MemoryContext before = MemoryContextSwitchTo(lot->copies);
  find_rows(lot, lot->found);
  MemoryContextSwitchTo(before);
}

/// Unpacks the rows that were found; how many of them are visible.
int OrderedScan::State::unpack(Lot* lot) const {
  int filled = 0;
  for (int i = 0; i < lot->found; ++i) {
    HeapTuple row = &lot->rows[i];
    if (row->t_data == nullptr) continue;
    const int first = filled * columns->natts;
    heap_deform_tuple(row, columns, lot->values + first, lot->nulls + first);
    lot->ends[filled] = reinterpret_cast<const char*>(row->t_data) + row->t_len;
    lot->places[filled++] = row->t_self;
  }
  return filled;
}

void OrderedScan::fetch() {
  State* state = state_;
  at_ = filled_ = 0;
  while (filled_ == 0 && (has_ahead_ || !state->is_at_end)) {
    lot_ = std::exchange(ahead_, (ahead_ + 1) % kLots);
    Lot* lot = &state->lots[lot_];
    Lot* following = &state->lots[ahead_];
    filled_ = guard([&] {
      CHECK_FOR_INTERRUPTS();
      if (!has_ahead_) state->find(lot);
      following->found = 0;
      if (!state->is_at_end) state->find(following);
      return state->unpack(lot);
    });
    has_ahead_ = following->found > 0;
  }
}

}  // namespace cdp::pg
