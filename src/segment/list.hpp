#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "segment/refresh.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::pg {
class Spi;
}

/// Segments whose members are a list, or what a query gave when it was last run.
namespace cdp::segment {

/// Makes a list of the users with these ids, or replaces the members of such a list; returns how many. Tells
/// by a notice how many ids nobody has. Throws Error(Duplicate) for a segment of another kind, Error(State)
/// in a transaction of one snapshot.
int64_t define_list(std::string_view name, const std::vector<std::optional<std::string>>& user_ids);

/// The same by numbers.
int64_t define_list(std::string_view name, const bitmap::Bitmap& users);

/// Makes a segment of what a query gives, or replaces the query of such a segment. The role whose rights
/// count now runs it, now and later.
int64_t define_query(std::string_view name, std::string_view query,
                     const std::optional<std::string>& refresh);

/// Runs the query of a segment again; returns how many members it has then. The query runs before the process
/// lock is taken, so that messages are taken meanwhile, unless the transaction has it already.
int64_t refresh_query(int32_t segment_no);

/// The query whose time came first by `now`.
std::optional<DueRun> due_query(pg::Spi& spi, Instant now);

/// As refresh_due() of the one of this segment.
bool refresh_query(int32_t segment_no, Instant now, Micros limit);

}  // namespace cdp::segment
