/// Limits of ids per kind, as rows.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"

extern "C" {
#include <commands/trigger.h>
}

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

CDP_FUNCTION(cdp_identity_kind_replace) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    throw Error(Category::State, "cdp_identity_kind_replace must be called as a trigger");
  const auto* trigger = reinterpret_cast<const TriggerData*>(fcinfo->context);
  bool is_null = false;
  const Datum kind = pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    return SPI_getbinval(trigger->tg_trigtuple, description, SPI_fnumber(description, "kind"), &is_null);
  });
  if (!is_null) {
    pg::Spi spi;
    static pg::Query remove("DELETE FROM cdp.identity_kind WHERE kind = $1");
    (void)remove(spi, pg::text_of(kind));
  }
  return PointerGetDatum(trigger->tg_trigtuple);
}
