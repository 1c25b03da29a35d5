#!/bin/bash
# cdp_funnel beside plain SQL over the same rows.
set -euo pipefail
createdb cdp_bench_funnel 2>/dev/null || true
trap 'dropdb --if-exists --force cdp_bench_funnel' EXIT
psql -d cdp_bench_funnel -Xq -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION cdp' -f "$(dirname "$0")/funnel.sql"
