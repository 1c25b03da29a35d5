#!/bin/bash
# Events a second through COPY cdp.inbox and cdp_process(), beside COPY of the same rows into an ordinary table with
# the index that the event store has. In turn, three times; the ratio is of the medians.
set -euo pipefail
events=${CDP_BENCH_EVENTS:-200000}
database=cdp_bench_ingest
dropdb --if-exists --force "$database" 2>/dev/null
createdb "$database"
run() { psql -d "$database" -XqAt -v ON_ERROR_STOP=1 "$@"; }
file=$(mktemp)
trap 'rm -f "$file"; dropdb --if-exists --force "$database"' EXIT
run -c 'CREATE EXTENSION cdp' -c 'SELECT cdp_worker_stop()' >/dev/null
# 20,000 users; about 290 bytes a message.
run -c "COPY (SELECT json_build_object('userId', 'user-' || hashint8(n) % 10000, 'type', 'track', 'event',
  (ARRAY['page_viewed','product_viewed','add_to_cart','checkout','purchase'])[1 + n % 5], 'messageId', md5(n::text),
  'timestamp', timestamptz '2024-01-01 00:00Z' + n * interval '7 seconds', 'properties', json_build_object('url',
  'https://shop.example/product/' || n % 1000, 'price', n % 10000 / 100.0, 'currency', 'EUR', 'position', n % 12))
  FROM generate_series(1, $events) AS n) TO STDOUT" >"$file"
run -c "CREATE TABLE plain (payload jsonb, user_id text GENERATED ALWAYS AS (payload ->> 'userId') STORED,
  n bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (n))" -c 'CREATE INDEX ON plain (user_id, n)'
now() { date +%s%N; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
plain=() with_copy=() with_process=()
for round in 1 2 3; do
  run -c 'TRUNCATE plain'
  begin=$(now)
  run -c "\\copy plain (payload) FROM '$file' (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"
  plain+=($((($(now) - begin) / 1000000)))
  run -c 'TRUNCATE cdp.recent_event, cdp.insert_id, cdp.profile, cdp.identity, cdp.session_span, cdp.membership,
    cdp.segment_due, cdp.segment_change'
  begin=$(now)
  run -c "\\copy cdp.inbox (payload) FROM '$file' (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"
  with_copy+=($((($(now) - begin) / 1000000)))
  [ "$(run -c 'SELECT cdp_process()')" = "$events" ] || { echo 'not all events were taken' >&2 && exit 1; }
  with_process+=($((($(now) - begin) / 1000000)))
done
p=$(median "${plain[@]}") c=$(median "${with_copy[@]}") a=$(median "${with_process[@]}")
awk -v n="$events" -v p="$p" -v c="$c" -v a="$a" 'BEGIN {
  printf "%-52s %8d ms %9d events/s  1.00\n", "COPY into an indexed table", p, n * 1000 / p
  printf "%-52s %8d ms %9d events/s  %.2f\n", "COPY cdp.inbox", c, n * 1000 / c, c / p
  printf "%-52s %8d ms %9d events/s  %.2f\n", "COPY cdp.inbox and cdp_process(), insert ids", a, n * 1000 / a, a / p }'
