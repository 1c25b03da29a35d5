#include "pg/server.hpp"

#include "event/load.hpp"
#include "event/settings.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace cdp::event {

namespace {

enum UnknownEvents : int { kAccept, kReject };

// NOLINTNEXTLINE(modernize-avoid-c-arrays): the server's form
const config_enum_entry kUnknownEvents[] = {
    {"accept", kAccept, false}, {"reject", kReject, false}, {nullptr, 0, false}};

int horizon_seconds = 7 * 86400;
int retention_days = 30;
int unknown_events = kAccept;

}  // namespace

Micros deduplication_horizon() { return horizon_seconds * kSecond; }
Micros dead_letter_retention() { return retention_days * kDay; }
bool rejects_unknown_events() { return unknown_events == kReject; }

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
    DefineCustomEnumVariable("cdp.unknown_events",
                             "What becomes of events that cdp.event_schema does not name.",
                             "With reject they become dead letters of code unknown_event.", &unknown_events,
                             kAccept, kUnknownEvents, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  });
}

}  // namespace cdp::event
