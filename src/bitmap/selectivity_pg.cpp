/// Which share of the rows satisfies @>, <@ or && with a constant, by what ANALYZE found out.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/selectivity.hpp"
#include "pg/boundary.hpp"
#include "pg/guard.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_statistic.h>
#include <utils/lsyscache.h>
#include <utils/selfuncs.h>
}

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
using pg::Arguments;

namespace {

/// What the server assumes of containment where nothing is known.
constexpr double kDefault = 0.001;

enum class Relation : uint8_t { Contains, ContainedBy, Overlaps };

/// What the planner has about a condition "column operator constant", in its memory context.
struct Known {
  bool is_condition;  // of that form
  bool is_column_left;
  bool is_constant_null;
  bool is_constant_element;  // else a set
  Datum constant;
  bool has_statistics;
  double null_fraction;
  int common_count;
  const Datum* common;
  const float4* frequencies;  // with the lowest and highest one behind
  double average_count;       // negative if unknown
  int count_bins;             // of how many elements the sets have, evenly spread
  const float4* counts;
  Oid column_type;
  double distinct_count;
};

Known look_up(const Arguments& arguments, Oid element_type) {
  auto* root = reinterpret_cast<PlannerInfo*>(arguments.datum(0));
  auto* list = reinterpret_cast<List*>(arguments.datum(2));
  const int relation = arguments.integer(3);
  return pg::guard([&] {
    Known known{};
    known.average_count = -1;
    VariableStatData column;
    Node* other = nullptr;
    if (!get_restriction_variable(root, list, relation, &column, &other, &known.is_column_left)) return known;
    if (!IsA(other, Const)) {
      ReleaseVariableStats(column);
      return known;
    }
    const auto* constant = reinterpret_cast<const Const*>(other);
    known.is_condition = true;
    known.is_constant_null = constant->constisnull;
    known.is_constant_element = constant->constbyval;
    known.constant = constant->constvalue;
    known.column_type = column.vartype;
    bool is_default = false;
    known.distinct_count = get_variable_numdistinct(&column, &is_default);
    if (HeapTupleIsValid(column.statsTuple)) {
      known.null_fraction = reinterpret_cast<Form_pg_statistic>(GETSTRUCT(column.statsTuple))->stanullfrac;
      known.average_count = -1;
      // What a slot points to stays until the planner's memory goes.
      AttStatsSlot slot;
      if (get_attstatsslot(&slot, column.statsTuple,
                           known.column_type == element_type ? STATISTIC_KIND_MCV : STATISTIC_KIND_MCELEM,
                           InvalidOid, ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS)) {
        known.common_count = slot.nvalues;
        known.common = slot.values;
        known.frequencies = slot.numbers;
      }
      if (get_attstatsslot(&slot, column.statsTuple, STATISTIC_KIND_DECHIST, InvalidOid,
                           ATTSTATSSLOT_NUMBERS) &&
          slot.nnumbers > 0) {
        known.average_count = slot.numbers[slot.nnumbers - 1];
        known.count_bins = slot.nnumbers - 1;
        known.counts = slot.numbers;
      }
      known.has_statistics = known.column_type == element_type || known.average_count >= 0;
    }
    ReleaseVariableStats(column);
    return known;
  });
}

/// The share of the sets that have at most so many elements.
double share_of_size(const Known& known, uint64_t count) {
  if (known.count_bins == 0) return 1;
  const float4* end = known.counts + known.count_bins;
  const auto* after = std::upper_bound(known.counts, end, static_cast<float4>(count));
  return static_cast<double>(after - known.counts) / known.count_bins;
}

/// The share of the sets, among those that are not null.
template <class Kind>
double share_of(const Known& known, Relation relation) {
  using Element = typename Kind::Element;
  constexpr uint64_t kMostElements = 10000;  // of a constant; more say nothing new
  std::vector<Element> common;
  for (int i = 0; i < known.common_count; ++i) common.push_back(Kind::element(known.common[i]));
  const std::span<const float> frequencies(known.frequencies, common.size());
  const double rare =
      common.empty() ? kDefault : std::min<double>(kDefault, known.frequencies[common.size()] / 2);
  const bitmap::SetStatistics<Element> statistics(common, frequencies, rare,
                                                  std::max(0.0, known.average_count));
  if (known.is_constant_element) return statistics.has(Kind::element(known.constant));
  const typename Kind::Set set = bitmap::set_of<Kind>(known.constant);
  std::vector<Element> elements;
  const uint64_t count = set.cardinality();
  if (count <= kMostElements) set.for_each([&](Element element) { elements.push_back(element); });
  switch (relation) {
    case Relation::Contains:
      return count > kMostElements ? 0 : statistics.has_all(elements);
    case Relation::Overlaps: {
      if (count <= kMostElements) return statistics.has_any(elements);
      double none = 1;
      for (size_t i = 0; i < common.size(); ++i)
        if (set.contains(common[i])) none *= 1 - frequencies[i];
      return std::max(1 - none, kDefault);
    }
    case Relation::ContainedBy:
      if (known.average_count < 0) return kDefault;
      return std::min(share_of_size(known, count),
                      count > kMostElements ? 0.5 : statistics.has_only(elements));
  }
  return kDefault;
}

/// The share of the rows whose element in a column is in the constant set.
template <class Kind>
double share_of_elements(const Known& known) {
  const typename Kind::Set set = bitmap::set_of<Kind>(known.constant);
  double common_share = 0;
  double found_share = 0;
  double found = 0;
  for (int i = 0; i < known.common_count; ++i) {
    common_share += known.frequencies[i];
    if (!set.contains(Kind::element(known.common[i]))) continue;
    found_share += known.frequencies[i];
    ++found;
  }
  const double others = std::max(1.0, known.distinct_count - known.common_count);
  const double found_others = std::max(0.0, static_cast<double>(set.cardinality()) - found);
  return found_share + (1 - known.null_fraction - common_share) * std::min(1.0, found_others / others);
}

template <class Kind>
Datum selectivity(FunctionCallInfo fcinfo, Relation relation) {
  const Arguments arguments(fcinfo);
  const Known known = look_up(arguments, Kind::kElementType);
  if (!known.is_condition || (!known.has_statistics && !known.is_constant_null))
    return Float8GetDatum(kDefault);
  if (known.is_constant_null) return Float8GetDatum(0);
  if (!known.is_column_left && relation != Relation::Overlaps)
    relation = relation == Relation::Contains ? Relation::ContainedBy : Relation::Contains;
  const double share = known.column_type == Kind::kElementType
                           ? share_of_elements<Kind>(known)
                           : share_of<Kind>(known, relation) * (1 - known.null_fraction);
  return Float8GetDatum(std::clamp(share, 0.0, 1.0));
}

}  // namespace

CDP_FUNCTION(rb_contains_sel) { return selectivity<Kind32>(fcinfo, Relation::Contains); }

CDP_FUNCTION(rb_containedby_sel) { return selectivity<Kind32>(fcinfo, Relation::ContainedBy); }

CDP_FUNCTION(rb_overlaps_sel) { return selectivity<Kind32>(fcinfo, Relation::Overlaps); }

CDP_FUNCTION(rb64_contains_sel) { return selectivity<Kind64>(fcinfo, Relation::Contains); }

CDP_FUNCTION(rb64_containedby_sel) { return selectivity<Kind64>(fcinfo, Relation::ContainedBy); }

CDP_FUNCTION(rb64_overlaps_sel) { return selectivity<Kind64>(fcinfo, Relation::Overlaps); }
