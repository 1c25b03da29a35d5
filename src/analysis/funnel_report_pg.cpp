/// cdp_funnel_report(): a funnel over the stored events of everyone.

#include "analysis/funnel_report.hpp"
#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/spi.hpp"

#include <string>
#include <vector>

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

namespace {

/// The number of an event's name; -1 if no event has it.
int32_t event_no_of(pg::Spi& spi, std::string_view name) {
  static pg::Query query("SELECT event_no FROM cdp.event_name WHERE name = $1");
  const pg::Rows rows = query(spi, name);
  return rows.empty() ? -1 : rows.integer(0, 0);
}

std::vector<analysis::ReportStep> read_steps(pg::Spi& spi, Datum array) {
  std::vector<analysis::ReportStep> steps;
  for (const std::optional<std::string>& text : pg::texts_of(array)) {
    if (!text) throw Error(Category::BadValue, "a step of the funnel is null");
    const bool is_event = event_no_of(spi, *text) >= 0;
    steps.push_back(analysis::read_step(*text, is_event));
    steps.back().event_no = event_no_of(spi, steps.back().event);
  }
  return steps;
}

}  // namespace

CDP_FUNCTION(cdp_funnel_report) {
  const pg::Arguments arguments(fcinfo);
  if (arguments.is_null(0) || arguments.is_null(1))
    throw Error(Category::BadValue, "steps and window of a funnel must not be null");
  pg::RowSink rows(fcinfo);
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  std::vector<analysis::ReportStep> steps = read_steps(spi, arguments.datum(0));
  const Micros within = pg::micros_of(DatumGetIntervalP(arguments.datum(1)), "the window of a funnel");
  const Instant since = arguments.is_null(2) ? Instant::min() : arguments.instant(2);
  const Instant until = arguments.is_null(3) ? Instant::max() : arguments.instant(3);
  analysis::FunnelReport report(steps, within, since, until);
  timeline::scan_histories(spi, report.demand(), report);
  const std::vector<int64_t> users = report.users();
  for (size_t i = 0; i < users.size(); ++i)
    rows.add(
        {Int32GetDatum(static_cast<int32_t>(i + 1)), pg::to_text(steps[i].event), Int64GetDatum(users[i]),
         users[0] > 0
             ? std::optional(Float8GetDatum(static_cast<double>(users[i]) / static_cast<double>(users[0])))
             : std::nullopt});
  return 0;
}
