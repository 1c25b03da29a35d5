# What the benchmarks history and report share, sourced by both: events of a shop in the product and in its peers.
# CDP_BENCH_EVENTS (5000000), of a user for every 25; CDP_BENCH_ROUNDS (5): runs of which the median counts, after one to warm up.
# The peers are npm packages in the private server's folder, installed at the first run; what cannot be installed is left out.
events=${CDP_BENCH_EVENTS:-5000000}
rounds=${CDP_BENCH_ROUNDS:-5}
database=cdp_bench_shop # stays for the next run; ./dev clean removes it
shop=$(dirname "${BASH_SOURCE[0]}")
folder=$CDP_STATE/bench-shop
mkdir -p "$folder" "$CDP_STATE/peers"
log=$CDP_STATE/log/bench-shop.log
: >"$log"
export NODE_PATH=$CDP_STATE/peers/node_modules

failed() { tail -n 25 "$log" >&2 && exit 1; }
sql() { PGOPTIONS=${PGOPTIONS:--c client_min_messages=warning} psql -d "$1" -XqAt -F, -v ON_ERROR_STOP=1 "${@:2}"; }
median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }

{ cmake -S . -B build/bench -DCDP_BENCH=ON -DCMAKE_BUILD_TYPE=Release &&
  cmake --build build/bench -j "$CDP_JOBS" --target generate_shop; } >"$log" 2>&1 || failed
generate() { build/bench/generate_shop "$@"; }

# load_cdp DATABASE GENERATE-ARGUMENT …: a new database with these events, recent ones still, the worker stopped. In pieces, so that
# neither the inbox nor a transaction is large.
load_cdp() {
  local name=$1
  shift
  dropdb --if-exists --force "$name" 2>/dev/null
  createdb "$name"
  sql "$name" -c 'CREATE EXTENSION cdp' -c 'SELECT cdp_worker_stop()' >/dev/null
  generate messages "$@" | split -l 100000 --filter="psql -d $name -XqAt -v ON_ERROR_STOP=1 \
    -c 'COPY cdp.inbox (source, payload, received_at) FROM STDIN' -c 'SELECT cdp_process()' >>'$log' 2>&1" || failed
  if [ "$(sql "$name" -c 'SELECT count(*) FROM cdp.dead_letter')" != 0 ]; then echo 'some messages were refused' >&2 && exit 1; fi
}

# empty_recent DATABASE: the rows that were packed go when the next packing finds no older snapshot.
empty_recent() {
  until [ "$(sql "$1" -c 'SELECT cdp_pack()' -c 'SELECT EXISTS (SELECT FROM cdp.recent_event)' | tail -n 1)" = f ]; do sleep 1; done
  sql "$1" -c 'VACUUM ANALYZE'
}

# The state of the product that a loaded database is good for.
build_sum() { cat cdp--*.sql cdp.so | sha256sum | cut -c1-16; }
mark_packed() { sql "$database" -c "COMMENT ON DATABASE $database IS '$events events, packed by $(build_sum)'"; }
is_packed() {
  [ "$(sql postgres -c "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '$database'")" = \
    "$events events, packed by $(build_sum)" ]
}

# measure_sql DATABASE ROUNDS QUERY.sql [WORKERS]: wall time and CPU time of the backend in ms, and the answer, tab-separated; the
# first run warms up unless it is the only one. Without JIT; one process unless there are parallel WORKERS.
measure_sql() {
  local files=() count
  for ((count = 0; count <= $2; ++count)); do files+=(-f "$3"); done
  PGOPTIONS='-c log_statement_stats=on -c client_min_messages=log -c max_parallel_workers_per_gather='${4:-0}' -c jit=off' \
    sql "$1" -R';' "${files[@]}" >"$folder/answer" 2>"$log" || failed
  local walls=() cpus=() user system elapsed
  while read -r user system elapsed; do
    walls+=("$elapsed")
    cpus+=("$(awk -v u="$user" -v s="$system" 'BEGIN { printf "%.6f", u + s }')")
  done < <(sed -n 's/^!\s*\([0-9.]*\) s user, \([0-9.]*\) s system, \([0-9.]*\) s elapsed$/\1 \2 \3/p' "$log")
  if [ "$2" != 0 ]; then walls=("${walls[@]:1}") cpus=("${cpus[@]:1}"); fi
  awk -v w="$(median "${walls[@]}")" -v c="$(median "${cpus[@]}")" 'BEGIN { printf "%.1f\t%.1f\t", w * 1000, c * 1000 }'
  uniq "$folder/answer" | paste -sd'|' | sed 's/|/ THEN /g'
}

