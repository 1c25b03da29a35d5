#!/bin/bash
# Runs the tests that ./dev test names, all of them without a name. ./dev sets the CDP_… variables.
#
# Every runner writes its log to .cdp/log/test-NAME.log; what it proved is counted from that log, one line a
# test: TAP (prove, pg_regress 16 and newer, our own scripts), GoogleTest, pg_regress 15.
set -uo pipefail
cd "$CDP_TOP"
all=(layers lint install unit sanitize fuzz regress isolation tap demo)
state=$(readlink -f "$CDP_STATE")
work=$state/test
passed=0
failed=0

# A server of the tests' own is not run by root either.
as_server() {
  if [ "$EUID" = 0 ]; then
    (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/tmp "$@")
  else
    "$@"
  fi
}

# A fresh directory for the test of this name with copies of what it reads, all of it the server user's: the
# checkout may be out of that user's reach, and the results have to be written next to their tests.
make_work() {
  rm -rf "${work:?}/$1"
  mkdir -p "$work/$1"
  local name=$1
  shift
  local part
  for part; do if [ -e "$part" ]; then cp -r "$part" "$work/$name/"; fi; done
  if [ "$EUID" = 0 ]; then chown -R postgres: "$work/$name"; fi
}

core_build() { # core_build FOLDER CMAKE_OPTION …
  cmake -S . -B "$@" && cmake --build "$1" -j "$CDP_JOBS"
}

# ---- The tests ---------------------------------------------------------------------------------------------

test_layers() { perl test/layers.pl; }

test_lint() { bash test/lint.sh; }

test_install() { perl test/install.pl; }

# run_shared FOLDER PROGRAM …: a program of GoogleTest, its tests shared among the processors; their logs one after the other.
run_shared() {
  local folder=$1 index status=0 running=()
  shift
  for ((index = 0; index < CDP_JOBS; index++)); do
    GTEST_TOTAL_SHARDS=$CDP_JOBS GTEST_SHARD_INDEX=$index "$@" >"$folder/shard-$index.log" 2>&1 &
    running+=($!)
  done
  for ((index = 0; index < CDP_JOBS; index++)); do
    wait "${running[index]}" || status=1
    cat "$folder/shard-$index.log"
  done
  return $status
}

# Most of a build's time goes into debug information, so these have none, or only lines. The extension's own
# objects are tested.
test_unit() {
  core_build build/core -DCDP_BUILT=ON -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O1 && run_shared build/core build/core/cdp_unit
}

# One build by clang, with AddressSanitizer and UndefinedBehaviorSanitizer, serves both.
sanitized_build() {
  CC=clang CXX=clang++ core_build build/sanitized -DCDP_FUZZ=ON -DCMAKE_BUILD_TYPE=None '-DCMAKE_CXX_FLAGS=-O1 -gline-tables-only'
}

# Without the one proof by volume, which takes a minute and a half here and touches nothing that others do not.
test_sanitize() {
  sanitized_build && run_shared build/sanitized build/sanitized/cdp_unit --gtest_filter=-Thompson.ReachesThePublishedRegret
}

# Its corpus and 20 seconds of chance for every fuzzer, a minute for those of bitmaps and rules; what broke it stays in
# build/sanitized/crash-….
fuzz_one() {
  local name=$1 target=build/sanitized/fuzz_$1 found=build/sanitized/corpus_$1 seconds=20
  mkdir -p "$found"
  case $name in bitmap* | bsi | rule_*) seconds=60 ;; esac
  local folders=("$found")
  if [ -d "test/fuzz/corpus/$name" ]; then folders+=("test/fuzz/corpus/$name"); fi
  if "$target" -max_total_time="${CDP_FUZZ_SECONDS:-$seconds}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/sanitized/crash-$name-" "${folders[@]}" >"$found.log" 2>&1; then
    echo "ok - $name ($(sed -n 's/^stat::number_of_executed_units: *//p' "$found.log") runs)"
  else
    tail -n 30 "$found.log"
    echo "not ok - $name"
  fi
}

