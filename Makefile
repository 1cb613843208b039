# `make run` and `make test` are all that is needed; the rest are parts of them.

.DEFAULT_GOAL := help
.PHONY: help run dist tuned speechless test check unit autobahn counts fuzz e2e speech docs fmt needs

help: ## says what there is
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

# What whisper.cpp is built with. Without it the hub plays voice messages and does not transcribe them.
SPEECH := $(shell command -v cmake >/dev/null && command -v c++ >/dev/null || echo --no-default-features)

run: speechless ## builds the hub and starts it with three demo businesses in ./data
	@cargo run --release $(SPEECH) -- serve --demo

dist: speechless ## builds what belongs on a server, target/dist/concierge; takes four times as long and works for less
	cargo build --locked --profile dist $(SPEECH)

tuned: speechless ## as dist, and then built again by what the first one did under load; works for less still
	@scripts/tuned.sh $(SPEECH)

speechless:
	@[ -z "$(SPEECH)" ] || \
	  echo "cmake or g++ is missing: building without speech, voice messages are played but not transcribed"

test: ## checks everything and runs every test; installs what is missing where it may
	@scripts/test.sh needs format lint rust autobahn counts web unit build e2e

check: ## format and lints, Rust and web
	@scripts/test.sh format lint web

unit: ## Rust tests and the web's unit tests
	@scripts/test.sh needs rust unit

autobahn: ## the Autobahn cases of WebSocket, against the hub's codec and against our client
	@scripts/test.sh needs autobahn

counts: ## instructions a message costs, against tests/counts.json; CONCIERGE_COUNTS=write writes it anew
	@scripts/test.sh needs counts

fuzz: ## random bytes for what reads from outside, a minute each (SECONDS_EACH, TARGETS); KEEP=1 keeps what is new
	@scripts/fuzz.sh

e2e: ## the web in a real browser against the debug binary
	@scripts/test.sh needs build e2e

speech: ## listens with a real model, also in a browser (CONCIERGE_WHISPER_MODEL, or fetched into target/speech)
	@scripts/test.sh needs speech

docs: ## writes the generated documents anew: schemas and TypeScript types
	@scripts/docs.sh

fmt: ## formats Rust and web
	cargo fmt --all
	cd web && npm run --silent format

needs: ## looks for what the tests need beyond Rust and Node, and installs it where it may
	@scripts/needs.sh
