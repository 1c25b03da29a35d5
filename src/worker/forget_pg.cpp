/// Erasure on request, room by room.

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
  segment::refuse_old_snapshot("cdp_forget() cannot run");
  const pg::Arguments arguments(fcinfo);
  pg::Spi spi;
  segment::lock_processing();
  return BoolGetDatum(worker::forget(spi, arguments.text(0)));
}
