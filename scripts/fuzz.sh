#!/usr/bin/env bash
# Gives each target of fuzz/ random bytes for so many seconds (SECONDS_EACH, 60 by default); TARGETS names a few.
# What fails is kept in fuzz/artifacts. KEEP=1 adds what is new and short to the kept corpora, which every run of
# the tests plays again. `cargo fuzz` does the same with a nightly compiler and address sanitizing.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
# As `cargo fuzz` has it: counters of what ran and of what was compared. Given a target, Cargo does so for our code
# and what it uses, and not for the programs that build it.
coverage="-Cpasses=sancov-module"
for argument in level=4 inline-8bit-counters pc-table trace-compares; do
  coverage+=" -Cllvm-args=-sanitizer-coverage-$argument"
done
export CONCIERGE_WEB=skip RUSTFLAGS="$coverage --cfg fuzzing"
cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz

for target in ${TARGETS:-frames commands rules schemas documents}; do
  kept=fuzz/corpus/$target found=target/fuzz/found/$target
  mkdir -p "$found" "$kept" fuzz/artifacts
  program=target/fuzz/$host/release/$target
  echo "== $target: ${SECONDS_EACH:-60} s"
  "$program" "$found" "$kept" -max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=2048 \
    -max_len=8192 -artifact_prefix="fuzz/artifacts/$target-" -print_final_stats=1 -verbosity=0
  if [ "${KEEP:-}" = 1 ]; then
    "$program" -merge=1 -verbosity=0 "$kept" "$found"
    # The corpora are for what finds something, not for what is long.
    find "$kept" -size +4k -type f -delete
  fi
done
