#!/bin/bash
# How long after COMMIT of cdp_track its effect is visible, at 2,000 single events a second with the worker at work
# and ten segments with behavioural rules: two probes each commit an event of a new user, and look every millisecond whether that
# user is in its segment. Beside it, how long the COMMIT itself takes, and single-row INSERTs of the same data at the same rate.
# CDP_BENCH_SECONDS (20), CDP_BENCH_RATE (2000).
set -euo pipefail
seconds=${CDP_BENCH_SECONDS:-20}
rate=${CDP_BENCH_RATE:-2000}
database=cdp_bench_latency
dropdb --if-exists --force "$database" 2>/dev/null
createdb "$database"
run() { psql -d "$database" -XqAt -v ON_ERROR_STOP=1 "$@"; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"; dropdb --if-exists --force "$database"' EXIT
run -c 'CREATE EXTENSION cdp' -c 'CREATE TABLE plain (user_id text, event text, properties jsonb, time timestamptz, insert_id text)' \
  -c 'CREATE INDEX ON plain (user_id, time)' -c 'CREATE UNIQUE INDEX ON plain (insert_id)' \
  -c 'CREATE UNLOGGED TABLE measured (what text, ms float8)'
for n in 0 1 2 3 4 5 6 7 8 9; do
  run -c "INSERT INTO cdp.segment (name, rule) VALUES ('s$n', 'count(event_$n in last $((n + 1)) days) >= 2 and not did(event_$((n + 10)) in last 3 hours)')"
done
# Histories of ten events a user, of the last days.
run -c "SELECT cdp_worker_stop()" -c "SELECT cdp_track('user-' || n % 10000, 'event_' || n % 19, '{\"price\": 1.5}', now() - n * interval '5 seconds') FROM generate_series(1, 100000) AS n" \
  -c 'SELECT cdp_process()' -c 'SELECT cdp_worker_start()' >/dev/null
run -f - <<'SQL'
INSERT INTO cdp.segment (name, rule) VALUES ('probed', 'did(probe in last 1 hour)');
CREATE PROCEDURE probe(probe text, seconds float8) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
    who text;
    begun timestamptz;
    committed timestamptz;
BEGIN
    FOR n IN 1 .. 1000000 LOOP
        EXIT WHEN clock_timestamp() > until;
        who := format('%s %s', probe, n);
        begun := clock_timestamp();
        PERFORM cdp_track(who, 'probe', '{"price": 1.5}', now(), who);
        COMMIT;
        committed := clock_timestamp();
        WHILE NOT cdp_in_segment(who, 'probed') LOOP
            PERFORM pg_sleep(0.001);
        END LOOP;
        INSERT INTO measured VALUES ('cdp_track and COMMIT', extract(epoch FROM committed - begun) * 1000),
            ('from then until it is in its segment', extract(epoch FROM clock_timestamp() - committed) * 1000);
        COMMIT;
        PERFORM pg_sleep(random() * 0.02);
    END LOOP;
END $$;
CREATE PROCEDURE probe_plain(probe text, seconds float8) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
    begun timestamptz;
BEGIN
    FOR n IN 1 .. 1000000 LOOP
        EXIT WHEN clock_timestamp() > until;
        begun := clock_timestamp();
        INSERT INTO plain VALUES (format('%s %s', probe, n), 'probe', '{"price": 1.5}', now(), format('%s %s', probe, n));
        COMMIT;
        INSERT INTO measured VALUES ('INSERT of a row and COMMIT', extract(epoch FROM clock_timestamp() - begun) * 1000);
        COMMIT;
        PERFORM pg_sleep(random() * 0.02);
    END LOOP;
END $$;
SQL

values="'user-' || :user, 'event_' || :event, jsonb_build_object('url', 'https://shop.example/product/' || :product, 'price', :product / 100.0, 'label', 'EUR'),
  now(), md5(:client_id || ' ' || :message)"
for kind in plain track; do
  {
    printf '\\set %s\n' 'user random(1, 10000)' 'event random(0, 19)' 'product random(1, 1000)' 'message random(1, 1000000000000000000)'
    if [ "$kind" = track ]; then echo "SELECT cdp_track($values);"; else echo "INSERT INTO plain VALUES ($values);"; fi
  } >"$folder/$kind.pgbench"
done
# measure SCRIPT PROCEDURE: the load, and two probes a second after its beginning; says how many a second were committed.
measure() {
  pgbench -n -M prepared -c 8 -j 2 -R "$rate" -T $((seconds + 2)) -f "$folder/$1.pgbench" "$database" 2>/dev/null | sed -n 's/^tps = \([0-9]*\).*/\1/p' &
  sleep 1
  for probe in a b; do run -c "CALL $2('$probe', $seconds)" & done
  wait
}
run -c CHECKPOINT
plain=$(measure plain probe_plain)
run -c CHECKPOINT
tracked=$(measure track probe)
echo "$plain rows/s inserted; $tracked events/s tracked"
echo
printf '%-40s %9s %9s %9s %9s %9s  %s\n' ms samples median p95 p99 max 'median beside INSERT'
run -F ' ' -c "
  WITH m AS (SELECT what, count(*) AS n, percentile_cont(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY ms) AS p FROM measured GROUP BY what)
  SELECT rpad(what, 40), lpad(n::text, 9), (SELECT string_agg(lpad(round(v::numeric, 2)::text, 9), ' ' ORDER BY i) FROM unnest(p) WITH ORDINALITY AS u (v, i)),
         round((p[1] / (SELECT p[1] FROM m WHERE what LIKE 'INSERT%'))::numeric, 2)
  FROM m ORDER BY what NOT LIKE 'INSERT%', what"