test_fuzz() {
  sanitized_build || return 1
  local source running=0
  for source in test/fuzz/*.cpp; do
    fuzz_one "$(basename "$source" .cpp)" &
    if ((++running >= CDP_JOBS)); then wait -n; fi
  done
  wait
}

# run_regress NAME RUNNER TEST …: pg_regress in a server of its own, without preloading.
run_regress() {
  local name=$1 runner=$2
  shift 2
  if ! as_server "$runner" --temp-instance="$work/$name/instance" --temp-config="$state/test.conf" --encoding=UTF8 \
    --no-locale --bindir="$CDP_BINDIR" --inputdir="$work/$name" --outputdir="$work/$name" \
    --dbname=contrib_regression "$@"; then
    head -n 60 "$work/$name/regression.diffs" "$work/$name/log/initdb.log" 2>/dev/null
    return 1
  fi
}

names_of() { # names_of FOLDER SUFFIX: the tests in a folder
  local file
  for file in "$1"/*."$2"; do [ -e "$file" ] && basename "$file" ".$2"; done
}

test_regress() {
  local tests
  mapfile -t tests < <(names_of sql sql)
  make_work regress sql expected test/data
  run_regress regress "$CDP_PGXS/src/test/regress/pg_regress" "${tests[@]}"
}

test_isolation() {
  local tests
  mapfile -t tests < <(names_of test/isolation/specs spec)
  make_work isolation test/isolation/specs test/isolation/expected
  run_regress isolation "$CDP_PGXS/src/test/isolation/pg_isolation_regress" "${tests[@]}"
}

test_tap() {
  make -s -j"$CDP_JOBS" with_llvm=no DESTDIR="$state/dest" border-test-module standin-test-modules || return 1
  local data=${CDP_DATA:-$CDP_TOP/../shared/data}
  make_work tap test/tap test/oracle test/data "$data/cdnow.txt.gz" "$data/ecom.csv.gz"
  ( # the variables are those of test/tap/CdpTest.pm
    export CDP_DESTDIR=$state/dest CDP_DATA=$work/tap PG_TEST_TIMEOUT_DEFAULT=120
    # 15 reads the first, later versions the others; without them their paths would be relative.
    export TESTDIR=$work/tap/run TESTDATADIR=$work/tap/run/tmp_check TESTLOGDIR=$work/tap/run/log
    as_server bash -c 'cd "$1" && mkdir run && exec prove --verbose --jobs 2 tap/' prove "$work/tap"
  )
}

test_demo() { perl test/demo.pl; }

# ---- Counting and reporting --------------------------------------------------------------------------------

count() { grep -cE "$1" "$2" || true; }

run_test() {
  local name=$1 log=$CDP_STATE/log/test-$1.log started=$SECONDS status=0 good bad
  printf '%-10s ' "$name"
  (set -e && "test_$name") >"$log" 2>&1 </dev/null || status=$?
  good=$(count '^(ok (-|[0-9])|\[       OK \]|(test |     )[^ ]+ +\.\.\. ok)' "$log")
  bad=$(count '^(not ok (-|[0-9])|\[  FAILED  \] .*\([0-9]+ ms\)|(test |     )[^ ]+ +\.\.\. FAILED)' "$log")
  if ((bad == 0 && (status != 0 || good == 0))); then bad=1; fi # it broke off, or proved nothing
  passed=$((passed + good))
  failed=$((failed + bad))
  if ((bad == 0)); then
    printf 'ok, %d tests, %d s\n' "$good" $((SECONDS - started))
    grep '^# note: ' "$log" | sed 's/^# note: /           /'
  else
    printf 'FAILED, %d of %d, %d s; the end of %s:\n' "$bad" $((good + bad)) $((SECONDS - started)) "$log"
    { grep -E '^(not ok|\[  FAILED  \])' "$log" | head -n 20; tail -n 30 "$log"; } | sed 's/^/    /'
  fi
}

for name in "$@"; do
  declare -F "test_$name" >/dev/null || {
    echo "unknown test: $name; there are: ${all[*]}" >&2
    exit 2
  }
done
mkdir -p "$work"
chmod 755 "$work"
for name in "${@:-${all[@]}}"; do run_test "$name"; done
echo "$passed passed, $failed failed"
((failed == 0))
