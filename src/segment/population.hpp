#pragma once

#include "rule/rule.hpp"
#include "timeline/history.hpp"
#include "timeline/reader.hpp"

#include <cstdint>
#include <functional>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// What of users beside their histories has to be read.
struct Needs {
  bool traits = false;
  bool trait_times = false;
  bool sessions = false;
  bool calls = false;
  rule::Calls* asked = nullptr;  ///< whom functions are asked of; nullptr: their stored values are read

  /// Of one rule more.
  void add(const rule::BoundRule& rule) {
    traits |= rule.uses_traits();
    trait_times |= rule.uses_trait_times();
    sessions |= rule.uses_sessions();
    calls |= rule.uses_calls();
  }
};

/// Calls `callback` with the state of every profile, in ascending order of user_no, its history as `demand`
/// asks for it; only of those users whom the selection has, their histories as it says. Memory: one profile
/// at a time. Answers cancels.
void for_each_user(pg::Spi& spi, const timeline::Demand& demand, const Needs& needs,
                   const timeline::Selection& selection,
                   const std::function<void(const rule::UserState&)>& callback);

/// Calls `callback` with the state of one user.
void with_user(pg::Spi& spi, const timeline::Demand& demand, int64_t user_no, const Needs& needs,
               const std::function<void(const rule::UserState&)>& callback);

}  // namespace cdp::segment
