#pragma once

#include <string_view>

namespace cdp::worker {

/// Is `a` an older version than `b`? Compares numbers between dots, as in 0.9.1 and 0.10; an absent one
/// counts as zero, and what is no number too.
bool is_older_version(std::string_view a, std::string_view b);

}  // namespace cdp::worker
