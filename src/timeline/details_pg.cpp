/// cdp_timeline_details(): packed events as rows.

#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/spi.hpp"
#include "timeline/chunk.hpp"
#include "timeline/property_names.hpp"

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

CDP_FUNCTION(cdp_timeline_details) {
  const pg::Arguments arguments(fcinfo);
  pg::RowSink rows(fcinfo);
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  const timeline::StoredPropertyNames names(spi);
  for (const timeline::PackableEvent& event :
       timeline::unpack_chunk(arguments.bytes(0), arguments.bytes(1), names)) {
    const timeline::EventDetails& details = event.details;
    rows.add({pg::to_datum(event.time), Int64GetDatum(details.arrival_no), Int32GetDatum(event.event_no),
              BoolGetDatum(event.begins_session),
              details.insert_id ? std::optional(pg::to_text(*details.insert_id)) : std::nullopt,
              pg::to_text(details.source), pg::to_jsonb(details.properties), pg::to_jsonb(details.context),
              pg::to_datum(details.received_at)});
  }
  return 0;
}
