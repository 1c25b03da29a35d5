#pragma once

#include "base/time.hpp"

#include <cstdint>

namespace cdp::worker {

/// Declares the room's settings; registers the launcher where the library is being preloaded.
void load();

/// cdp.poll_interval, in milliseconds.
int poll_interval_ms();
/// What bounds one transaction of the worker: cdp.batch_size in messages, cdp.batch_bytes, cdp.batch_time.
int64_t batch_size();
int64_t batch_bytes();
Micros batch_time();
/// cdp.pack_interval: how long a table of recent events takes new ones before it is packed; 0: for ever.
Micros pack_interval();
/// cdp.refresh_timeout: how long the query of a segment, or a function of rules, may run; 0: however long.
Micros refresh_timeout();
/// cdp.backfill_share: of the time, in percent, that the computing of members in the background takes.
int backfill_share();
/// cdp.read_ahead: may the worker read in a thread?
bool reads_ahead();

}  // namespace cdp::worker
