/// Erasure of one user's events.

#include "base/interrupt.hpp"
#include "event/store.hpp"
#include "pg/spi.hpp"
#include "timeline/gathered_days.hpp"
#include "timeline/kept_histories.hpp"
#include "timeline/packing.hpp"
#include "timeline/user_events.hpp"

namespace cdp::timeline {

void forget_user(pg::Spi& spi, int64_t user_no, const std::vector<int64_t>& numbers) {
  std::set<EventDay> days;
  std::vector<event::InsertId> insert_ids;
  InterruptTicker ticker;
  UserEvents(spi).up(user_no, Instant::min(), [&](const StoredEvent& event) {
    ticker.tick();
    days.insert({event.event_no(), day_of(event.key().first)});
    if (const auto insert_id = event.insert_id()) insert_ids.push_back({event.source(), *insert_id});
    return true;
  });
  event::forget_insert_ids(spi, insert_ids);
  event::forget_events(spi, numbers);
  static pg::Query remove("DELETE FROM cdp.timeline WHERE user_no = $1");
  // Also where another process has gathered the bits of a round that is not over.
  if (remove(spi, user_no).size() > 0) add_gone_users(spi, {user_no});
  remove_from_days(spi, days, numbers);
  note_changed(spi, numbers);
}

}  // namespace cdp::timeline
