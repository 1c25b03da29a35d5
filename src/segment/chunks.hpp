#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "segment/walk.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// A change of one user's membership in one segment.
struct Change {
  int64_t user_no = 0;
  int32_t segment_no = 0;
  const std::string* segment = nullptr;
  bool has_entered = false;
  Instant effective_at;
  Reason reason = Reason::Event;
};

/// Writes changes to the chunks of their segments, to the sizes of the segments and, in this order, to
/// cdp.segment_change.
void write_changes(pg::Spi& spi, const std::vector<Change>& changes, Instant now);

/// Brings cdp.segment.size up to date where write_changes() could not, since someone held the row. Says
/// whether there was anything to do.
bool settle_sizes(pg::Spi& spi);

/// A user who is put into a segment, or taken out.
struct MemberEdit {
  int32_t segment_no = 0;
  int64_t user_no = 0;
  bool is_member = false;
};

/// Changes members without recording it.
void edit_members(pg::Spi& spi, const std::vector<MemberEdit>& edits);

/// All members of a segment.
bitmap::Bitmap members_of(pg::Spi& spi, int32_t segment_no);

/// Makes `members` the members of a segment.
void replace_chunks(pg::Spi& spi, int32_t segment_no, const bitmap::Bitmap& members);

}  // namespace cdp::segment
