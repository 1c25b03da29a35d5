#!/bin/bash
# A thousand segments over many users and events: how long they take to compute, how much room they take, how soon an event shows while
# events keep coming, how late time changes memberships that fall into one minute, and look-ups beside those of a primary key.
# Events have 100 names, and each name is in about twelve of a thousand rules of ten kinds.
# The private server has 256 MB of shared buffers: for a million users raise them first (docs/benchmarks.md).
# CDP_BENCH_USERS (1000000), CDP_BENCH_EVENTS (20000000), CDP_BENCH_SEGMENTS (1000), CDP_BENCH_RATE (5000 events a second),
# CDP_BENCH_WARMUP (15), CDP_BENCH_SECONDS (30), CDP_BENCH_FLIPS (100000), CDP_BENCH_PARTS ("compute lookup load flips").
set -euo pipefail
users=${CDP_BENCH_USERS:-1000000}
events=${CDP_BENCH_EVENTS:-20000000}
segments=${CDP_BENCH_SEGMENTS:-1000}
rate=${CDP_BENCH_RATE:-5000}
seconds=${CDP_BENCH_SECONDS:-30}
warmup=${CDP_BENCH_WARMUP:-15}
flips=${CDP_BENCH_FLIPS:-100000}
database=cdp_bench_segment # its events stay for the next run of the same size and build
here=$(dirname "$0")
run() { PGOPTIONS='-c client_min_messages=warning' psql -d "$database" -XqAt -F ' ' -v ON_ERROR_STOP=1 "$@"; }
folder=$(mktemp -d)
stop() { kill $(jobs -p) 2>/dev/null || true; }
trap 'stop; rm -rf "$folder"' EXIT
build=$(cat cdp--*.sql cdp.so | sha256sum | cut -c1-16)
# seconds_of COMMAND …: how long it took.
seconds_of() {
  local begin end
  begin=$(date +%s.%N)
  "$@" >/dev/null
  end=$(date +%s.%N)
  echo "$begin $end" | awk '{ printf "%.2f", $2 - $1 }'
}
say() { printf '%-72s %s\n' "$1" "$2"; }

fill() {
  dropdb --if-exists --force "$database" 2>/dev/null
  createdb "$database"
  run -c 'CREATE EXTENSION cdp' -c 'SELECT cdp_worker_stop()' >/dev/null
  run -v users="$users" -v events="$events" -f "$here/segment/fill.sql" >/dev/null
  until [ "$(run -c 'SELECT cdp_pack()' -c 'SELECT EXISTS (SELECT FROM cdp.recent_event)' | tail -n 1)" = f ]; do sleep 1; done
  run -c 'VACUUM ANALYZE' -c "COMMENT ON DATABASE $database IS '$users users, $events events, $build'"
}

measure_compute() {
  run -c 'SELECT cdp_worker_stop()' -c 'DELETE FROM cdp.segment' >/dev/null
  run -c CHECKPOINT
  say 'one segment about behaviour, computed (s)' "$(seconds_of run -c "INSERT INTO cdp.segment (name, rule) VALUES
    ('one', 'count(event_5 in last 30 days) >= 2 and not did(event_6 in last 7 days)')")"
  run -c 'TRUNCATE cdp.segment CASCADE'
  say "$segments segments, computed at once (s)" "$(seconds_of run -v segments="$segments" -f "$here/segment/define.sql")"
  say 'memberships' "$(run -c 'SELECT sum(size) FROM cdp.segment')"
  run -c 'VACUUM ANALYZE'
  say 'room of segments, members and dues (MB)' "$(run -c "SELECT round(sum(pg_total_relation_size(t)) / 1e6) FROM unnest(
    '{cdp.segment,cdp.segment_chunk,cdp.segment_edit,cdp.segment_growth,cdp.membership,cdp.segment_due}'::regclass[]) AS t")"
  say 'room of recorded changes (MB)' "$(run -c "SELECT round(pg_total_relation_size('cdp.segment_change') / 1e6)")"
}

tps() { pgbench -n -M prepared -c 2 -j 2 -T "${CDP_BENCH_LOOKUP_SECONDS:-5}" -D users="$users" -f "$1" "$database" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p'; }

measure_lookup() {
  run -c 'DROP TABLE IF EXISTS plain' -c "CREATE TABLE plain AS SELECT user_id, user_no FROM cdp.profile WHERE user_id IS NOT NULL" \
    -c 'ALTER TABLE plain ADD PRIMARY KEY (user_id)' -c 'VACUUM ANALYZE plain' >/dev/null
  local plain asked
  plain=$(tps "$here/segment/plain.pgbench")
  asked=$(tps "$here/segment/in_segment.pgbench")
  say 'cdp_in_segment a second, beside look-ups by primary key' "$asked $plain $(echo "$asked $plain" | awk '{ printf "%.2f", $1 / $2 }')"
  run -c 'DROP TABLE plain'
}

measure_load() {
  run -c "INSERT INTO cdp.segment (name, rule) VALUES ('probed', 'did(probe in last 1 hour)') ON CONFLICT DO NOTHING" -f "$here/segment/probe.sql" \
    -c 'SELECT cdp_worker_start()' -c CHECKPOINT >/dev/null
  local before after
  pgbench -n -M prepared -c 4 -j 1 -R $((rate / 10)) -T $((warmup + seconds + 2)) -D users="$users" -f "$here/segment/ingest.pgbench" "$database" >"$folder/pgbench" 2>&1 &
  local writer=$!
  # A process that is new to the tables' pages takes a while to get to know them.
  sleep "$warmup"
  before=$(run -c 'SELECT messages_total FROM cdp.worker')
  sleep 1
  for probe in a b; do run -c "CALL probe('$probe', $seconds)" & done
  wait "$writer"
  after=$(run -c 'SELECT messages_total FROM cdp.worker')
  wait
  say 'events a second sent, and taken' "$(sed -n 's/^tps = \([0-9]*\).*/\10/p' "$folder/pgbench") $(((after - before) / (seconds + 2)))"
  say 'from COMMIT until the membership shows (ms): median, p95, p99, most' "$(run -c "SELECT round(p[1]::numeric, 1), round(p[2]::numeric, 1), round(p[3]::numeric, 1), round(p[4]::numeric, 1)
    FROM (SELECT percentile_cont(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ms) AS p FROM measured) AS m")"
  say 'microseconds an event by stage' "$(run -c "SELECT stage_us FROM cdp.worker_status" | head -c 400)"
}

measure_flips() {
  run -c "INSERT INTO cdp.segment (name, rule) VALUES ('flipped', 'did(flip in last 1 hour)') ON CONFLICT DO NOTHING" -c 'SELECT cdp_worker_start()' >/dev/null
  # They run out in the minute that begins 40 s from now.
  run -v flips="$flips" -v users="$users" -f "$here/segment/flip.sql"
  say "$flips memberships run out in a minute; late by (ms): median, p99, most" "$(run -f "$here/segment/late.sql")"
}

if [ "$(psql -d postgres -XqAt -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$database'")" != \
  "$users users, $events events, $build" ]; then
  say "$events events of $users users taken and packed (s)" "$(seconds_of fill)"
fi
for part in ${CDP_BENCH_PARTS:-compute lookup load flips}; do "measure_$part"; done
run -c 'SELECT cdp_worker_stop()' >/dev/null
