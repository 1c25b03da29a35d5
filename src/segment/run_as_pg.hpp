#pragma once

#include "pg/server.hpp"

#include "base/time.hpp"
#include "pg/spi.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

/// What runs now and later with the rights of who defined it: queries of segments, functions that rules call.
namespace cdp::segment {

/// Whose rights and which search path count.
struct RunAs {
  std::string role;
  std::string search_path;
};

/// Those of this session. Not while an Spi lives, which has a search path of its own.
RunAs current_run_as();

/// May the role whose rights count now say what that role runs? Of one that is not there (yet: it may come
/// with a restored dump) only superusers may.
bool may_run_as(const std::string& role);

/// Reads the rows of a statement that is not ours, as that role sees what is committed now, and hands them
/// over in pieces. Throws Error(NotFound) if there is no such role; `what` is what runs, as in "the query of
/// segment \"debtors\"", and `table` where another role is named.
void read_as(const RunAs& run_as, const std::string& what, const std::string& table, const std::string& sql,
             const std::function<void(const pg::Rows&)>& take);

/// Runs `f` in a subtransaction; in a process of our own it takes at most `limit` (0: however long). What it
/// fails with; nullopt if it does not. What ends the process or the caller's statement goes on.
std::optional<std::string> failure_of(Micros limit, const std::function<void()>& f);

enum class RunKind : uint8_t { Query = 1, Call = 2 };

/// One run at a time, until the transaction ends: what an earlier one gave must not replace what a later one
/// did. False if another process is about it and this does not wait.
bool lock_run(RunKind kind, int32_t number, bool waits);

}  // namespace cdp::segment
