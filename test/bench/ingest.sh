#!/bin/bash
# Events a second from COPY cdp.inbox to committed effects, beside COPY of the same rows as jsonb into a plain table
# with a btree on (user, time) and a unique index on the insert id. In turn; the ratios are of the medians.
# CDP_BENCH_EVENTS (200000; 1000000 is the full size), CDP_BENCH_ROUNDS (3), CDP_BENCH_VISIT (5: how many events
# come together, about 40 s apart; 1: each alone, a user's next one days later).
set -euo pipefail
events=${CDP_BENCH_EVENTS:-200000}
rounds=${CDP_BENCH_ROUNDS:-3}
visit=${CDP_BENCH_VISIT:-5}
database=cdp_bench_ingest
dropdb --if-exists --force "$database" 2>/dev/null
createdb "$database"
run() { psql -d "$database" -XqAt -v ON_ERROR_STOP=1 "$@"; }
file=$(mktemp)
trap 'rm -f "$file"; dropdb --if-exists --force "$database"' EXIT
run -c 'CREATE EXTENSION cdp' -c 'SELECT cdp_worker_stop()' >/dev/null

# A user has ten events on average, of 20 names; 30 properties in all, four an event; about 300 bytes a message, of the last six days.
run -c "COPY (SELECT json_build_object('userId', 'user-' || abs(hashint8(v)) % greatest($events / 10, 1), 'type', 'track',
  'event', 'event_' || n % 20, 'messageId', md5(n::text), 'timestamp', to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF'),
  'properties', json_build_object('url', 'https://shop.example/product/' || n % 1000, 'property_' || n % 9, n % 10000 / 100.0,
  'label_' || n % 10, 'EUR', 'position_' || n % 10, n % 12))
  FROM (SELECT n, v, now() - interval '6 days' + v * interval '6 days' / ($events / $visit + 1)
               + (n % $visit) * interval '40 seconds' + n % 7 * interval '1 second' AS at
        FROM generate_series(1, $events) AS n, LATERAL (SELECT (n / $visit)::bigint AS v) AS visit ORDER BY at) AS e) TO STDOUT" >"$file"
run -c "CREATE TABLE plain (payload jsonb, user_id text GENERATED ALWAYS AS (payload ->> 'userId') STORED,
    time text GENERATED ALWAYS AS (payload ->> 'timestamp') STORED, insert_id text GENERATED ALWAYS AS (payload ->> 'messageId') STORED)" \
  -c 'CREATE INDEX ON plain (user_id, time)' -c 'CREATE UNIQUE INDEX ON plain (insert_id)'
for n in 0 1 2 3 4 5 6 7 8 9; do
  run -c "INSERT INTO cdp.segment (name, rule) VALUES ('s$n', 'count(event_$n in last $((n + 1)) days) >= 2 and not did(event_$((n + 10)) in last 3 hours)')"
done

now() { date +%s%N; }
copy() { run -c "\\copy $1 FROM '$file' (FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')"; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
taken() { run -c 'SELECT messages_total FROM cdp.worker'; }
plain=() queued=() worked=()
for ((round = 0; round < rounds; ++round)); do
  run -c 'TRUNCATE plain' -c CHECKPOINT
  begin=$(now)
  copy 'plain (payload)'
  plain+=($((($(now) - begin) / 1000000)))
  run -c 'TRUNCATE cdp.recent_event, cdp.insert_id, cdp.profile, cdp.identity, cdp.session_span, cdp.open_session, cdp.membership,
    cdp.segment_due, cdp.segment_change, cdp.segment_chunk, cdp.segment_growth' -c CHECKPOINT
  begin=$(now)
  copy 'cdp.inbox (payload)'
  queued+=($((($(now) - begin) / 1000000)))
  before=$(taken)
  begin=$(now)
  run -c 'SELECT cdp_worker_start()' >/dev/null
  run -c "DO \$\$ BEGIN WHILE (SELECT messages_total FROM cdp.worker) < $before + $events LOOP COMMIT; PERFORM pg_sleep(0.01); END LOOP; END \$\$"
  worked+=($((($(now) - begin) / 1000000)))
  run -c 'SELECT cdp_worker_stop()' >/dev/null
done
p=$(median "${plain[@]}") c=$(median "${queued[@]}") w=$(median "${worked[@]}")
awk -v n="$events" -v p="$p" -v c="$c" -v w="$w" 'BEGIN {
  printf "%-56s %8d ms %9d events/s  1.00\n", "COPY into the plain table", p, n * 1000 / p
  printf "%-56s %8d ms %9d events/s  %.2f\n", "COPY cdp.inbox", c, n * 1000 / c, c / p
  printf "%-56s %8d ms %9d events/s  %.2f\n", "the worker, from a full inbox, ten segments", w, n * 1000 / w, w / p
  printf "%-56s %8d ms %9d events/s  %.2f\n", "both", c + w, n * 1000 / (c + w), (c + w) / p }'
echo
run -F ' ' -c "SELECT rpad(key, 12), lpad(round(value::numeric, 2)::text, 8) || ' us' FROM cdp.worker_status, jsonb_each_text(stage_us)"
