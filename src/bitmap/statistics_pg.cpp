/// What ANALYZE finds out about columns of roaringbitmap and roaringbitmap64, in the form that the server
/// uses for arrays: the most common elements with their frequencies (pg_stats.most_common_elems) and a
/// histogram of how many elements a set has (pg_stats.elem_count_histogram), besides what it does for every
/// type.

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/common.hpp"
#include "bitmap/question_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <algorithm>
#include <vector>

extern "C" {
#include <commands/vacuum.h>
#include <utils/typcache.h>
}

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
using pg::Arguments;

namespace {

/// What the server would do by itself, to be done first.
struct Standard {
  AnalyzeAttrComputeStatsFunc compute;
  void* data;
};

struct Sample {
  VacAttrStatsP stats;
  AnalyzeAttrFetchFunc fetch;
  int rows;
};

/// A slot of the statistics for what is found, and room in them; -1 if all are taken.
int free_slot(const VacAttrStats* stats) {
  for (int slot = 0; slot < STATISTIC_NUM_SLOTS; ++slot)
    if (stats->stakind[slot] == 0) return slot;
  return -1;
}

float4* new_numbers(VacAttrStats* stats, int slot, size_t count) {
  stats->stanumbers[slot] = static_cast<float4*>(
      pg::guard([&] { return MemoryContextAlloc(stats->anl_context, count * sizeof(float4)); }));
  stats->numnumbers[slot] = static_cast<int>(count);
  return stats->stanumbers[slot];
}

Oid equality_of(Oid type) {
  return pg::guard([&] { return lookup_type_cache(type, TYPECACHE_EQ_OPR)->eq_opr; });
}

/// Like those of arrays: frequencies, then the lowest and the highest of them, and that of null elements.
template <class Kind>
void store_common(
    VacAttrStats* stats,
    const std::vector<typename bitmap::CommonElements<typename Kind::Element>::Common>& common) {
  const int slot = free_slot(stats);
  if (slot < 0 || common.empty()) return;
  const auto [lowest, highest] = std::minmax_element(
      common.begin(), common.end(), [](const auto& a, const auto& b) { return a.frequency < b.frequency; });
  float4* numbers = new_numbers(stats, slot, common.size() + 3);
  stats->stavalues[slot] = static_cast<Datum*>(
      pg::guard([&] { return MemoryContextAlloc(stats->anl_context, common.size() * sizeof(Datum)); }));
  stats->numvalues[slot] = static_cast<int>(common.size());
  for (size_t i = 0; i < common.size(); ++i) {
    stats->stavalues[slot][i] = Kind::datum(common[i].element);
    numbers[i] = static_cast<float4>(common[i].frequency);
  }
  numbers[common.size()] = static_cast<float4>(lowest->frequency);
  numbers[common.size() + 1] = static_cast<float4>(highest->frequency);
  numbers[common.size() + 2] = 0;
  constexpr bool kIsWide = sizeof(typename Kind::Element) == 8;
  stats->stakind[slot] = STATISTIC_KIND_MCELEM;
  stats->staop[slot] = equality_of(Kind::kElementType);
  stats->stacoll[slot] = InvalidOid;
  stats->statypid[slot] = Kind::kElementType;
  stats->statyplen[slot] = sizeof(typename Kind::Element);
  stats->statypbyval[slot] = true;
  stats->statypalign[slot] = kIsWide ? TYPALIGN_DOUBLE : TYPALIGN_INT;
}

/// Numbers of elements at even distances of the sorted list, and their average.
template <class Kind>
void store_counts(VacAttrStats* stats, std::vector<uint64_t> counts, int target) {
  const int slot = free_slot(stats);
  if (slot < 0 || counts.empty()) return;
  std::sort(counts.begin(), counts.end());
  double sum = 0;
  for (const uint64_t count : counts) sum += static_cast<double>(count);
  const size_t bins = std::max<size_t>(2, static_cast<size_t>(target) + 1);
  float4* numbers = new_numbers(stats, slot, bins + 1);
  for (size_t i = 0; i < bins; ++i)
    numbers[i] = static_cast<float4>(counts[i * (counts.size() - 1) / (bins - 1)]);
  numbers[bins] = static_cast<float4>(sum / static_cast<double>(counts.size()));
  stats->stakind[slot] = STATISTIC_KIND_DECHIST;
  stats->staop[slot] = equality_of(Kind::kElementType);
  stats->stacoll[slot] = InvalidOid;
}

/// Calls `f(set)` for each value of the sample that is not null, in a memory context that is emptied after
/// it.
template <class F>
void for_each_value(const Sample& sample, F&& f) {
  pg::Arena arena("analyze roaringbitmap");
  for (int row = 0; row < sample.rows; ++row) {
    check_interrupts();
    bool is_null = false;
    const Datum value = pg::guard([&] { return sample.fetch(sample.stats, row, &is_null); });
    if (is_null) continue;
    {
      const pg::InContext in_arena(arena.context());
      f(value);
    }
    arena.reset();
  }
}

/// Counts the elements of small sets, of so many of them that it does not take long. Of large ones, of whose
/// elements each is likely as common as the next, it only learns how many there are.
template <class Kind>
void compute(const Sample& sample) {
  constexpr uint64_t kMostOfSet = 1024;
  constexpr uint64_t kMostInAll = 2000000;
  std::vector<uint64_t> counts;
  uint64_t small_sets = 0;
  uint64_t elements = 0;  // of small sets
  for_each_value(sample, [&](Datum value) {
    const uint64_t count = bitmap::Questions<Kind>::cardinality(value);
    counts.push_back(count);
    if (count > kMostOfSet) return;
    ++small_sets;
    elements += count;
  });
  const int target = pg::statistics_target(sample.stats);
  // What is common among small sets says nothing where most are large.
  if (2 * small_sets >= counts.size()) {
    const uint64_t step = elements / kMostInAll + 1;  // every so many of the small sets
    bitmap::CommonElements<typename Kind::Element> common(static_cast<size_t>(target) * 10);
    size_t at = 0;
    uint64_t small = 0;
    for_each_value(sample, [&](Datum value) {
      if (counts[at++] > kMostOfSet || small++ % step != 0) return;
      bitmap::set_of<Kind>(value).for_each([&](typename Kind::Element element) { common.add(element); });
      common.end_set();
    });
    store_common<Kind>(sample.stats, common.finish());
  }
  store_counts<Kind>(sample.stats, std::move(counts), target);
}

template <class Kind>
void compute_statistics(VacAttrStatsP stats, AnalyzeAttrFetchFunc fetch, int rows, double total_rows) {
  const auto* standard = static_cast<Standard*>(stats->extra_data);
  stats->extra_data = standard->data;
  standard->compute(stats, fetch, rows, total_rows);
  if (!stats->stats_valid) return;
  Sample sample{stats, fetch, rows};
  pg::enter([](void* argument) { compute<Kind>(*static_cast<Sample*>(argument)); }, &sample);
}

template <class Kind>
Datum typanalyze(FunctionCallInfo fcinfo) {
  auto* stats = reinterpret_cast<VacAttrStats*>(Arguments(fcinfo).datum(0));
  return pg::guard([&] {
    if (!std_typanalyze(stats)) return BoolGetDatum(false);
    auto* standard = static_cast<Standard*>(palloc(sizeof(Standard)));
    *standard = {stats->compute_stats, stats->extra_data};
    stats->extra_data = standard;
    stats->compute_stats = compute_statistics<Kind>;
    return BoolGetDatum(true);
  });
}

}  // namespace

CDP_FUNCTION(rb_typanalyze) { return typanalyze<Kind32>(fcinfo); }

CDP_FUNCTION(rb64_typanalyze) { return typanalyze<Kind64>(fcinfo); }
