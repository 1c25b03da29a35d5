/// By what messages are read, as the tables have it.

#include "event/reading.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"

namespace cdp::event {

namespace {

using Mappings = ReadingRules::Mappings;

Mappings read_mappings() {
  // By the newest snapshot: what is kept must not be older than the last invalidation that came in.
  const pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  static pg::Query query("SELECT name, mapping FROM cdp.source");
  Mappings mappings;
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i) mappings.emplace(rows.text(i, 0), read_mapping(rows.json(i, 1)));
  return mappings;
}

std::shared_ptr<const Mappings> current_mappings() {
  static std::shared_ptr<const Mappings> loaded;
  static pg::TableWatch table("source");
  if (table.has_changed()) loaded.reset();
  if (!loaded) loaded = std::make_shared<const Mappings>(read_mappings());
  return loaded;
}

}  // namespace

ReadingRules current_reading_rules() { return {current_mappings(), Expectations::current()}; }

}  // namespace cdp::event
