/// Functions of roaringbitmap on ranges and positions of elements.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/frozen.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

using namespace cdp;
using bitmap::Bitmap;
using pg::Arguments;

namespace {

constexpr auto kNumbers = static_cast<int64_t>(Bitmap::kNumbers);

/// An end of a range as SQL gives it: what lies outside of the elements is brought to their ends.
uint64_t range_end(int64_t end) { return static_cast<uint64_t>(std::clamp<int64_t>(end, 0, kNumbers)); }

/// The set of the first argument after `change(set, begin, end)` with the others.
template <class Change>
Datum changed_range(FunctionCallInfo fcinfo, Change change) {
  const Arguments arguments(fcinfo);
  Bitmap set = bitmap::bitmap_of(arguments.datum(0));
  change(set, range_end(arguments.bigint(1)), range_end(arguments.bigint(2)));
  return bitmap::to_datum(set);
}

/// Every element plus `distance`.
Datum shifted(Datum set, int64_t distance) {
  const Bitmap before = bitmap::bitmap_of(set);
  if (distance <= -kNumbers || distance >= kNumbers) return bitmap::to_datum(Bitmap());
  return bitmap::to_datum(before.shifted(distance));
}

struct Window {
  int64_t limit;
  int64_t offset;
  bool is_reverse;
};

/// The elements of the range whose positions, counted from the end if reversed, lie in the window.
Bitmap subset(const Bitmap& set, Window window, uint64_t begin, uint64_t end) {
  const uint64_t before = set.count_below(begin);
  const uint64_t upto = set.count_below(end);
  if (window.limit <= 0 || upto <= before) return {};
  const auto count = static_cast<int64_t>(upto - before);
  // A window of numbers far outside of any set is as good as one at its ends, and cannot overflow.
  const int64_t first = std::clamp<int64_t>(window.offset, -kNumbers, kNumbers);
  const int64_t last = first + std::min(window.limit, 2 * kNumbers);
  int64_t from = std::clamp<int64_t>(first, 0, count);
  int64_t to = std::clamp<int64_t>(last, 0, count);
  if (window.is_reverse) std::tie(from, to) = std::pair(count - to, count - from);
  if (from >= to) return {};
  const std::optional<uint32_t> lowest = set.nth(before + static_cast<uint64_t>(from));
  const std::optional<uint32_t> highest = set.nth(before + static_cast<uint64_t>(to) - 1);
  if (!lowest || !highest) return {};
  return set.within(*lowest, uint64_t{*highest} + 1);
}

}  // namespace

CDP_FUNCTION(rb_fill) {
  return changed_range(fcinfo, [](Bitmap& set, uint64_t begin, uint64_t end) { set.fill(begin, end); });
}

CDP_FUNCTION(rb_clear) {
  return changed_range(fcinfo, [](Bitmap& set, uint64_t begin, uint64_t end) { set.clear(begin, end); });
}

CDP_FUNCTION(rb_flip) {
  return changed_range(fcinfo, [](Bitmap& set, uint64_t begin, uint64_t end) { set.flip(begin, end); });
}

CDP_FUNCTION(rb_range) {
  return changed_range(fcinfo,
                       [](Bitmap& set, uint64_t begin, uint64_t end) { set = set.within(begin, end); });
}

CDP_FUNCTION(rb_between) {
  const Arguments arguments(fcinfo);
  const Bitmap set = bitmap::bitmap_of(arguments.datum(0));
  return bitmap::to_datum(set.within(static_cast<uint32_t>(arguments.integer(1)),
                                     uint64_t{static_cast<uint32_t>(arguments.integer(2))} + 1));
}

CDP_FUNCTION(rb_subset) {
  const Arguments arguments(fcinfo);
  const Bitmap set = bitmap::bitmap_of(arguments.datum(0));
  const Window window{arguments.bigint(1), arguments.bigint(2), arguments.boolean(3)};
  return bitmap::to_datum(
      subset(set, window, range_end(arguments.bigint(4)), range_end(arguments.bigint(5))));
}

CDP_FUNCTION(rb_nth) {
  const Arguments arguments(fcinfo);
  const ByteView set = arguments.bytes(0);
  int64_t index = arguments.bigint(1);
  if (index < 0) index += static_cast<int64_t>(bitmap::cardinality(set));
  if (index < 0) return pg::null_result(fcinfo);
  const std::optional<uint32_t> found = bitmap::nth(set, static_cast<uint64_t>(index));
  if (!found) return pg::null_result(fcinfo);
  return Int32GetDatum(static_cast<int32_t>(*found));
}

CDP_FUNCTION(rb_shiftright) {
  const Arguments arguments(fcinfo);
  return shifted(arguments.datum(0), arguments.bigint(1));
}

CDP_FUNCTION(rb_shiftleft) {
  const Arguments arguments(fcinfo);
  return shifted(arguments.datum(0), -std::max(arguments.bigint(1), -INT64_MAX));
}
