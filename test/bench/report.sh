#!/bin/bash
# Reports over packed histories beside ClickHouse and DuckDB in this machine, and beside plain SQL over rows in PostgreSQL: a funnel of
# three steps within a day, the same with a condition, users by event, a segment of three conditions. The answers must be
# the same. CPU times are those of all threads; ratios are of CPU times, one thread against one.
# CDP_BENCH_QUERIES ("funnel funnel_where users segment"), and what shop.sh names.
set -euo pipefail
source "$(dirname "$0")/shop/shop.sh"
queries=${CDP_BENCH_QUERIES:-funnel funnel_where users segment}
install_peers
if ! is_packed; then
  load_cdp "$database" "$events"
  empty_recent "$database"
  mark_packed
fi
sql "$database" -c 'DROP TABLE IF EXISTS shop_event' \
  -c 'CREATE TABLE shop_event (user_no integer, ts timestamp, event text, price numeric, country text, received_at timestamp)'
generate rows "$events" | sql "$database" -c 'COPY shop_event FROM STDIN' -c 'VACUUM ANALYZE shop_event'
for peer in "${peers[@]}"; do load_peer "$peer" events "$events"; done

for query in $queries; do
  file=$shop/report/$query
  measured "$query" cdp measure_sql "$database" "$rounds" "$file.cdp.sql"
  if [[ $query = funnel* ]]; then measured "$query" 'cdp, 2 processes' measure_sql "$database" "$rounds" "$file.cdp.sql" 1; fi
  if has_peer clickhouse; then
    measured "$query" 'ClickHouse, 1 thread' measure_peer clickhouse 1 "$file.clickhouse.sql"
    measured "$query" 'ClickHouse, 2 threads' measure_peer clickhouse 2 "$file.clickhouse.sql"
  fi
  if has_peer duckdb; then measured "$query" 'DuckDB, 1 thread' measure_peer duckdb 1 "$file.duckdb.sql"; fi
  measured "$query" 'plain SQL over rows' measure_sql "$database" 1 "$file.rows.sql"
done >"$folder/measured"
echo "$events events"
compare <"$folder/measured"
