#pragma once

#include "segment/due_rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cdp::segment {

/// Keeps in memory which rules of each user are due next, for whoever wrote the users' rows: they stand so
/// long as the row is the one that was written along with them. Bounded: of users whose numbers are a
/// multiple of the number of places apart the latest is kept.
class KeptDueRules {
 public:
  /// For these rules (RuleSet::identity()), in so much memory, which is taken as it is needed. Forgets
  /// everything that was kept for others.
  void begin(uint64_t rules, size_t most_bytes);

  /// nullptr if none are kept or another transaction than `writer` has written the user's row since. Valid
  /// until any are kept.
  const DueRules* find(int64_t user_no, uint32_t writer) const;

  /// Those of a user whose row the transaction `writer` has written.
  void keep(int64_t user_no, uint32_t writer, const DueRules& dues);

 private:
  struct Place {
    int64_t user_no = 0;  ///< 0: nobody
    DueRules dues;
    uint32_t writer = 0;
  };
  /// Few, since who processes a message now and then meets users far apart.
  static constexpr size_t kPlacesAtOnce = 8;
  using Places = std::array<Place, kPlacesAtOnce>;

  uint64_t rules_ = 0;
  std::vector<std::unique_ptr<Places>> places_;
};

}  // namespace cdp::segment
