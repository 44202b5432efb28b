# writ: the commands. `make demo` runs the main job, `make test` runs every test; both set up what they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Tests on real input run where it is at hand, and say that they skip where it is not.
WRIT_CLOUDTRAIL ?= $(abspath $(wildcard ../shared/data/cloudtrail-stratus))
export WRIT_CLOUDTRAIL

CARGO_DENY_VERSION := 0.20.2

.PHONY: help setup build demo test fuzz crash bench bench-peers fmt lint docs deny check

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install what a build needs, or print the one line that does
	@scripts/setup

build: setup ## build writd and writ into ${CARGO_TARGET_DIR:-target}/release
	cargo build --release --locked -p ledger -p cli

demo: build ## play a scenario against a real server and tamper with a copy of its log
	@scripts/demo

test: ## run every test
	@scripts/setup tests
	cargo build --release --locked --workspace --all-targets
	cargo test --release --locked --workspace --no-fail-fast
	@scripts/fuzz 5

fuzz: ## fuzz every parser of foreign bytes, five minutes each
	@scripts/setup tests
	@scripts/fuzz 300

crash: build ## kill, cut power, fill disks, lie about syncs: every crash test in its long form, with figures
	@scripts/crash

bench: build ## measure every figure of docs/performance.md in one run, about an hour; BENCH="--statements 1M" for a shorter one
	cargo run --release --locked -p benches -- --json $${CARGO_TARGET_DIR:-target}/bench.json $(BENCH)

bench-peers: build ## put PostgreSQL, SQLite and hypercore beside writ; installs them or says what is missing
	cargo build --release --locked -p benches
	@scripts/bench-peers --json $${CARGO_TARGET_DIR:-target}/peers.json

fmt: ## check the formatting
	cargo fmt --all -- --check

lint: setup ## run clippy, warnings refused
	cargo clippy --release --locked --workspace --all-targets -- -D warnings

docs: setup ## build the documentation, warnings refused
	RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --no-deps --document-private-items

deny: ## check dependencies against the policy in deny.toml
	@command -v cargo-deny >/dev/null || cargo install cargo-deny --locked --version $(CARGO_DENY_VERSION)
	cargo deny --locked check bans licenses sources

check: fmt lint docs deny ## everything but the tests
