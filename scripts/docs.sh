#!/usr/bin/env bash
# Writes the documents that are generated from the code: schemas/*.json and the web's protocol types.
set -euo pipefail
cd "$(dirname "$0")/.."

# The documents are read by the build itself: one build writes them all.
cargo build --quiet
hub=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(fs.readFileSync(0)).target_directory')/debug/concierge
write() { # command, file
  # Into a file beside it first: what fails leaves the old document.
  "$hub" "$1" >"schemas/$2.new"
  mv "schemas/$2.new" "schemas/$2"
  echo "wrote schemas/$2"
}
write protocol protocol.json
write asyncapi asyncapi.json
write openapi openapi.json
write rule-schema rule.json
write filter-schema filter.json
write sequence-schema sequence.json
if [ ! -d web/node_modules ]; then
  (cd web && npm ci --no-audit --no-fund --ignore-scripts)
fi
(cd web && npm run --silent protocol)
echo "wrote web/src/wire/protocol.ts"
