#pragma once

#include "session/session.hpp"

#include <string>
#include <unordered_map>

namespace cdp::session {

/// Which events begin and end sessions: cdp.session_boundary. Loaded once per backend and again after it was
/// changed.
class Boundaries {
 public:
  /// As committed now or changed by this transaction. Stays valid until the next call.
  static const Boundaries& current();

  Boundary of(const std::string& event) const;

 private:
  static Boundaries read();

  std::unordered_map<std::string, Boundary> by_name_;
};

}  // namespace cdp::session
