#pragma once

#include "event/message.hpp"

#include <string>
#include <string_view>
#include <unordered_set>

namespace cdp::event {

/// Values that are nobody's id in this installation, beside those that is_identifier() refuses everywhere.
/// Like those they are compared without regard to the case of A to Z.
class BlockedIds {
 public:
  void add(std::string_view value);
  bool contains(std::string_view value) const;

  /// Takes them away from a message as if it had come without them. Throws Rejection (no_user) where what is
  /// left says of nobody. Costs nothing where no value is blocked.
  void remove_from(Message* message) const;

 private:
  std::unordered_set<std::string> values_;  ///< in lower case
};

}  // namespace cdp::event
