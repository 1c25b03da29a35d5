#!/bin/bash
# cdp_track calls a second from 16 pgbench connections, each a transaction, the worker at work, beside single-row INSERTs of the
# same data into a table with jsonb, a btree on (user, time) and a unique index on the insert id. In turn; the
# ratio is of the medians. CDP_BENCH_SECONDS (5) each, CDP_BENCH_ROUNDS (5).
set -euo pipefail
seconds=${CDP_BENCH_SECONDS:-5}
rounds=${CDP_BENCH_ROUNDS:-5}
database=cdp_bench_track
dropdb --if-exists --force "$database" 2>/dev/null
createdb "$database"
run() { psql -d "$database" -XqAt -v ON_ERROR_STOP=1 "$@"; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"; dropdb --if-exists --force "$database"' EXIT
run -c 'CREATE EXTENSION cdp' -c 'CREATE TABLE plain (user_id text, event text, properties jsonb, time timestamptz, insert_id text)' \
  -c 'CREATE INDEX ON plain (user_id, time)' -c 'CREATE UNIQUE INDEX ON plain (insert_id)'

values="'user-' || :user, 'event_' || :event, jsonb_build_object('url', 'https://shop.example/product/' || :product, 'price', :product / 100.0, 'label', 'EUR'),
  now(), md5(:client_id || ' ' || :message)"
for kind in plain track; do
  {
    printf '\\set %s\n' 'user random(1, 20000)' 'event random(0, 19)' 'product random(1, 1000)' 'message random(1, 1000000000000000000)'
    if [ "$kind" = track ]; then echo "SELECT cdp_track($values);"; else echo "INSERT INTO plain VALUES ($values);"; fi
  } >"$folder/$kind.pgbench"
done
rate() { pgbench -n -M prepared -c 16 -j 2 -T "$seconds" -f "$folder/$1.pgbench" "$database" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
plain=() tracked=() waiting=()
for ((round = 0; round < rounds; ++round)); do
  run -c 'TRUNCATE plain' -c 'TRUNCATE cdp.recent_event, cdp.insert_id' -c CHECKPOINT
  plain+=("$(rate plain)")
  tracked+=("$(rate track)")
  waiting+=("$(run -c 'SELECT pending_messages FROM cdp.worker_status')")
  until [ "$(run -c 'SELECT pending_messages FROM cdp.worker_status')" = 0 ]; do sleep 0.2; done
done
awk -v p="$(median "${plain[@]}")" -v t="$(median "${tracked[@]}")" -v w="$(median "${waiting[@]}")" 'BEGIN {
  printf "%-40s %9.0f transactions/s  1.00\n", "INSERT of a row", p
  printf "%-40s %9.0f transactions/s  %.2f\n", "cdp_track", t, t / p
  printf "%-40s %9d messages\n", "left to the worker at the end of a run", w }'
