/// cdp_events(): one user's stored events.

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/spi.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

namespace {

std::optional<int64_t> user_no_of(pg::Spi& spi, std::string_view user_id) {
  static pg::Query query("SELECT user_no FROM cdp.identity WHERE value = $1 ORDER BY kind DESC LIMIT 1");
  const pg::Rows rows = query(spi, user_id);
  return rows.empty() ? std::nullopt : std::optional(rows.bigint(0, 0));
}

/// Names of events by their numbers.
class EventNames {
 public:
  explicit EventNames(pg::Spi& spi) {
    static pg::Query query("SELECT event_no, name FROM cdp.event_name");
    const pg::Rows rows = query(spi);
    for (uint64_t i = 0; i < rows.size(); ++i) names_.emplace(rows.integer(i, 0), rows.text(i, 1));
  }
  std::optional<Datum> text(int32_t event_no) const {
    const auto found = names_.find(event_no);
    return found != names_.end() ? std::optional(pg::to_text(found->second)) : std::nullopt;
  }
  std::optional<int32_t> number(std::string_view name) const {
    for (const auto& [event_no, known] : names_)
      if (known == name) return event_no;
    return std::nullopt;
  }

 private:
  std::unordered_map<int32_t, std::string> names_;
};

}  // namespace

CDP_FUNCTION(cdp_events) {
  const pg::Arguments arguments(fcinfo);
  pg::RowSink rows(fcinfo);
  if (arguments.is_null(0)) return 0;
  int64_t left = INT64_MAX;
  if (!arguments.is_null(4)) left = arguments.integer(4);
  if (left < 0) throw Error(Category::BadValue, "most must not be negative, but is " + std::to_string(left));
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  const std::optional<int64_t> user_no = user_no_of(spi, arguments.text(0));
  if (!user_no || left == 0) return 0;
  const EventNames names(spi);
  std::optional<int32_t> wanted;
  if (!arguments.is_null(3)) {
    wanted = names.number(arguments.text(3));
    if (!wanted) return 0;
  }
  const Instant since = arguments.is_null(1) ? Instant::min() : arguments.instant(1);
  const Instant until = arguments.is_null(2) ? Instant::max() : arguments.instant(2);
  InterruptTicker ticker;
  timeline::UserEvents events(spi);
  events.down(*user_no, std::min(until, kLastInstant), [&](const timeline::StoredEvent& event) {
    ticker.tick();
    const auto [time, arrival_no] = event.key();
    if (time < since) return false;
    if (time >= until || (wanted && event.event_no() != *wanted)) return true;
    const std::optional<std::string> insert_id = event.insert_id();
    rows.add({pg::to_datum(time), names.text(event.event_no()), pg::to_jsonb(event.properties()),
              pg::to_jsonb(event.context()),
              insert_id ? std::optional(pg::to_text(*insert_id)) : std::nullopt, pg::to_text(event.source()),
              pg::to_datum(event.received_at())});
    return --left > 0;
  });
  return 0;
}
