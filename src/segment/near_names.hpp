#pragma once

#include "rule/rule.hpp"

#include <string>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// Says in NOTICEs which events and traits that rules mention are not known, but nearly: mistakes of typing.
/// Names that nothing is near to are no news, since rules may come before what they are about. Looks at the
/// names of events, and at the traits of some profiles.
void tell_near_names(pg::Spi& spi, const std::vector<rule::Rule>& rules);

/// `Did you mean "vip"?`, or empty where none of the names is near.
std::string hint_for(const std::string& name, const std::vector<std::string>& known);

}  // namespace cdp::segment
