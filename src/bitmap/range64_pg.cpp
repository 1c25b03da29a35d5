/// Functions of roaringbitmap64 on ranges and positions of elements.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/window.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

#include <algorithm>

using namespace cdp;
using bitmap::Bitmap64;
using bitmap::Kind64;
using bitmap::Window;
using pg::Arguments;

namespace {

/// The numbers of a range as SQL gives it: unsigned, the end exclusive, and 0 as an end stands for 2^64.
struct Range {
  Range(int64_t begin, int64_t end)
      : first(static_cast<uint64_t>(begin)),
        last(static_cast<uint64_t>(end) - 1),
        is_empty(end != 0 && first >= static_cast<uint64_t>(end)) {}

  uint64_t first;
  uint64_t last;
  bool is_empty;
};

/// The set of the first argument after `change(set, first, last)` with the others.
template <class Change>
Datum changed_range(FunctionCallInfo fcinfo, Change change) {
  const Arguments arguments(fcinfo);
  Bitmap64 set = bitmap::set_of<Kind64>(arguments.datum(0));
  const Range range(arguments.bigint(1), arguments.bigint(2));
  if (!range.is_empty) change(set, range.first, range.last);
  return bitmap::to_datum(set);
}

/// The elements of the range whose positions lie in the window.
Bitmap64 subset(const Bitmap64& set, Window window, Range range) {
  if (range.is_empty) return {};
  const uint64_t before = range.first == 0 ? 0 : set.rank(range.first - 1);
  const uint64_t upto = set.rank(range.last);
  if (upto <= before) return {};
  const auto [from, to] = bitmap::positions(window, upto - before);
  if (from >= to) return {};
  const std::optional<uint64_t> lowest = set.nth(before + from);
  const std::optional<uint64_t> highest = set.nth(before + to - 1);
  if (!lowest || !highest) return {};
  return set.within(*lowest, *highest);
}

}  // namespace

CDP_FUNCTION(rb64_fill) {
  return changed_range(fcinfo, [](Bitmap64& set, uint64_t first, uint64_t last) { set.fill(first, last); });
}

CDP_FUNCTION(rb64_clear) {
  return changed_range(fcinfo, [](Bitmap64& set, uint64_t first, uint64_t last) { set.clear(first, last); });
}

CDP_FUNCTION(rb64_flip) {
  return changed_range(fcinfo, [](Bitmap64& set, uint64_t first, uint64_t last) { set.flip(first, last); });
}

CDP_FUNCTION(rb64_range) {
  const Arguments arguments(fcinfo);
  const Bitmap64 set = bitmap::set_of<Kind64>(arguments.datum(0));
  const Range range(arguments.bigint(1), arguments.bigint(2));
  return bitmap::to_datum(range.is_empty ? Bitmap64() : set.within(range.first, range.last));
}

CDP_FUNCTION(rb64_between) {
  const Arguments arguments(fcinfo);
  return bitmap::to_datum(
      bitmap::set_of<Kind64>(arguments.datum(0))
          .within(Kind64::element(arguments.datum(1)), Kind64::element(arguments.datum(2))));
}

CDP_FUNCTION(rb64_subset) {
  const Arguments arguments(fcinfo);
  const Bitmap64 set = bitmap::set_of<Kind64>(arguments.datum(0));
  const Window window{arguments.bigint(1), std::max<int64_t>(arguments.bigint(2), 0), arguments.boolean(3)};
  return bitmap::to_datum(subset(set, window, Range(arguments.bigint(4), arguments.bigint(5))));
}

CDP_FUNCTION(rb64_shiftright) {
  const Arguments arguments(fcinfo);
  return bitmap::to_datum(bitmap::set_of<Kind64>(arguments.datum(0)).shifted(arguments.bigint(1)));
}

CDP_FUNCTION(rb64_shiftleft) {
  const Arguments arguments(fcinfo);
  const Bitmap64 set = bitmap::set_of<Kind64>(arguments.datum(0));
  const int64_t distance = arguments.bigint(1);
  // The smallest bigint has no opposite: 2^63 to the right is one more than the largest.
  return bitmap::to_datum(distance == INT64_MIN ? set.shifted(INT64_MAX).shifted(1) : set.shifted(-distance));
}
