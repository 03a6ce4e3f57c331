# `make` alone does what continuous integration does; `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := check
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules

LINT_VERSION := 2.12.2
VULN_VERSION := v1.8.0
FUZZTIME ?= 30s
BENCH ?= .
COUNT ?= 10
# Of bench-peers: where the load generator and the peers' sources are, which of
# them run what how often, and flags for our own hub (-epoll).
SHARED ?= ../shared
PEERS ?= raw,fanfare,fanfare-msgpack
TESTS ?= rate-1k-128,bc-1k-128,bc-10k-128,burst-1k-128,fanin,echo,idle-10k,storm-10k,slow
REPS ?= 5
HUBFLAGS ?=
IDLE ?= $(if $(filter -epoll%,$(HUBFLAGS)),3,8)

comma := ,

LINT := .bin/golangci-lint
# A cache of this checkout's own: results kept for another one have its paths,
# and the exemptions by path would miss them.
export GOLANGCI_LINT_CACHE := $(CURDIR)/.bin/lint-cache
CLIENT := internal/e2e/client
STOCK := signalr/internal/stock/clients
STOCK_BUILD := build/stock
CONFORMANCE_FLAGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: check
check: lint test race ## Lint, tests, race detector: all that must pass

.PHONY: demo
demo: ## Upload sample documents and watch them being processed
	go run ./cmd/fanfare demo

.PHONY: run
run: ## The server on http://127.0.0.1:8080, with detailed errors
	go run ./cmd/fanfare serve --dev

.PHONY: test
test: client ## All tests, those with the stock JavaScript client included
	go test -shuffle=on -timeout=10m ./...

.PHONY: race
race: ## Short tests under the race detector, the library's also with its epoll option
	go test -race -short -shuffle=on -timeout=15m ./...
	SIGNALR_EPOLL=1 go test -race -short -shuffle=on -timeout=15m ./signalr

.PHONY: soak
soak: ## A hundred thousand hostile connections, under the race detector
	SOAK=1 go test -race -count=1 -timeout=20m -run='TestJunkConnections|TestHostile|TestChurn|TestCutAtRandom' -v ./signalr

.PHONY: powercut
powercut: ## Lose nothing acknowledged in a power cut (Linux; needs the right to mount a file)
	POWERCUT=1 go test -count=1 -run='PowerCut' -v ./internal/bus

.PHONY: conformance-report
conformance-report: ## Write docs/conformance.md: which test shows which behaviour
	go run ./signalr/internal/conformance/report

.PHONY: events-page
events-page: ## Write the tables of docs/events.md: types, topics, callbacks, codes
	UPDATE_GOLDEN=1 go test -count=1 -run='^TestEventsPage$$' .

.PHONY: arch
arch: ## Only the package graph, the modules' owners and the size limits
	go test ./internal/arch

.PHONY: lint
lint: tools ## go vet, golangci-lint and formatting
	go vet ./...
	$(LINT) run

.PHONY: fmt
fmt: tools ## Rewrite the files in house format
	$(LINT) fmt

.PHONY: fuzz
fuzz: ## Each fuzz target for FUZZTIME (30s)
	@for pkg in $$(go list ./...); do \
		for target in $$(go test -list='^Fuzz' "$$pkg" | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			go test "$$pkg" -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME); \
		done; \
	done

.PHONY: bench
bench: ## The benchmarks that match BENCH, COUNT times, into bench/new.txt
	@mkdir -p bench
	go test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) ./... | tee bench/new.txt

.PHONY: bench-events
bench-events: ## What an event costs the server, from its POST to its subscribers (Linux)
	go run ./internal/eventbench

