#include "event/load.hpp"
#include "event/settings.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace cdp::event {

namespace {

int horizon_seconds = 7 * 86400;
int retention_days = 30;

}  // namespace

Micros deduplication_horizon() { return horizon_seconds * kSecond; }
Micros dead_letter_retention() { return retention_days * kDay; }

void load() {
  pg::guard([] {
    DefineCustomIntVariable("cdp.deduplication_horizon", "How long insert ids are remembered.",
                            "Beyond it, the events of a late event's user tell whether it came before.",
                            &horizon_seconds, 7 * 86400, 60, 365 * 86400, PGC_SUSET, GUC_UNIT_S, nullptr,
                            nullptr, nullptr);
    DefineCustomIntVariable("cdp.dead_letter_retention",
                            "Days for which dead letters are kept; 0 is for ever.",
                            "Older ones are deleted along with batches, some thousands a minute.",
                            &retention_days, 30, 0, 36500, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  });
}

}  // namespace cdp::event
