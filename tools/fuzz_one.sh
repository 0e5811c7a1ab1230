#!/usr/bin/env bash
# Runs one libFuzzer program for a while over its own growing corpus, seeded from the folders that
# its mayfly_fuzz() names.
# Usage: fuzz_one.sh PROGRAM SECONDS RESULTS_DIR.  Leaves RESULTS_DIR/<name>.passed or .failed.
set -u
program=$1
seconds=$2
results=$3
name=$(basename "$program")
corpus="build/fuzz/corpus/$name"
mkdir -p "$corpus" "build/fuzz/crashes"
inputs=("$corpus")
while read -r seeds; do
  if [ -d "$seeds" ]; then inputs+=("$seeds"); fi
done <"$program.seeds"

if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="build/fuzz/crashes/$name-" "${inputs[@]}" >"$results/$name.log" 2>&1; then
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$results/$name.log")
  echo "fuzz: $name ran ${runs:-0} inputs in $seconds s, clean"
  mv "$results/$name.log" "$results/$name.passed"
else
  echo "fuzz: $name FAILED:"
  tail -n 40 "$results/$name.log"
  mv "$results/$name.log" "$results/$name.failed"
fi
