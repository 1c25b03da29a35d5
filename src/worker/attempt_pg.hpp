#pragma once

#include "base/error.hpp"
#include "pg/guard.hpp"

#include <optional>
#include <string>

namespace cdp::worker {

/// Takes a step in a subtransaction; returns what it failed with, nullopt if it did not. What is meant for
/// the process or the statement (a cancel, a shutdown) goes on.
template <class Step>
std::optional<std::string> failure_of(Step&& step) {
  try {
    pg::in_subtransaction(step);
    return std::nullopt;
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled) throw;
    return error.what();
  } catch (const pg::ServerError& error) {
    if (ERRCODE_TO_CATEGORY(error.sqlstate()) == ERRCODE_OPERATOR_INTERVENTION) throw;
    return error.what();
  }
}

}  // namespace cdp::worker
