/// Functions of roaringbitmap on ranges and positions of elements.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/window.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"

#include <algorithm>

using namespace cdp;
using bitmap::Bitmap;
using bitmap::Window;
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

/// The elements of the range whose positions lie in the window.
Bitmap subset(const Bitmap& set, Window window, uint64_t begin, uint64_t end) {
  const uint64_t before = set.count_below(begin);
  const uint64_t upto = set.count_below(end);
  if (upto <= before) return {};
  const auto [from, to] = bitmap::positions(window, upto - before);
  if (from >= to) return {};
  const std::optional<uint32_t> lowest = set.nth(before + from);
  const std::optional<uint32_t> highest = set.nth(before + to - 1);
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

CDP_FUNCTION(rb_shiftright) {
  const Arguments arguments(fcinfo);
  return shifted(arguments.datum(0), arguments.bigint(1));
}

CDP_FUNCTION(rb_shiftleft) {
  const Arguments arguments(fcinfo);
  return shifted(arguments.datum(0), -std::max(arguments.bigint(1), -INT64_MAX));
}
