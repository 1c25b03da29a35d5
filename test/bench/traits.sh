#!/bin/bash
# Counts of rules about traits by trait indexes, over profiles made at once, beside DuckDB over the same columns in this machine;
# and a rule about a trait and behaviour over the events of shop.sh, with an index on the trait and without. The answers must be the same.
# CDP_BENCH_PROFILES (10000000), and what shop.sh names. CDP_BENCH_PARTS ("profiles behaviour").
set -euo pipefail
source "$(dirname "$0")/shop/shop.sh"
traits=$(dirname "$0")/traits
profiles=${CDP_BENCH_PROFILES:-10000000}
parts=${CDP_BENCH_PARTS:-profiles behaviour}
profile_database=cdp_bench_traits # stays for the next run
build=$(build_sum)

fill_profiles() {
  dropdb --if-exists --force "$profile_database" 2>/dev/null
  createdb "$profile_database"
  sql "$profile_database" -c 'CREATE EXTENSION cdp' -c 'SELECT cdp_worker_stop()' >/dev/null
  sql "$profile_database" -v profiles="$profiles" -f "$traits/fill.sql" -c 'VACUUM ANALYZE cdp.profile'
  local begin=$SECONDS
  sql "$profile_database" -c "INSERT INTO cdp.trait_index (trait) VALUES ('age'), ('interests'), ('last_week_visited'), ('country')"
  echo "four indexes over $profiles profiles were built in $((SECONDS - begin)) s, $(sql "$profile_database" -c "SELECT pg_size_pretty(
    pg_total_relation_size('cdp.trait_chunk') + pg_total_relation_size('cdp.trait_number'))") beside $(sql "$profile_database" -c "SELECT pg_size_pretty(pg_table_size('cdp.profile'))") of profiles"
  sql "$profile_database" -c "VACUUM ANALYZE" -c "COMMENT ON DATABASE $profile_database IS '$profiles profiles, $build'"
}

load_duckdb() {
  local create="CREATE OR REPLACE TABLE profile AS SELECT user_no, country, age, string_split(interests, '|') AS interests, last_week_visited"
  sql "$profile_database" -c "COPY (SELECT user_no, traits->>'country', traits->>'age', translate(traits->>'interests', '[]\", ', '   |'), traits->>'last_week_visited'
    FROM cdp.profile ORDER BY user_no) TO STDOUT" | tr -d ' ' >"$folder/profiles"
  echo "$create FROM read_csv('$folder/profiles', delim = '\t', header = false, columns = {user_no: 'UINTEGER', country: 'VARCHAR',
    age: 'UTINYINT', interests: 'VARCHAR', last_week_visited: 'BOOLEAN'})" >"$folder/load.sql"
  node "$shop/peers.js" duckdb "$folder" run "$folder/load.sql"
  rm "$folder/profiles" "$folder/load.sql"
}

measure_profiles() {
  if [ "$(sql postgres -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$profile_database'")" != \
    "$profiles profiles, $build" ]; then
    fill_profiles
  fi
  if has_peer duckdb; then load_duckdb; fi
  for question in "$traits"/*.cdp.sql; do
    local name
    name=$(basename "$question" .cdp.sql)
    measured "$name" cdp measure_sql "$profile_database" "$rounds" "$question"
    if has_peer duckdb; then measured "$name" 'DuckDB, 1 thread' measure_peer duckdb 1 "$traits/$name.duckdb.sql"; fi
  done >"$folder/measured"
  echo "$profiles profiles"
  compare <"$folder/measured"
}

# The segment of ./dev bench report.
measure_behaviour() {
  if ! is_packed; then
    load_cdp "$database" "$events"
    empty_recent "$database"
    mark_packed
  fi
  sql "$database" -c 'DELETE FROM cdp.trait_index'
  {
    measured segment 'cdp without an index' measure_sql "$database" "$rounds" "$shop/report/segment.cdp.sql"
    sql "$database" -c "INSERT INTO cdp.trait_index (trait) VALUES ('country')"
    measured segment 'cdp, country indexed' measure_sql "$database" "$rounds" "$shop/report/segment.cdp.sql"
    sql "$database" -c 'DELETE FROM cdp.trait_index'
  } >"$folder/measured"
  echo "$events events"
  compare <"$folder/measured"
}

install_peers
for part in $parts; do "measure_$part"; done
