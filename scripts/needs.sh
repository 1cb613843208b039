#!/usr/bin/env bash
# Looks for what building and testing need. Rust and Node must be there; the rest is installed from Debian's
# packages where that is allowed (root, or sudo without a password). Otherwise it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

missing_tools=()
missing_packages=()

# What plays the Autobahn cases, in a Python environment of its own.
autobahn=target/autobahn
kosoku=0.1.0

# At least `wanted`, compared as versions.
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

has_postgres() {
  local server
  for server in /usr/lib/postgresql/*/bin/postgres; do
    if [ -x "$server" ]; then return 0; fi
  done
  command -v postgres >/dev/null && command -v initdb >/dev/null
}

has_fonts() {
  find /usr/share/fonts /usr/local/share/fonts "${HOME:-/nonexistent}/.local/share/fonts" \
    \( -name '*.ttf' -o -name '*.otf' \) -print -quit 2>/dev/null | grep -q .
}

has_autobahn() {
  [ -n "${CONCIERGE_KOSOKU:-}" ] || [ -x "$autobahn/bin/kosoku" ]
}

has_venv() {
  python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

install_autobahn() {
  if has_autobahn; then return 0; fi
  echo "needs: installing kosoku $kosoku into $autobahn"
  rm -rf "$autobahn"
  if ! { python3 -m venv "$autobahn" && "$autobahn/bin/pip" install --quiet --disable-pip-version-check "kosoku==$kosoku"; }; then
    rm -rf "$autobahn"
    echo "kosoku $kosoku (PyPI) could not be installed; CONCIERGE_KOSOKU may name the program" >&2
    exit 1
  fi
}

rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
rust_found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2 || true)
if [ -z "$rust_found" ] || ! at_least "$rust_found" "$rust_wanted"; then
  missing_tools+=("Rust $rust_wanted or newer (found: ${rust_found:-none}); https://rustup.rs")
else
  cargo fmt --version >/dev/null 2>&1 || missing_tools+=("rustfmt: rustup component add rustfmt")
  cargo clippy --version >/dev/null 2>&1 || missing_tools+=("clippy: rustup component add clippy")
fi
node_found=$(node --version 2>/dev/null | tr -d v || true)
if [ -z "$node_found" ] || ! at_least "$node_found" 20.19; then
  missing_tools+=("Node 20.19 or newer (found: ${node_found:-none}); https://nodejs.org")
fi
command -v npm >/dev/null || missing_tools+=("npm; it comes with Node")

command -v cc >/dev/null || missing_packages+=(build-essential)
command -v cmake >/dev/null || missing_packages+=(cmake)
command -v c++ >/dev/null || missing_packages+=(g++)
command -v git >/dev/null || missing_packages+=(git)
command -v valgrind >/dev/null || missing_packages+=(valgrind)
command -v setpriv >/dev/null || missing_packages+=(util-linux)
has_postgres || missing_packages+=(postgresql)
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || missing_packages+=(chromium)
has_fonts || missing_packages+=(fonts-dejavu-core)
has_autobahn || has_venv || missing_packages+=(python3-venv)

if [ ${#missing_tools[@]} -gt 0 ]; then
  echo "Missing, to be installed by hand:" >&2
  printf '  %s\n' "${missing_tools[@]}" >&2
  exit 1
fi
if [ ${#missing_packages[@]} -eq 0 ]; then
  install_autobahn
  echo "needs: everything is there"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "Missing, and not installed because this is not Debian or not allowed. As root:" >&2
  echo "  apt-get install ${missing_packages[*]}" >&2
  echo "(On other systems: the packages that bring a PostgreSQL server, Chromium and a font." >&2
  echo "CHROMIUM may name the browser's binary.)" >&2
  exit 1
fi

echo "needs: installing ${missing_packages[*]}"
# An archive folder of its own: two runs beside each other do not fight for one.
archives=$(mktemp -d)
trap 'rm -rf "$archives" 2>/dev/null || "${as_root[@]}" rm -rf "$archives"' EXIT
chmod 755 "$archives"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q
  -o DPkg::Lock::Timeout=300 -o Acquire::Languages=none -o "Dir::Cache::archives=$archives")
"${apt[@]}" update </dev/null
"${apt[@]}" install -y --no-install-recommends "${missing_packages[@]}" </dev/null
has_postgres || { echo "the package postgresql brought no server" >&2; exit 1; }
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { echo "the package chromium brought no browser" >&2; exit 1; }
install_autobahn
echo "needs: installed"