# Needs Go and Python 3. Other results than of this run are not mixed in.
.PHONY: bench-peers
bench-peers: ## Load this and other servers side by side: PEERS, TESTS, REPS
	@if [ ! -f $(SHARED)/tools/peers/run.py ]; then \
		echo "bench-peers: no load generator in $(SHARED)/tools; SHARED=... says where it is"; exit 0; \
	fi; \
	mkdir -p build && \
	go build -o build/benchhub ./signalr/internal/benchhub && \
	printf '#!/bin/sh\nexec "%s" "$$@" %s\n' "$(CURDIR)/build/benchhub" "$(HUBFLAGS)" > build/hub && chmod +x build/hub && \
	for tool in sigload $(addprefix peers/,$(filter centrifuge philippseith,$(subst $(comma), ,$(PEERS))) rawlimit); do \
		( cd $(SHARED)/tools/$$tool && go build -trimpath -o "$(CURDIR)/build/" . ); \
	done && \
	rm -f build/peers.jsonl && \
	PYTHONDONTWRITEBYTECODE=1 PEERS_BIN="$(CURDIR)/build" BENCHHUB="$(CURDIR)/build/hub" \
		python3 $(SHARED)/tools/peers/run.py run --peers $(PEERS) --tests $(TESTS) --reps $(REPS) --out build/peers.jsonl && \
	go run ./signalr/internal/benchpeers -json -idle $(IDLE) build/peers.jsonl > build/peers.json && \
	go run ./signalr/internal/benchpeers -idle $(IDLE) build/peers.jsonl | tee build/peers.txt

.PHONY: vuln
vuln: ## Known vulnerabilities in the code that we call (needs the network)
	go run golang.org/x/vuln/cmd/govulncheck@$(VULN_VERSION) ./...

# The stock client of the end-to-end tests, at the version of its lock file.
# npm writes node_modules/.package-lock.json last, so that file tells whether
# what is installed is whole and current.
.PHONY: client
client:
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then \
		echo "no Node: the tests with the stock @microsoft/signalr client (internal/e2e) are skipped"; \
	elif [ ! -f $(CLIENT)/package-lock.json ]; then \
		echo "$(CLIENT)/package-lock.json is missing" >&2; exit 1; \
	elif [ ! $(CLIENT)/node_modules/.package-lock.json -nt $(CLIENT)/package-lock.json ]; then \
		cd $(CLIENT) && npm ci --no-audit --no-fund; \
	fi

# The matrix of stock clients. What a client lacks is said, and the others run;
# CONFORMANCE_FLAGS='-clients js10,java' chooses, -all insists on every one.
.PHONY: conformance
conformance: conformance-js conformance-java conformance-python ## The stock clients over every transport and encoding
	go run ./signalr/internal/stockmatrix $(CONFORMANCE_FLAGS)

.PHONY: conformance-js
conformance-js:
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then \
		echo "no Node: the JavaScript clients and the browser's are left out"; \
	else \
		for client in js10 js8; do \
			if [ ! $(STOCK)/$$client/node_modules/.package-lock.json -nt $(STOCK)/$$client/package-lock.json ]; then \
				(cd $(STOCK)/$$client && npm ci --no-audit --no-fund); \
			fi; \
		done; \
	fi

.PHONY: conformance-java
conformance-java:
	@if ! command -v java >/dev/null || ! command -v mvn >/dev/null; then \
		echo "no Java or no Maven: the Java client is left out"; \
	else \
		$(MAKE) --no-print-directory $(STOCK_BUILD)/java/installed; \
	fi

$(STOCK_BUILD)/java/installed: $(STOCK)/java/pom.xml $(wildcard $(STOCK)/java/src/*.java)
	rm -rf $(@D)
	mvn -q -B -f $(STOCK)/java package
	touch $@

.PHONY: conformance-python
conformance-python:
	@if ! python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "no Python 3.11 or newer with venv: the Python client is left out"; \
	else \
		$(MAKE) --no-print-directory $(STOCK_BUILD)/python/installed; \
	fi

$(STOCK_BUILD)/python/installed: $(STOCK)/python/requirements.txt
	rm -rf $(@D)
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	touch $@

.PHONY: tools
tools:
	@if ! $(LINT) version 2>/dev/null | grep -qF 'version $(LINT_VERSION) '; then \
		echo "installing golangci-lint $(LINT_VERSION) into .bin (some minutes, once)"; \
		GOBIN="$(CURDIR)/.bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION); \
	fi
