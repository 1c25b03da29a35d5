#include "pg/pages.hpp"

#include "pg/spi.hpp"

namespace cdp::pg {

PageRange random_pages(Spi& spi, const char* table, int64_t pages) {
  static Query query(
      "SELECT format('(%s,0)', first), format('(%s,0)', first + $2) FROM (SELECT floor(random() *"
      " pg_relation_size($1::regclass) / current_setting('block_size')::bigint)::bigint AS first) AS r");
  const Rows rows = query(spi, table, pages);
  return {rows.text(0, 0), rows.text(0, 1)};
}

}  // namespace cdp::pg
