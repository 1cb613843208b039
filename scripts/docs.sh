#!/usr/bin/env bash
# Writes the documents that are generated from the code: schemas/*.json and the web's protocol types.
set -euo pipefail
cd "$(dirname "$0")/.."

for document in protocol asyncapi openapi; do
  # Into a file beside it first: a build that fails leaves the old document.
  cargo run --quiet -- "$document" >"schemas/$document.json.new"
  mv "schemas/$document.json.new" "schemas/$document.json"
  echo "wrote schemas/$document.json"
done
cargo run --quiet -- rule-schema >schemas/rule.json.new
mv schemas/rule.json.new schemas/rule.json
echo "wrote schemas/rule.json"
if [ ! -d web/node_modules ]; then
  (cd web && npm ci --no-audit --no-fund --ignore-scripts)
fi
(cd web && npm run --silent protocol)
echo "wrote web/src/wire/protocol.ts"
