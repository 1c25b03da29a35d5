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
constexpr int kHourSeconds = 3600;
int call_refresh_seconds = kHourSeconds;

}  // namespace

bool notifies() { return is_notifying; }
Micros change_retention() { return keep_seconds * kSecond; }
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
        "cdp.call_refresh",
        "How long after each time functions that rules of segments call are called again.",
        "The worker and cdp_process() do it.", &call_refresh_seconds, kHourSeconds, 1, INT_MAX, PGC_SUSET,
        GUC_UNIT_S, nullptr, nullptr, nullptr);
  });
}

}  // namespace cdp::segment
