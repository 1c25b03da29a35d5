/// What a connection keeps of the tables. A change's statement trigger invalidates the relation cache entry
/// of its table; the server carries that to every connection when the change is committed, to its own at the
/// end of the command, and takes it back on rollback. Here each such message moves a counter on, and what was
/// read at an older count is read anew.
#include "pg/server.hpp"

#include "base/error.hpp"
#include "decision/configuration.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/trigger.hpp"

#include <array>
#include <unordered_map>

extern "C" {
#include <access/xact.h>
#include <catalog/namespace.h>
#include <storage/sinval.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
}

namespace cdp::decision {

namespace {

constexpr std::array<const char*, 6> kConfigurationTables{"placement",        "campaign", "ad_group",
                                                          "ad_group_segment", "creative", "segment"};

/// Counters that the callbacks move on; plain data, since callbacks run anywhere.
struct Changes {
  bool is_registered;
  bool has_old_snapshot;  ///< something was read by a snapshot that may be older than the last change
  uint64_t configuration;
  uint64_t counts;
  std::array<Oid, kConfigurationTables.size()> configuration_tables;
  Oid counts_table;
};
Changes changes{};

struct KeptModel {
  uint64_t as_of;
  std::shared_ptr<Model> model;
};

/// What is kept; made at first need, for the life of the connection.
struct Kept {
  std::shared_ptr<const Configuration> configuration;
  uint64_t as_of = 0;
  Oid reader = InvalidOid;  ///< whose rights it was read with
  std::unordered_map<const Placement*, KeptModel> models;
};
Kept* kept_by_connection = nullptr;

void note_change(Datum /*argument*/, Oid relation) {
  if (relation == InvalidOid || relation == changes.counts_table) ++changes.counts;
  for (const Oid table : changes.configuration_tables)
    if (relation == InvalidOid || relation == table) ++changes.configuration;
}

/// A transaction of one snapshot may have read less than others have committed.
void note_transaction_end(XactEvent event, void* /*argument*/) {
  if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE || !changes.has_old_snapshot) return;
  changes.has_old_snapshot = false;
  ++changes.configuration;
  ++changes.counts;
}

/// Makes sure that changes are heard of from now on.
void listen() {
  pg::guard([] {
    if (!changes.is_registered) {
      CacheRegisterRelcacheCallback(note_change, 0);
      RegisterXactCallback(note_transaction_end, nullptr);
      changes.is_registered = true;
    }
    const Oid schema = get_namespace_oid("cdp", false);
    for (size_t i = 0; i < kConfigurationTables.size(); ++i)
      changes.configuration_tables[i] = get_relname_relid(kConfigurationTables[i], schema);
    changes.counts_table = get_relname_relid("creative_count", schema);
    // What other connections did before this moment is in the snapshots taken from now on.
    AcceptInvalidationMessages();
    if (IsolationUsesXactSnapshot()) changes.has_old_snapshot = true;
  });
}

std::vector<Placement> read_placements(pg::Spi& spi) {
  static pg::Query query(
      "SELECT name, content_type, strategy, max_results, enabled, impression_event, click_event,"
      " attribution_window FROM cdp.placement");
  const pg::Rows rows = query(spi);
  std::vector<Placement> placements(rows.size());
  for (uint64_t i = 0; i < rows.size(); ++i) {
    Placement& placement = placements[i];
    placement.name = rows.text(i, 0);
    placement.content_type = rows.text(i, 1);
    placement.strategy = strategy_of(rows.text(i, 2));
    placement.max_results = rows.integer(i, 3);
    placement.is_enabled = rows.boolean(i, 4);
    placement.impression_event = rows.text(i, 5);
    placement.click_event = rows.text(i, 6);
    placement.attribution_window =
        pg::micros_of(DatumGetIntervalP(rows.datum(i, 7)), "cdp.placement.attribution_window");
  }
  return placements;
}

Window window_of(const pg::Rows& rows, uint64_t row, int column) {
  return {rows.boolean(row, column), rows.instant(row, column + 1), rows.instant(row, column + 2)};
}

std::string whole_bytes(Datum varlena) {
  const char* bytes = pg::guard([&] { return reinterpret_cast<const char*>(PG_DETOAST_DATUM(varlena)); });
  return {bytes, VARSIZE(bytes)};
}

std::vector<Creative> read_creatives(pg::Spi& spi) {
  static pg::Query query(
      "SELECT c.name, c.content_type, c.content, c.created_at, coalesce(g.name, ''), coalesce(m.name, ''),"
      " c.enabled, coalesce(c.starts_at, '-infinity'), coalesce(c.ends_at, 'infinity'),"
      " coalesce(g.enabled, true), coalesce(g.starts_at, '-infinity'), coalesce(g.ends_at, 'infinity'),"
      " coalesce(m.enabled, true), coalesce(m.starts_at, '-infinity'), coalesce(m.ends_at, 'infinity'),"
      " a.included, a.excluded, a.included_names, a.excluded_names "
      "FROM cdp.creative c"
      " LEFT JOIN cdp.ad_group g ON g.name = c.ad_group"
      " LEFT JOIN cdp.campaign m ON m.name = g.campaign"
      " CROSS JOIN LATERAL ("
      "  SELECT coalesce(array_agg(coalesce(s.members_no, s.segment_no)) FILTER (WHERE NOT t.is_excluded), "
      "'{}') AS "
      "included,"
      "   coalesce(array_agg(coalesce(s.members_no, s.segment_no)) FILTER (WHERE t.is_excluded), '{}') AS "
      "excluded,"
      "   coalesce(string_agg(s.name, ', ' ORDER BY s.name) FILTER (WHERE NOT t.is_excluded), '')"
      "    AS included_names,"
      "   coalesce(string_agg(s.name, ', ' ORDER BY s.name) FILTER (WHERE t.is_excluded), '')"
      "    AS excluded_names"
      "  FROM cdp.ad_group_segment t JOIN cdp.segment s ON s.name = t.segment"
      "  WHERE t.ad_group = c.ad_group) a "
      "ORDER BY c.name COLLATE \"C\"");
  const pg::Rows rows = query(spi);
  std::vector<Creative> creatives(rows.size());
  for (uint64_t i = 0; i < rows.size(); ++i) {
    Creative& creative = creatives[i];
    creative.name = rows.text(i, 0);
    creative.content_type = rows.text(i, 1);
    creative.content = whole_bytes(rows.datum(i, 2));
    creative.created_at = rows.instant(i, 3);
    creative.ad_group = rows.text(i, 4);
    creative.campaign = rows.text(i, 5);
    creative.own = window_of(rows, i, 6);
    creative.of_ad_group = window_of(rows, i, 9);
    creative.of_campaign = window_of(rows, i, 12);
    creative.included = rows.integers(i, 15);
    creative.excluded = rows.integers(i, 16);
    creative.included_names = rows.text(i, 17);
    creative.excluded_names = rows.text(i, 18);
  }
  return creatives;
}

std::shared_ptr<Model> read_model(const Configuration& configuration, const Placement& placement) {
  static pg::Query query("SELECT creative, impressions, clicks FROM cdp.creative_count WHERE placement = $1");
  pg::Spi spi;
  const pg::Rows rows = query(spi, placement.name);
  std::unordered_map<std::string, Counts> by_creative;
  for (uint64_t i = 0; i < rows.size(); ++i)
    by_creative[rows.text(i, 0)] = {rows.bigint(i, 1), rows.bigint(i, 2)};
  std::vector<Counts> counts;
  counts.reserve(placement.candidates.size());
  for (const size_t candidate : placement.candidates) {
    const auto found = by_creative.find(configuration.creative(candidate).name);
    counts.push_back(found == by_creative.end() ? Counts() : found->second);
  }
  return std::make_shared<Model>(std::move(counts));
}

}  // namespace

