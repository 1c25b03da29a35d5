#!/bin/bash
# The main job, on sample data or on the caller's own events; ./dev demo starts it and sets the CDP_… variables.
#
# What was loaded is remembered in the database (table demo.load), so that a second run only prints. Each set of
# data has its database: cdp has the music shop, the made-up shop or the caller's events, cdp_shop the clickstream.
set -euo pipefail
here=$CDP_TOP/demo
shared=${CDP_DEMO_DATA:-$CDP_TOP/../shared/data}
messages=$CDP_STATE/demo-messages.$$
main_database=${CDP_DEMO_DATABASE:-cdp}
database=$main_database
trap 'rm -f "$messages"' EXIT

die() { printf 'demo: %s\n' "$*" >&2 && exit 1; }
query() { psql -XqAt -v ON_ERROR_STOP=1 -d "$database" "$@"; }
show() {
  psql -Xq -v ON_ERROR_STOP=1 -P border=2 -P linestyle=unicode -P footer=off -d "$database" -v here="$here" "$@"
}
heading() { printf '\n== %s\n\n' "$*"; }
literal() { sed "s/'/''/g; s/.*/'&'/" <<<"$1"; }

# ---- Loading -----------------------------------------------------------------------------------------------

make_database() {
  psql -Xq -v ON_ERROR_STOP=1 -d postgres -c 'SET client_min_messages = warning' \
    -c "DROP DATABASE IF EXISTS \"$database\" WITH (FORCE)" -c "CREATE DATABASE \"$database\""
  query -c 'CREATE EXTENSION cdp'
}

# is_loaded DIGEST: does the database hold this data already? If not, it is left without any events; events that
# no demo put there are nobody's to throw away.
is_loaded() {
  if [ -z "$(psql -XqAt -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'")" ]; then
    make_database
  elif [ -n "$(query -c "SELECT to_regclass('demo.load')")" ]; then
    if [ "$(query -c 'SELECT digest FROM demo.load WHERE is_complete')" = "$1" ]; then return 0; fi
    make_database
  elif [ -n "$(query -c 'SELECT 1 FROM cdp.event LIMIT 1')" ]; then
    die "database $database has events that no demo loaded; to give them up: ./dev psql -d postgres -c 'DROP DATABASE $database'"
  fi
  query -c 'CREATE SCHEMA IF NOT EXISTS demo' -c "CREATE TABLE demo.load AS SELECT '$1'::text AS digest, false AS is_complete"
  return 1
}

