#pragma once

#include "rule/rule.hpp"
#include "timeline/history.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// Calls `callback` with the state of every profile, in ascending order of user_no, its history as `demand`
/// asks for it. Traits are read only if `with_traits`. Memory: one profile at a time. Answers cancels.
void for_each_user(pg::Spi& spi, const timeline::Demand& demand, bool with_traits,
                   const std::function<void(const rule::UserState&)>& callback);

/// Calls `callback` with the state of one user.
void with_user(pg::Spi& spi, const timeline::Demand& demand, int64_t user_no,
               const std::function<void(const rule::UserState&)>& callback);

}  // namespace cdp::segment