std::shared_ptr<const Configuration> current_configuration() {
  if (kept_by_connection == nullptr) kept_by_connection = new Kept;
  Kept& kept = *kept_by_connection;
  // Within a transaction, too, others' commits are heard of: a check of one counter in shared memory.
  if (changes.is_registered) pg::guard([] { AcceptInvalidationMessages(); });
  if (kept.configuration && kept.as_of == changes.configuration && kept.reader == GetUserId())
    return kept.configuration;
  listen();
  const uint64_t as_of = changes.configuration;
  const Oid reader = GetUserId();
  pg::Spi spi;
  std::vector<Placement> placements = read_placements(spi);
  auto made = std::make_shared<const Configuration>(std::move(placements), read_creatives(spi));
  kept.models.clear();
  kept.configuration = made;
  kept.as_of = as_of;
  kept.reader = reader;
  return made;
}

std::shared_ptr<Model> current_model(const std::shared_ptr<const Configuration>& configuration,
                                     const Placement& placement) {
  Kept& kept = *kept_by_connection;
  if (const auto found = kept.models.find(&placement);
      found != kept.models.end() && found->second.as_of == changes.counts)
    return found->second.model;
  listen();
  const uint64_t as_of = changes.counts;
  auto made = read_model(*configuration, placement);
  // Reading may have replaced what is kept: then this answer is for the caller only.
  if (kept.configuration == configuration) kept.models[&placement] = {as_of, made};
  return made;
}

}  // namespace cdp::decision

CDP_FUNCTION(cdp_decision_changed) {
  const TriggerData* trigger = cdp::pg::trigger_of(fcinfo);
  cdp::pg::guard([&] { CacheInvalidateRelcache(trigger->tg_relation); });
  return PointerGetDatum(nullptr);
}
