#!/bin/bash
# What writers and the worker lose while events are packed: cdp_track calls a second from 16 pgbench connections, and events a
# second that the worker takes from a full inbox, each with a table of recent events that is being packed all the while and with
# none. In turn, each on a fresh copy of the same database; the ratios are of the medians. CPU times are those of the worker.
# CDP_BENCH_EVENTS (1000000) to be packed, CDP_BENCH_SECONDS (5) of writing, CDP_BENCH_MESSAGES (200000) that wait,
# CDP_BENCH_ROUNDS (5).
set -euo pipefail
export CDP_BENCH_EVENTS=${CDP_BENCH_EVENTS:-1000000}
source "$(dirname "$0")/shop/shop.sh"
seconds=${CDP_BENCH_SECONDS:-5}
messages=${CDP_BENCH_MESSAGES:-200000}
base=cdp_bench_packing_base
copy=cdp_bench_packing
trap 'dropdb --if-exists --force $copy; dropdb --if-exists --force $base; sql postgres -c "ALTER SYSTEM RESET cdp.pack_interval" -c "SELECT pg_reload_conf()" >/dev/null' EXIT
load_cdp "$base" "$events"
{
  printf '\\set %s\n' 'user random(1, 20000)' 'event random(0, 19)' 'product random(1, 1000)' 'message random(1, 1000000000000000000)'
  echo "SELECT cdp_track('user-' || :user, 'event_' || :event, jsonb_build_object('url', 'https://shop.example/product/' || :product,
    'price', :product / 100.0, 'label', 'EUR'), now(), md5(:client_id || ' ' || :message));" | tr '\n' ' '
} >"$folder/track.pgbench"

# fresh_copy KIND: `packed`: the worker of the copy begins to pack after a second; `rest`: it does not pack.
fresh_copy() {
  dropdb --if-exists --force "$copy" 2>/dev/null
  sql postgres -c "CREATE DATABASE $copy TEMPLATE $base STRATEGY file_copy" -c CHECKPOINT
  sql postgres -c "ALTER SYSTEM SET cdp.pack_interval = $([ "$1" = packed ] && echo 1 || echo 0)" -c 'SELECT pg_reload_conf()' >/dev/null
}
start_worker() {
  sql "$copy" -c 'SELECT cdp_worker_start()' >/dev/null
  until worker=$(sql "$copy" -c "SELECT pid FROM cdp.worker_status WHERE state = 'idle'") && [ -n "$worker" ]; do sleep 0.05; done
  sleep 1.5
}
worker_ms() { awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%d\n", ($12 + $13) * 1000 / ticks }' "/proc/$worker/stat"; }
# How many are packed by now.
packed_events() { sql "$copy" -c 'SELECT coalesce(sum(n), 0) FROM cdp.timeline'; }

# Each adds a line to measured.KIND.WHAT: the rate, CPU ms of the worker, messages left, events packed.
write() {
  fresh_copy "$1"
  start_worker
  local begin rate
  begin=$(worker_ms)
  rate=$(pgbench -n -M prepared -c 16 -j 2 -T "$seconds" -f "$folder/track.pgbench" "$copy" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p')
  echo "$rate $(($(worker_ms) - begin)) $(sql "$copy" -c 'SELECT pending_messages FROM cdp.worker_status') $(packed_events)" >>"$folder/measured.write.$1"
}
take() {
  fresh_copy "$1"
  start_worker
  local begin started before
  before=$(sql "$copy" -c 'SELECT messages_total FROM cdp.worker')
  begin=$(worker_ms)
  started=$(date +%s%N)
  sql "$copy" -c "INSERT INTO cdp.inbox (payload) SELECT json_build_object('userId', 'user-' || hashint8(n) % 20000, 'type', 'track', 'event', 'event_' || n % 20,
    'messageId', 'w' || n, 'timestamp', now(), 'properties', json_build_object('url', 'https://shop.example/product/' || n % 1000, 'price', n % 10000 / 100.0))
    FROM generate_series(1, $messages) AS n" \
    -c "DO \$\$ BEGIN WHILE (SELECT messages_total FROM cdp.worker) < $before + $messages LOOP COMMIT; PERFORM pg_sleep(0.01); END LOOP; END \$\$"
  echo "$((messages * 1000000 / (($(date +%s%N) - started) / 1000))) $(($(worker_ms) - begin)) 0 $(packed_events)" >>"$folder/measured.take.$1"
}

rm -f "$folder"/measured.*
for ((round = 0; round < rounds; ++round)); do
  kinds=(rest packed)
  if ((round % 2)); then kinds=(packed rest); fi
  for kind in "${kinds[@]}"; do write "$kind"; done
  for kind in "${kinds[@]}"; do take "$kind"; done
done
column() { local values; mapfile -t values < <(cut -d' ' -f"$2" "$folder/measured.$1"); median "${values[@]}"; }
printf '%-44s %10s %6s %14s %10s %14s\n' "$events events to be packed" 'a second' ratio 'worker CPU ms' 'left' 'events packed'
for what in write take; do
  of=$(column "$what.rest" 1)
  for kind in rest packed; do
    name='cdp_track'
    if [ $what = take ]; then name='the worker, from a full inbox'; fi
    if [ $kind = packed ]; then name+=', while packing'; fi
    awk -v name="$name" -v rate="$(column "$what.$kind" 1)" -v of="$of" -v cpu="$(column "$what.$kind" 2)" -v left="$(column "$what.$kind" 3)" \
      -v packed="$(column "$what.$kind" 4)" 'BEGIN { printf "%-44s %10.0f %6.2f %14d %10d %14d\n", name, rate, rate / of, cpu, left, packed }'
  done
done