digest_of() { cat "$@" "$CDP_TOP"/cdp--*.sql "$here"/* | sha256sum | cut -c1-32; }

# load SOURCE: queues the lines of $messages by one COPY and watches the worker take them.
load() {
  local total before taken pending worker mine=0 started=$SECONDS
  total=$(wc -l <"$messages")
  before=$(query -c 'SELECT messages_total FROM cdp.worker_status')
  sed "s/\\\\/\\\\\\\\/g; s/^/$1\t/" "$messages" | query -c 'COPY cdp.inbox (source, payload) FROM STDIN'
  while true; do
    IFS='|' read -r taken pending worker < <(query -c "SELECT messages_total - $before, pending_messages, pid FROM cdp.worker_status")
    printf '\r%s of %s events taken, %s s ' $((taken + mine)) "$total" $((SECONDS - started)) >&2
    if [ "$pending" = 0 ]; then break; fi
    if [ -n "$worker" ]; then sleep 0.5; else mine=$((mine + $(query -c 'SELECT cdp_process(10000)'))); fi
  done
  printf '\n' >&2
}

finish() {
  local refused
  refused=$(query -c 'SELECT count(*) FROM cdp.dead_letter')
  if [ "$refused" != 0 ]; then
    heading "Messages that could not be taken: $refused (table cdp.dead_letter)"
    show -c 'SELECT code, reason, count(*) AS messages FROM cdp.dead_letter GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 5'
  fi
  query -c 'ANALYZE' -c 'UPDATE demo.load SET is_complete = true'
}

# ---- Printing ----------------------------------------------------------------------------------------------

# funnel WITHIN STEP STEP …: how many users came how far.
funnel() {
  local within=$1 step names='' steps=''
  shift
  for step; do
    names+="${names:+, }$(literal "$step")"
    steps+="${steps:+, }event = $(literal "$step")"
  done
  heading "How far users get within $within"
  show -v names="$names" -v steps="$steps" -v within="$within" -f "$here/funnel.sql"
}

segments() { # segments INSTANT
  heading "Segments: members today, and as of $1 by what is known now"
  show -v at="$1" -f "$here/segments.sql"
}

placement() { # placement SEGMENT: whose members have a banner of their own
  heading 'What cdp_rank shows two users: chance of each banner before and after feedback (which is rolled back)'
  show -v segment="$1" -f "$here/placement.sql"
}

# ---- The three kinds of data -------------------------------------------------------------------------------

music_shop() {
  echo "The music shop: purchases of CDNOW's customers in 1997 and 1998 (${shared##*/../}/cdnow.txt.gz)"
  if ! is_loaded "$(digest_of "$shared/cdnow.txt.gz")"; then
    query -f "$here/music_segments.sql"
    gzip -dc "$shared/cdnow.txt.gz" | tr -d '\r' | awk 'NR > 1 {
      printf "{\"who\":\"%s\",\"what\":\"purchase\",\"when\":\"%s-%s-%sT00:00:00Z\",\"props\":{\"cds\":%d,\"dollars\":%s}}\n",
        $1, substr($2, 1, 4), substr($2, 5, 2), substr($2, 7, 2), $3, $4 }' >"$messages"
    load who_what
    finish
  fi
  heading 'Profiles and events'
  show -v amount=dollars -f "$here/overview.sql"
  segments '1998-07-01 00:00 UTC'
  placement big_spenders
}

clickstream() {
  database=${main_database}_shop
  printf '\nThe electronics shop: a clickstream of half a year (%s/ecom.csv.gz), in database %s\n' "${shared##*/../}" "$database"
  if ! is_loaded "$(digest_of "$shared/ecom.csv.gz")"; then
    perl "$here/read_csv.pl" --user user_id --time timestamp --event event "$shared/ecom.csv.gz" >"$messages"
    load segment
    finish
  fi
  heading 'Profiles and events'
  show -f "$here/overview.sql"
  funnel '24 hours' product_view add_to_cart purchase
  funnel '1 hour' product_view add_to_cart purchase
  database=$main_database
}

made_up_shop() {
  echo 'A made-up shop: 20,000 users, 500,000 events by the simulator (demo/simulate.pl), the same in every run'
  if ! is_loaded "$(digest_of)"; then
    query -f "$here/shop_segments.sql"
    perl "$here/simulate.pl" >"$messages"
    load who_what
    finish
  fi
  heading 'Profiles and events'
  show -v amount=amount -f "$here/overview.sql"
  segments '2025-07-01 00:00 UTC'
  funnel '24 hours' product_viewed add_to_cart checkout_started purchase
  placement big_spenders
}

own_events() {
  local names=() arguments=() rest=("$@") last
  echo "Your events: $*"
  cd "$CDP_CALLED_FROM"
  perl "$here/read_csv.pl" "$@" >"$messages" || die 'nothing was loaded'
  if ! is_loaded "$(digest_of "$messages")"; then
    load segment
    query -f "$here/own_segments.sql"
    finish
  fi
  heading 'Profiles and events'
  show -f "$here/overview.sql"
  last=$(query -c "SELECT to_char(max(ts) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"') FROM cdp.event")
  segments "$last"
  mapfile -t names < <(query -c "SELECT event FROM cdp.event WHERE event !~ '\n' GROUP BY event ORDER BY count(DISTINCT user_no) DESC, event LIMIT 4")
  if [ ${#names[@]} -gt 1 ]; then funnel '24 hours' "${names[@]}"; fi
  placement seldom
}

if [ $# -gt 0 ]; then
  own_events "$@"
elif [ -r "$shared/cdnow.txt.gz" ] && [ -r "$shared/ecom.csv.gz" ]; then
  music_shop
  clickstream
else
  made_up_shop
fi
printf '\nTo look further:\n\n  %s psql\n' "$CDP_TOP/dev"