# install_peers: sets `peers` to those of clickhouse and duckdb that there are.
install_peers() {
  peers=()
  local peer package version
  while read -r peer package version; do
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
      echo "note: going on without $peer: node and npm are not installed (apt-get install nodejs npm)"
    elif node -e "require('$package')" 2>/dev/null || npm install --prefix "$CDP_STATE/peers" --no-audit --no-fund "$package@$version" >"$log" 2>&1; then
      peers+=("$peer")
    else
      echo "note: going on without $peer: npm could not install $package ($(grep -m1 'npm err' -i "$log"))"
    fi
  done <<<$'clickhouse chdb 3.4.0\nduckdb @duckdb/node-api 1.5.6-r.1'
}

# has_peer NAME
has_peer() { [[ " ${peers[*]} " = *" $1 "* ]]; }

# load_peer NAME TABLE GENERATE-ARGUMENT …: its table of these events.
load_peer() {
  generate rows "${@:3}" >"$folder/rows"
  node "$shop/peers.js" "$1" "$folder" load "$2=$folder/rows"
  rm "$folder/rows"
}

# measure_peer NAME THREADS QUERY.sql: as measure_sql does.
measure_peer() { node "$shop/peers.js" "$1" "$folder" measure "$2" "$rounds" "$3"; }

# measured QUESTION WHO MEASURE …: a line for `compare` of what that measurement says.
measured() {
  local values
  values=$("${@:3}")
  printf '%s\t%s\t%s\n' "$1" "$2" "$values"
}

# compare: a table of lines "question, who, wall time, CPU time, answer" on standard input, grouped by question, with CPU times as
# ratios to the peers with one thread, and for two processes wall times as ratios to two threads. Fails if not all answers to a question are
# the same.
compare() {
  awk -F '\t' '
    { question[NR] = $1; who[NR] = $2; wall[NR] = $3; cpu[NR] = $4; answer[NR] = $5; cpu_of[$1, $2] = $4; wall_of[$1, $2] = $3 }
    function ratio(n, peer) {
      if (who[n] ~ /2 processes/ && wall_of[question[n], "ClickHouse, 2 threads"] > 0 && peer ~ /ClickHouse/)
        return sprintf("%12.2f", wall[n] / wall_of[question[n], "ClickHouse, 2 threads"])
      if (who[n] ~ /2 processes/) return sprintf("%12s", "")
      if (who[n] ~ /2 threads/ || !(cpu_of[question[n], peer] > 0)) return sprintf("%12s", "")
      return sprintf("%12.2f", cpu[n] / cpu_of[question[n], peer])
    }
    END {
      printf "%-32s %10s %10s %12s %12s\n", "", "wall ms", "CPU ms", "/ClickHouse", "/DuckDB"
      for (n = 1; n <= NR; ++n) {
        if (question[n] != question[n - 1]) printf "%s: %s\n", question[n], expected = answer[n]
        printf "  %-30s %10.1f %10.1f %s %s\n", who[n], wall[n], cpu[n], ratio(n, "ClickHouse, 1 thread"), ratio(n, "DuckDB, 1 thread")
        if (answer[n] != expected) { print "  THE ANSWERS DIFFER: " answer[n]; differs = 1 }
      }
      exit differs
    }'
}
