#include "pg/guard.hpp"
#include "segment/load.hpp"
#include "segment/settings.hpp"

#include <climits>

extern "C" {
#include <utils/guc.h>
}

namespace cdp::segment {

namespace {

bool is_notifying = false;
int keep_seconds = 0;
int least_background = 1000000;
int due_cache_kilobytes = 256 * 1024;
constexpr int kHourSeconds = 3600;
int call_refresh_seconds = kHourSeconds;

}  // namespace

bool notifies() { return is_notifying; }
Micros change_retention() { return keep_seconds * kSecond; }
size_t due_cache_bytes() { return static_cast<size_t>(due_cache_kilobytes) * 1024; }
int64_t backfill_from() { return least_background; }
Micros call_refresh() { return call_refresh_seconds * kSecond; }

void load() {
  pg::guard([] {
    DefineCustomBoolVariable("cdp.segment_notify",
                             "Sends a notice on channel cdp_segment when members of segments change.",
                             "One for each batch, definition or refresh that changes any.", &is_notifying,
                             false, PGC_SUSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("cdp.segment_change_keep",
                            "How long rows of cdp.segment_change are kept; 0 is for ever.",
                            "Older ones are deleted along with batches, some thousands at once.",
                            &keep_seconds, 0, 0, INT_MAX, PGC_SUSET, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "cdp.backfill_from",
        "From so many people times segments on, new and edited segments are computed in the background.",
        "By the worker, where one runs, while messages go on being taken; else the statement computes them. "
        "0: always; -1: never.",
        &least_background, 1000000, -1, INT_MAX, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "cdp.due_cache",
        "Memory, in each process that processes messages, for which of a person's rules are due next.",
        "Some 220 bytes a person, taken as they come; of others all rules are asked when any is due.",
        &due_cache_kilobytes, 256 * 1024, 0, MAX_KILOBYTES, PGC_SUSET, GUC_UNIT_KB, nullptr, nullptr,
        nullptr);
    DefineCustomIntVariable(
        "cdp.call_refresh",
        "How long after each time functions that rules of segments call are called again.",
        "The worker and cdp_process() do it.", &call_refresh_seconds, kHourSeconds, 1, INT_MAX, PGC_SUSET,
        GUC_UNIT_S, nullptr, nullptr, nullptr);
  });
}

}  // namespace cdp::segment
