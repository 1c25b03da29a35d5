#include "pg/server.hpp"

#include "event/load.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace cdp::event {

namespace {

enum UnknownEvents : int { kAccept, kReject };

int unknown_events = kAccept;

// NOLINTNEXTLINE(modernize-avoid-c-arrays): the server's form
const config_enum_entry kUnknownEvents[] = {
    {"accept", kAccept, false}, {"reject", kReject, false}, {nullptr, 0, false}};

}  // namespace

void load() {
  pg::guard([] {
    DefineCustomEnumVariable("cdp.unknown_events",
                             "What becomes of events that cdp.event_schema does not name.",
                             "With reject they become dead letters of code unknown_event.", &unknown_events,
                             kAccept, kUnknownEvents, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  });
}

bool rejects_unknown_events() { return unknown_events == kReject; }

}  // namespace cdp::event
