#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"

#include <string>
#include <string_view>

namespace cdp::pg {

/// The role of this name; InvalidOid if there is none.
Oid find_role(std::string_view name);

/// The name of a role.
std::string role_name(Oid role);

/// The role whose rights count now.
inline Oid current_role() { return GetUserId(); }

/// May `member` become `role` (SET ROLE)? A superuser may become every role.
bool may_become(Oid member, Oid role);

/// The setting search_path of this session.
std::string current_search_path();

/// While it lives, SQL runs with the rights of a role and with a search path, as the query of a materialized
/// view is refreshed: what it calls can change neither role nor settings, nor make temporary tables.
class ActAs {
 public:
  ActAs(Oid role, const std::string& search_path);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  Oid role_before_ = InvalidOid;
  int context_before_ = 0;
  int guc_level_ = 0;
};

/// While it lives, the transaction is one that reads only, so that functions that are called can change
/// nothing either.
class ReadOnly {
 public:
  ReadOnly();
  ~ReadOnly();
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;

 private:
  bool was_read_only_;
};

/// While it lives, statements are cancelled after a time, as by statement_timeout. Only for a process of our
/// own: in a session it would take the place of that setting.
class TimeLimit {
 public:
  /// 0: no limit.
  explicit TimeLimit(Micros limit);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  bool is_set_;
};

}  // namespace cdp::pg
