#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "timeline/kept_histories.hpp"
#include "timeline/settings.hpp"

#include <algorithm>
#include <utility>

extern "C" {
#include <access/xact.h>
}

namespace cdp::timeline {

namespace {

HistoryCache cache;

/// The number of the last change of events that this process knows of. Each takes one of
/// cdp.event_change_no, so others' show, also where they were rolled back.
int64_t last_known = -1;
uint32_t known_sequence = 0;  ///< which sequence that is: an extension may be dropped and created

/// The latest subtransaction of this transaction that changed events; 0: none did.
SubTransactionId changed_in = InvalidSubTransactionId;

void forget_if_rolled_back(XactEvent event, void* /*argument*/) {
  if (event != XACT_EVENT_ABORT && event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE) return;
  // Of what is prepared nobody knows how it ends.
  if (event != XACT_EVENT_COMMIT && changed_in != InvalidSubTransactionId) cache.clear();
  changed_in = InvalidSubTransactionId;
}

/// Those within a subtransaction have higher numbers.
void forget_if_part_is_rolled_back(SubXactEvent event, SubTransactionId subtransaction,
                                   SubTransactionId /*parent*/, void* /*argument*/) {
  if (event == SUBXACT_EVENT_ABORT_SUB && changed_in >= subtransaction) cache.clear();
}

/// This transaction is about to have changed events.
void note_change(pg::Spi& spi) {
  static bool is_registered = false;
  if (!std::exchange(is_registered, true)) {
    pg::guard([] {
      RegisterXactCallback(forget_if_rolled_back, nullptr);
      RegisterSubXactCallback(forget_if_part_is_rolled_back, nullptr);
    });
  }
  static pg::Query query("SELECT nextval('cdp.event_change_no')");
  const int64_t number = query(spi).bigint(0, 0);
  if (number != last_known + 1) cache.clear();
  last_known = number;
  changed_in = std::max(changed_in, GetCurrentSubTransactionId());
}

}  // namespace

HistoryCache& kept_histories(pg::Spi& spi, const Demand& demand) {
  static pg::Query query(
      "SELECT CASE WHEN is_called THEN last_value ELSE 0 END, tableoid FROM cdp.event_change_no");
  const pg::Rows rows = query(spi);
  const int64_t last = rows.bigint(0, 0);
  const uint32_t sequence = DatumGetObjectId(rows.datum(0, 1));
  const bool is_same_sequence = std::exchange(known_sequence, sequence) == sequence;
  if (std::exchange(last_known, last) != last || !is_same_sequence) cache.clear();
  cache.begin(demand, history_cache_bytes());
  return cache;
}

void note_stored(pg::Spi& spi, std::span<const StoredTime> events) {
  if (events.empty()) return;
  note_change(spi);
  if (cache.is_empty()) return;
  for (const StoredTime& event : events) cache.note_stored(event.user_no, event.time);
}

void note_changed(pg::Spi& spi, std::span<const int64_t> users) {
  if (users.empty()) return;
  note_change(spi);
  for (const int64_t user_no : users) cache.drop(user_no);
}

void note_packed(pg::Spi& spi, int64_t first_user, int64_t last_user) {
  note_change(spi);
  cache.drop_from_to(first_user, last_user);
}

}  // namespace cdp::timeline
