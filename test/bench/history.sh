#!/bin/bash
# Packing of histories: what it costs, how small they are beside recent rows and beside ClickHouse, and what one long history
# costs to pack and to read. CPU times are those of one process. What shop.sh names makes it shorter.
set -euo pipefail
source "$(dirname "$0")/shop/shop.sh"
query=$shop/history
one_database=cdp_bench_history # one user alone
one_events=$((events < 100000 ? events : 100000))
trap 'dropdb --if-exists --force "$one_database"' EXIT
install_peers
echo 'SELECT cdp_pack()' >"$folder/pack.sql"

# pack DATABASE EVENTS: packs them and says how fast.
pack() {
  local values wall cpu answer
  values=$(measure_sql "$1" 0 "$folder/pack.sql")
  IFS=$'\t' read -r wall cpu answer <<<"$values"
  if [ "$answer" != "$2" ]; then echo "packed $answer events instead of $2" >&2 && exit 1; fi
  awk -v n="$2" -v w="$wall" -v c="$cpu" 'BEGIN {
    printf "%d events packed in %.0f ms of CPU time: %.0f events/s, %.2f us an event (%.0f ms by the clock)\n", n, c, n * 1000 / c, c * 1000 / n, w }'
  empty_recent "$1"
}

load_cdp "$database" "$events"
sizes=$(sql "$database" -f "$query/recent.cdp.sql")
pack "$database" "$events"
mark_packed
sizes+=,$(sql "$database" -f "$query/sizes.cdp.sql")
IFS=, read -r recent recent_index times details relation index chunks <<<"$sizes"
peer_sizes=
if has_peer clickhouse; then
  load_peer clickhouse events "$events"
  peer_sizes=$(measure_peer clickhouse 1 "$query/sizes.clickhouse.sql" | cut -f3)
fi
awk -F, -v n="$events" -v recent="$recent" -v recent_index="$recent_index" -v times="$times" -v details="$details" \
  -v relation="$relation" -v index_size="$index" -v chunks="$chunks" '
  function line(what, bytes, peer) { printf "  %-64s %8.2f", what, bytes / n; if (peer) printf " %10.2f %6.2f", peer / n, bytes / peer; print "" }
  { printf "\n%-66s %8s %10s %6s\n", "bytes an event (" chunks " rows of cdp.timeline)", "cdp", "ClickHouse", "ratio"
    line("time, name, session (ClickHouse: user, ts, event)", times, $1)
    line("details (ClickHouse: price, country)", details, $2)
    line("details (ClickHouse: price, country, received_at)", details, $2 + $3)
    line("both (ClickHouse: user, ts, event, price, country)", times + details, $1 + $2)
    line("cdp.timeline with row headers, index, TOAST (the same)", relation, $1 + $2)
    line("cdp.timeline with row headers, index, TOAST (all columns)", relation, $4)
    line("the index alone", index_size)
    line("recent rows, before packing", recent)
    line("recent rows and their index, before packing", recent + recent_index) }' <<<"$peer_sizes"

# read_histories DATABASE WHO QUESTION …: what each costs, for `compare`.
read_histories() {
  local name
  for name in "${@:3}"; do measured "$name" "$2" measure_sql "$1" "$rounds" "$query/$name.cdp.sql"; done
}
# read_peer QUESTION …: the same in ClickHouse, if it is there.
read_peer() {
  local name
  if ! has_peer clickhouse; then return; fi
  for name; do measured "$name" 'ClickHouse, 1 thread' measure_peer clickhouse 1 "$query/$name.clickhouse.sql"; done
}

printf '\nOne user of %d:\n' $((events < 25 ? 1 : events / 25))
{
  read_histories "$database" packed count_of_many whole_of_many
  read_peer count_of_many whole_of_many
} | sort -s -k1,1 -t $'\t' | compare

printf '\nOne user with %d events:\n' "$one_events"
load_cdp "$one_database" "$one_events" 1
read_histories "$one_database" 'recent rows' count sum whole >"$folder/measured"
pack "$one_database" "$one_events"
if has_peer clickhouse; then load_peer clickhouse one "$one_events" 1; fi
{
  read_histories "$one_database" packed count sum whole
  read_peer count sum whole
} >>"$folder/measured"
sort -s -k1,1 -t $'\t' "$folder/measured" | compare
