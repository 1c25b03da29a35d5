#!/bin/bash
# Measurements for ./dev bench [NAME …]: scripts test/bench/NAME.sh, which find the private server in PGHOST, PGUSER
# and its programs in PATH, and micro-benchmarks of the core, test/bench/NAME.cpp. Without a name, all of them.
set -euo pipefail
cd "$CDP_TOP"

names() {
  local file
  for file in test/bench/*.sh test/bench/*.cpp; do
    case $file in */run.sh | *'*'*) ;; *) basename "${file%.*}" ;; esac
  done | sort -u
}

mapfile -t wanted < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else names; fi)
for name in "${wanted[@]}"; do
  if [ ! -e "test/bench/$name.sh" ] && [ ! -e "test/bench/$name.cpp" ]; then
    echo "unknown benchmark: $name; there are: $(names | tr '\n' ' ')" >&2
    exit 2
  fi
done
for name in "${wanted[@]}"; do
  printf '== %s\n' "$name"
  if [ -e "test/bench/$name.cpp" ]; then
    { cmake -S . -B build/bench -DCDP_BENCH=ON -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS=-O2 &&
      cmake --build build/bench -j "$CDP_JOBS" --target "bench_$name"; } >"$CDP_STATE/log/bench.log" 2>&1 ||
      { tail -n 25 "$CDP_STATE/log/bench.log" >&2 && exit 1; }
    "build/bench/bench_$name"
  fi
  if [ -e "test/bench/$name.sh" ]; then bash "test/bench/$name.sh"; fi
done
