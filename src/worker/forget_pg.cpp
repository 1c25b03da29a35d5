/// Erasure on request, room by room.

#include "base/error.hpp"
#include "decision/feedback.hpp"
#include "event/store.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"
#include "profile/trait_index.hpp"
#include "segment/catalog.hpp"
#include "segment/membership.hpp"
#include "session/store.hpp"
#include "timeline/packing.hpp"

#include <optional>

extern "C" {
#include <access/xact.h>
}

namespace cdp::worker {

namespace {

/// Says whether there was such a person.
bool forget(pg::Spi& spi, std::string_view id) {
  const std::optional<int64_t> user_no = profile::find_user(spi, id);
  if (!user_no) return false;
  const profile::Names names = profile::names_of(spi, *user_no);
  timeline::forget_user(spi, *user_no, names.numbers);
  event::forget_violations(spi, names.ids);
  session::forget_user(spi, names.numbers);
  segment::forget_user(spi, names.numbers);
  decision::forget_user(spi, *user_no, names.ids);
  profile::forget_person(spi, *user_no, names);
  profile::fold_changed_profiles_of(spi, names.numbers);
  return true;
}

}  // namespace

}  // namespace cdp::worker

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

CDP_FUNCTION(cdp_forget) {
  // A snapshot from before the lock would miss rows that must not be left behind.
  if (IsolationUsesXactSnapshot())
    throw Error(Category::State,
                "cdp_forget() cannot run in a transaction of isolation level repeatable read or serializable",
                {}, "Call it in one of level read committed.");
  const pg::Arguments arguments(fcinfo);
  pg::Spi spi;
  segment::lock_processing();
  return BoolGetDatum(worker::forget(spi, arguments.text(0)));
}
