#!/bin/bash
# How often the bandit shows the best of three creatives (click rates .02, .05, .10) in the last 1,000 of 5,000 answers.
set -euo pipefail
createdb cdp_bench_bandit 2>/dev/null || true
trap 'dropdb --if-exists --force cdp_bench_bandit' EXIT
psql -d cdp_bench_bandit -Xq -v ON_ERROR_STOP=1 -f "$(dirname "$0")/bandit.sql"
