#!/bin/bash
# cdp_rank calls a second by pgbench beside a primary-key look-up, in turn, three times, 5 seconds each.
set -euo pipefail
database=cdp_bench_rank
here=$(dirname "$0")
dropdb --if-exists --force "$database" 2>/dev/null
createdb "$database"
trap 'dropdb --if-exists --force "$database"' EXIT
psql -d "$database" -Xq -v ON_ERROR_STOP=1 -f "$here/rank_setup.sql" >/dev/null
rate() { pgbench -n -M prepared -T 5 -f "$here/$1.pgbench" "$database" 2>/dev/null | sed -n 's/^tps = \([0-9.]*\).*/\1/p'; }
median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }
lookups=() ranks=() quiet=()
for round in 1 2 3; do
  lookups+=("$(rate lookup)")
  ranks+=("$(rate rank)")
  quiet+=("$(PGOPTIONS='-c cdp.log_decisions=off' rate rank)")
done
awk -v l="$(median "${lookups[@]}")" -v r="$(median "${ranks[@]}")" -v q="$(median "${quiet[@]}")" 'BEGIN {
  printf "%-40s %9.0f calls/s  1.00\n", "primary-key look-up", l
  printf "%-40s %9.0f calls/s  %.2f\n", "cdp_rank, decisions logged", r, r / l
  printf "%-40s %9.0f calls/s  %.2f\n", "cdp_rank, decisions not logged", q, q / l }'
