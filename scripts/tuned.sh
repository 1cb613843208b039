#!/usr/bin/env bash
# Builds the release for servers, target/dist/concierge, by what it does under load: once with counters, which a load
# fills, and then by what they say, code that runs often beside other such code. Arguments go to Cargo.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
host=$(rustc -vV | sed -n 's/^host: //p')
work=$PWD/target/tuned
counts=$work/counts
profile=$work/profile.profdata

# Counts are of the compiler's version; a newer reader reads older ones.
reader() {
  local of_rust one
  of_rust=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
  for one in "llvm-profdata-$version" "$of_rust" llvm-profdata; do
    if command -v "$one" >/dev/null && [ "$("$one" --version | sed -n 's/.*version \([0-9]*\).*/\1/p' | head -1)" -ge "$version" ]; then
      echo "$one"
      return
    fi
  done
  echo "llvm-profdata of LLVM $version is missing: rustup component add llvm-tools, or Debian's package llvm-$version" >&2
  exit 2
}

# A C compiler of the same LLVM: SQLite is a third of what a flooded hub does.
compiler() {
  local one
  for one in "clang-$version" clang; do
    if command -v "$one" >/dev/null && [ "$("$one" -dumpversion | cut -d. -f1)" = "$version" ] &&
      echo 'int main(void) { return 0; }' | "$one" -fprofile-generate -x c - -o "$work/probe" 2>/dev/null; then
      echo "$one"
      return
    fi
  done
}

build() { # flag for counts, Cargo's arguments
  local flag=$1
  shift
  if [ -n "$clang" ]; then
    export CC=$clang CXX=${clang/clang/clang++} CFLAGS="-f$flag -Wno-profile-instr-unprofiled" CXXFLAGS="-f$flag -Wno-profile-instr-unprofiled"
  fi
  # Named as a target, so that the flags are not for what runs while it is built.
  CARGO_INCREMENTAL=0 RUSTFLAGS="-C$flag" \
    cargo build --locked --profile dist --bin concierge --target "$host" --target-dir "$work" "$@"
}

reader=$(reader)
rm -rf "$counts"
mkdir -p "$work"
clang=$(compiler)
[ -n "$clang" ] || echo "clang of LLVM $version with its runtime is missing: only Rust is built by counts, SQLite is not" >&2
build "profile-generate=$counts" "$@"
cp "$work/$host/dist/concierge" "$work/counting"
rm -rf "$counts"
CONCIERGE_BIN=$work/counting python3 benches/tuning.py
"$reader" merge -o "$profile" "$counts"
build "profile-use=$profile" "$@"
mkdir -p target/dist
cp "$work/$host/dist/concierge" target/dist/concierge
echo "target/dist/concierge is ready"
