#include "pg/guard.hpp"
#include "timeline/load.hpp"
#include "timeline/settings.hpp"

#include <climits>

extern "C" {
#include <utils/guc.h>
}

namespace cdp::timeline {

namespace {
int most_events = 512;
int cache_kilobytes = 64 * 1024;
int most_read_anew = 2000;
}  // namespace

size_t chunk_events() { return static_cast<size_t>(most_events); }

size_t history_cache_bytes() { return static_cast<size_t>(cache_kilobytes) * 1024; }

int64_t keep_history_from() { return most_read_anew; }

void load() {
  pg::guard([] {
    DefineCustomIntVariable("cdp.chunk_events", "Most events of a user that are packed into one row.",
                            "With 512 and usual traffic the times of a row stay below 2 kB, from where on the"
                            " server stores them apart. Holds for events that are packed from then on.",
                            &most_events, 512, 2, 4096, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "cdp.history_cache",
        "Memory for histories of people with very many events, in each process that processes"
        " messages.",
        "So long as a history is kept, an event reads only what is new of it; 0: none is kept.",
        &cache_kilobytes, 64 * 1024, 0, MAX_KILOBYTES, PGC_SUSET, GUC_UNIT_KB, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("cdp.keep_history_from",
                            "From how many events on a history is kept in that memory.",
                            "Fewer are read anew each time.", &most_read_anew, 2000, 1, INT_MAX, PGC_SUSET, 0,
                            nullptr, nullptr, nullptr);
  });
}

}  // namespace cdp::timeline
