#!/bin/bash
# Roaring bitmaps beside CRoaring called from C in the same server: medians, ratios, and whether the answers agree.
# CDP_BENCH_ROUNDS (9) and CDP_BENCH_SCALE (1: full size; 100: a hundredth of the rows) make it shorter.
set -euo pipefail
here=$(dirname "$0")
database=cdp_bench_bitmap
folder=$(readlink -f "$CDP_STATE")/bench
mkdir -p "$folder"
make -s -C "$here/bitmap" PG_CONFIG="$PG_CONFIG" >"$CDP_STATE/log/bench.log" 2>&1 ||
  { tail -n 25 "$CDP_STATE/log/bench.log" >&2 && exit 1; }
install -m 755 "$here/bitmap/cdp_bench_bitmap.so" "$folder/" # where the server's user can read it
dropdb --if-exists --force "$database" 2>/dev/null
createdb "$database"
trap 'dropdb --if-exists --force "$database"' EXIT
psql -d "$database" -XqAt -v module="$folder/cdp_bench_bitmap" -v rounds="${CDP_BENCH_ROUNDS:-9}" \
  -v scale="${CDP_BENCH_SCALE:-1}" -f "$here/bitmap.sql" 2>&1 | tee "$CDP_STATE/log/bench-bitmap.log"
if grep -qE 'ERROR|THE ANSWERS DIFFER' "$CDP_STATE/log/bench-bitmap.log"; then exit 1; fi
