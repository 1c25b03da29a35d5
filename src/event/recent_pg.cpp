#include "event/recent.hpp"
#include "pg/spi.hpp"

namespace cdp::event {

RecentTables RecentTables::read(pg::Spi& spi) {
  static pg::Query query("SELECT slot, packed_until FROM cdp.packing");
  RecentTables tables;
  const pg::Rows rows = query(spi);
  if (rows.empty()) return tables;
  tables.slot_ = rows.smallint(0, 0);
  tables.packed_until_ = rows.bigint(0, 1);
  return tables;
}

}  // namespace cdp::event
