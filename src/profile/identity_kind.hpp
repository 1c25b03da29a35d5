#pragma once

#include <cstdint>

namespace cdp::profile {

enum class IdentityKind : uint8_t { UserId, AnonymousId };

constexpr int kIdentityKinds = 2;

/// As cdp.identity calls it.
constexpr const char* name_of(IdentityKind kind) {
  return kind == IdentityKind::UserId ? "user_id" : "anonymous_id";
}

}  // namespace cdp::profile
