#pragma once

#include "base/time.hpp"
#include "worker/pace.hpp"
#include "worker/stages.hpp"

#include <cstdint>
#include <optional>

namespace cdp::worker {

/// What one call of process() did.
struct Processed {
  int64_t messages = 0;   ///< taken from the inbox, dead letters included
  int64_t bytes = 0;      ///< of their payloads
  int64_t users = 0;      ///< whose memberships time alone may have changed
  bool has_more = false;  ///< a limit was reached: there may be more to do at once
  Instant now;            ///< of the batch
  StageTimes times;       ///< also of what was rolled back to find a message that the database refuses
  Micros took = 0;        ///< all of it, from when the process lock was held
};

/// How much one transaction may do. Bytes are passed by at most one message; time by about as much as it
/// takes to foresee wrongly, and by a first piece, however slow.
struct Limits {
  int64_t messages = INT64_MAX;
  int64_t bytes = INT64_MAX;
  Micros time = kNoTimeLimit;
  int64_t users = INT64_MAX;
  /// Is time to be followed to the present although messages of the last minutes wait? What they tell will be
  /// corrections, as of events that come late.
  bool keeps_up = false;
};

/// Where the JSON of messages is read.
enum class Reading : uint8_t {
  InLine,
  InThread,  ///< that of the next messages while those before are applied: in processes of our own alone
};

/// Does the worker's work in the running transaction: computes pending segments, takes messages from the
/// inbox with every effect of theirs, applies what the passing of time changed. Messages that the database
/// refuses (a trigger of the user's that raises) are found by bisection and become dead letters; the others
/// go in. Waits for the process lock. Writes nothing, and takes no transaction number, where there is nothing
/// to do.
Processed process(const Limits& limits, Reading reading);

/// When time alone will change a membership next; nullopt if that is not known to happen.
std::optional<Instant> next_due();

}  // namespace cdp::worker
