#include "pg/clock.hpp"

#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

#include <optional>

extern "C" {
#include <access/xact.h>
#include <utils/guc.h>
}

namespace cdp::pg {

namespace {

char* setting = nullptr;
/// What the setting says; nullptr where it is empty. Belongs to the server's settings.
const int64_t* set_us = nullptr;

extern "C" bool check_setting(char** value, void** extra, GucSource /*source*/) {
  if (*value == nullptr || **value == '\0') return true;
  const std::optional<Instant> instant = parse_instant(*value);
  if (!instant) {
    GUC_check_errdetail("An ISO 8601 time is expected, such as 2025-01-08T00:09:00Z.");
    return false;
  }
  auto* us = static_cast<int64_t*>(setting_alloc(sizeof(int64_t)));
  if (us == nullptr) return false;
  *us = instant->us;
  *extra = us;
  return true;
}

extern "C" void assign_setting(const char* /*value*/, void* extra) {
  set_us = static_cast<const int64_t*>(extra);
}

}  // namespace

void declare_clock() {
  guard([] {
    DefineCustomStringVariable(
        "cdp.now", "What all of cdp takes for the present instant; empty for the server's clock.",
        "For tests: an ISO 8601 time, UTC where it names no offset. Time stands still there.", &setting, "",
        PGC_SUSET, GUC_NOT_IN_SAMPLE, check_setting, assign_setting, nullptr);
  });
}

Instant now() { return {set_us != nullptr ? *set_us : GetCurrentTimestamp()}; }

bool is_clock_set() { return set_us != nullptr; }

}  // namespace cdp::pg

CDP_FUNCTION(cdp_now) {
  using namespace cdp;  // NOLINT(google-build-using-namespace)
  return pg::to_datum(pg::is_clock_set() ? pg::now() : Instant{GetCurrentTransactionStartTimestamp()});
}
