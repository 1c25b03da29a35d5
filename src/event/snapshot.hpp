#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::event {

/// Which transactions a reader sees as committed: pg_snapshot's text form xmin:xmax:xip,xip,…
struct Snapshot {
  uint64_t xmin = 0;
  uint64_t xmax = 0;
  std::vector<uint64_t> in_progress;  ///< ascending

  /// Throws Error(BadText) if the text is no snapshot.
  static Snapshot parse(std::string_view text);
  std::string to_string() const;

  bool sees(uint64_t transaction) const;
  /// Makes `transaction` count as still running.
  void exclude(uint64_t transaction);
};

}  // namespace cdp::event
