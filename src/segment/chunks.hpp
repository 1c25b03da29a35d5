#pragma once

#include "base/time.hpp"
#include "bitmap/bitmap.hpp"
#include "segment/catalog.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace cdp::segment {

/// A change of one user's membership in one segment.
struct Change {
  int64_t user_no = 0;
  const Definition* segment = nullptr;
  bool has_entered = false;
  Instant effective_at;
  Reason reason = Reason::Event;
};

/// Writes changes, of which there are some, to cdp.segment_change, in this order, but for those of members
/// that are still gathered. Returns the number of the first one; the others have higher ones.
int64_t record_changes(const std::vector<Change>& changes, Instant now);

/// The same, and changes members accordingly, and sizes with the next settle_sizes(). Each change turns round
/// what was: nobody enters twice.
void write_changes(pg::Spi& spi, const std::vector<Change>& changes, Instant now);

/// Brings cdp.segment.size up to date with what write_changes() did; where someone holds a segment's row,
/// with the next one. Does nothing where that was done less than `most_wait` ago. Says whether there was
/// anything to do.
bool settle_sizes(pg::Spi& spi, Micros most_wait = 0);

/// The size of a segment is going to be set: what waits for settle_sizes() is no part of it.
void forget_growth(pg::Spi& spi, int32_t segment_no);

/// A user who is put into a segment, or taken out; `number` as in Definition.
struct MemberEdit {
  int32_t number = 0;
  int64_t user_no = 0;
  bool is_member = false;
};

/// Does cdp.segment.size follow, or is the same going to be told to write_changes()?
enum class Sizes : uint8_t { Follow, Wait };

/// Changes members without recording it.
void edit_members(pg::Spi& spi, const Catalog& catalog, const std::vector<MemberEdit>& edits, Sizes sizes);

/// All members that are stored for a definition. Requires the process lock.
bitmap::Bitmap members_of(pg::Spi& spi, const Definition& definition);

/// All present members of a segment, and how many there are, as the snapshot of `spi`, which must be
/// read-only, sees them, however old it is.
bitmap::Bitmap present_members(pg::Spi& spi, int32_t segment_no);
int64_t count_present_members(pg::Spi& spi, int32_t segment_no);

/// Makes `members` those that are stored under a number.
void replace_chunks(pg::Spi& spi, int32_t number, const bitmap::Bitmap& members);

/// Adds users to them of whom nothing was stored.
void add_members(pg::Spi& spi, int32_t number, const bitmap::Bitmap& users);

/// Removes what is stored under numbers that no segment has any more.
void remove_strays(pg::Spi& spi);

}  // namespace cdp::segment
