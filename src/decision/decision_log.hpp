#pragma once

#include "decision/eligibility.hpp"
#include "decision/rank.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace cdp::pg {
class Spi;
struct Bound;
}  // namespace cdp::pg

namespace cdp::decision {

/// A row of cdp.decision to be.
struct LogEntry {
  std::optional<std::string_view> user_id;
  std::optional<int64_t> user_no;  ///< looked up by user_id where it is not known yet
  bool is_user_looked_up = false;
  std::string_view placement;
  std::string_view creative;
  Strategy strategy = Strategy::Bandit;
  int32_t position = 1;
  double score = 0;
  double propensity = 1;
  Instant decided_at;
};

/// Can decisions be logged here: is the setting on, and is this a transaction that may write?
bool can_log();

/// Writes the row and returns its decision_id.
///
/// A transaction that writes nothing but decisions does not wait for its commit to reach the disk: it
/// commits as with synchronous_commit = off, since a crash may then cost the log's last fraction of a second
/// and nothing else. Any other write in the transaction, before or after, leaves its commit as it was.
int64_t log_decision(pg::Spi& spi, const LogEntry& entry, const pg::Bound& context);

}  // namespace cdp::decision
