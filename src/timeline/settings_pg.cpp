#include "pg/guard.hpp"
#include "timeline/load.hpp"
#include "timeline/settings.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace cdp::timeline {

namespace {
int most_events = 512;
}  // namespace

size_t chunk_events() { return static_cast<size_t>(most_events); }

void load() {
  pg::guard([] {
    DefineCustomIntVariable("cdp.chunk_events", "Most events of a user that are packed into one row.",
                            "With 512 and usual traffic the times of a row stay below 2 kB, from where on the"
                            " server stores them apart. Holds for events that are packed from then on.",
                            &most_events, 512, 2, 4096, PGC_SUSET, 0, nullptr, nullptr, nullptr);
  });
}

}  // namespace cdp::timeline
