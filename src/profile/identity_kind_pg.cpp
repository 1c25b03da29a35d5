/// Limits of ids per kind, as rows.

#include "pg/boundary.hpp"
#include "pg/spi.hpp"
#include "pg/trigger.hpp"

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

CDP_FUNCTION(cdp_identity_kind_replace) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  if (const std::optional<Datum> kind = pg::column_of(trigger, trigger->tg_trigtuple, "kind")) {
    pg::Spi spi;
    static pg::Query remove("DELETE FROM cdp.identity_kind WHERE kind = $1");
    (void)remove(spi, pg::text_of(*kind));
  }
  return PointerGetDatum(trigger->tg_trigtuple);
}
