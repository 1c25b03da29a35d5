#include "pg/act_as.hpp"

#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include <algorithm>
#include <utility>

extern "C" {
#include <access/xact.h>
#include <utils/acl.h>
#include <utils/guc.h>
#include <utils/timeout.h>
}

namespace cdp::pg {

Oid find_role(std::string_view name) {
  const std::string terminated(name);
  return guard([&] { return get_role_oid(terminated.c_str(), true); });
}

std::string role_name(Oid role) {
  return guard([&] { return GetUserNameFromId(role, false); });
}

bool may_become(Oid member, Oid role) {
  return guard([&] { return can_set_role(member, role); });
}

std::string current_search_path() {
  const char* path = guard([] { return GetConfigOption("search_path", true, false); });
  return path != nullptr ? path : "";
}

ActAs::ActAs(Oid role, const std::string& search_path) {
  guc_level_ = guard([&] {
    const int level = NewGUCNestLevel();
    (void)set_config_option("search_path", search_path.c_str(), PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                            true, 0, false);
    return level;
  });
  GetUserIdAndSecContext(&role_before_, &context_before_);
  SetUserIdAndSecContext(role, context_before_ | SECURITY_RESTRICTED_OPERATION);
}

ActAs::~ActAs() {
  SetUserIdAndSecContext(role_before_, context_before_);
  AtEOXact_GUC(true, guc_level_);
}

// As the server does by itself for parts of a transaction: the setting of that name cannot be set for a while
// from release 17 on.
ReadOnly::ReadOnly() : was_read_only_(std::exchange(XactReadOnly, true)) {}

ReadOnly::~ReadOnly() { XactReadOnly = was_read_only_; }

TimeLimit::TimeLimit(Micros limit) : is_set_(limit > 0) {
  constexpr Micros kLongest = 1000 * kDay / kMillisecond;
  if (is_set_)
    enable_timeout_after(STATEMENT_TIMEOUT,
                         static_cast<int>(std::clamp<Micros>(limit / kMillisecond, 1, kLongest)));
}

TimeLimit::~TimeLimit() {
  if (is_set_) disable_timeout(STATEMENT_TIMEOUT, false);
}

}  // namespace cdp::pg
