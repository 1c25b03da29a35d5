#pragma once

#include "pg/server.hpp"

#include <cstdint>

namespace cdp::worker {

/// What became of a turn.
enum class Outcome {
  Done,     ///< committed
  MakeWay,  ///< someone drops, renames, moves or copies the database: leave, and come back afterwards
  Leave,    ///< the extension is gone, or the worker was stopped: leave for good
};

/// One transaction of the worker. Plain data: it crosses the server's frames.
struct Turn {
  bool is_start = false;     ///< records that this process is the worker
  bool takes_batch = true;   ///< else it only looks whether to leave
  bool refreshes = false;    ///< runs a query or function of segments, if one is due, instead of a batch
  bool backfills = false;    ///< computes members in the background instead
  bool was_failing = false;  ///< the turn before failed: a good one says so in cdp.worker
  Outcome outcome = Outcome::Done;
  int64_t messages = 0;         ///< taken
  bool has_more = false;        ///< a limit ended the batch: there may be more
  bool wants_refresh = false;   ///< one of these is due
  bool wants_backfill = false;  ///< members are to be computed in the background
  /// Instant of the next due time, or of further packing, folding or computing; INT64_MAX for none.
  int64_t next_due_us = 0;
};

/// Runs a turn in a transaction of its own. Returns the error that it failed with, the transaction being
/// rolled back, or nullptr. The error belongs to the caller (pg::free_error).
ErrorData* run_turn(Turn* turn);

/// Writes a failure into cdp.worker, with the time until the next try. Does its best: a failure to do so is
/// not told, since the first one was.
void record_failure(const ErrorData* error, int retry_after_ms);

}  // namespace cdp::worker
