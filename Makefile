# What you type while working on Flotilla. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Swift uses every core by itself, and the steps of a target depend on each other.
.NOTPARALLEL:

CONFIGURATION ?= debug
CONFIG ?= config/monolith.yaml
# What `make run` and `make run-split` keep their data in: sqlite, or postgres.
STORAGE ?= sqlite

# An import that a target does not declare is an error. `swift build` then prints "Build complete!"
# all the same, so the exit status is what counts.
CHECKS := --explicit-target-dependency-import-check error
# What is shipped and measured: the standard library within, and code that is specialized across
# the borders of modules.
OPTIMIZED := -Xswiftc -cross-module-optimization \
    $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)
FLAGS := $(CHECKS) $(if $(filter release,$(CONFIGURATION)),$(OPTIMIZED))
SOURCES := Package.swift App Modules Tests IntegrationTests bench

BUILD_PACKAGES := ca-certificates libsqlite3-dev libsodium-dev libcurl4-openssl-dev libpq-dev \
    librdkafka-dev
DEMO_PACKAGES := curl jq openssl
POSTGRES_PACKAGES := postgresql-15
FLEET_PACKAGES := python3-venv
BENCH_PACKAGES := wrk openssl python3-venv $(POSTGRES_PACKAGES)
TEST_PACKAGES := prometheus prometheus-alertmanager shellcheck jq python3-aiosmtpd python3-venv \
    sqlite3 curl openssl $(POSTGRES_PACKAGES)

.PHONY: help
help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: packages storage-packages ## Build and serve on 127.0.0.1:8080 (CONFIGURATION, CONFIG, STORAGE=postgres).
	@swift build --configuration $(CONFIGURATION) --product flotilla $(FLAGS)
	@exec $(if $(filter postgres,$(STORAGE)),scripts/with-postgres.sh data/postgres) \
	    "$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/flotilla" \
	    serve --config "$(CONFIG)"

.PHONY: run-split
run-split: packages storage-packages ## Build and serve as a fleet over a Kafka broker (CONFIGURATION, STORAGE, KAFKA_BROKERS).
	@scripts/install-packages.sh $(FLEET_PACKAGES)
	@scripts/install-tools.sh
	@swift build --configuration $(CONFIGURATION) --product flotilla $(FLAGS)
	@exec $(if $(filter postgres,$(STORAGE)),scripts/with-postgres.sh data/split/postgres) \
	    scripts/run-split.py \
	    "$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/flotilla"

.PHONY: demo
demo: packages ## Walk through registration and an order on a throw-away system.
	@scripts/install-packages.sh $(DEMO_PACKAGES)
	@swift build --configuration $(CONFIGURATION) --product flotilla $(FLAGS)
	@exec scripts/demo.sh \
	    "$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/flotilla"

.PHONY: build
build: packages ## Build everything but the tests (CONFIGURATION=release).
	@swift build --configuration $(CONFIGURATION) $(FLAGS)

# What modules and the bus promise, they promise on both engines. The simulation has a storage of
# its own.
SIMULATION := ^EventBusTests\..Simulating
ON_POSTGRES := ^(User|Product|Order|Payment|Notification|Search|Audit|Web|Example|EventBus)Tests\.

# They measure times on sockets, or wait for brokers, and are better off without all the others.
ON_SOCKETS := ^(Gateway|Kafka)Tests\.

# Whole systems that load, kill and starve each other's processes: one after the other.
UNDER_STRAIN := ^IntegrationTests\..The whole system under strain

# Runs tests that are built, and says what failed once more at the end.
RUN_TESTS := scripts/run-tests.sh swift test --skip-build --disable-xctest $(CHECKS)
A_FEW_AT_A_TIME := --parallel --experimental-maximum-parallelization-width 3
# With all of them at once, some wait for a core longer than what they test may take.
SOME_AT_A_TIME := --parallel --experimental-maximum-parallelization-width 8

# The simulation keeps a core busy for over a minute: it runs beside what mostly waits. The
# integration tests start whole systems, so they come after the others.
.PHONY: test
test: packages test-tools lint check-files ## Check the format and the files, then run all tests.
	@swift build --build-tests $(CHECKS)
	@$(RUN_TESTS) $(SOME_AT_A_TIME) --skip '^IntegrationTests\.' --skip '$(SIMULATION)' \
	    --skip '$(ON_SOCKETS)'
	@$(RUN_TESTS) --ignore-lock --filter '$(SIMULATION)' & simulation=$$!; \
	    $(RUN_TESTS) --ignore-lock --filter '$(ON_SOCKETS)' || status=$$?; \
	    wait $$simulation && exit $${status:-0}
	@FLOTILLA_TEST_STORAGE=postgres $(RUN_TESTS) $(SOME_AT_A_TIME) --filter '$(ON_POSTGRES)' \
	    --skip '$(SIMULATION)'
	@$(RUN_TESTS) $(A_FEW_AT_A_TIME) --filter '^IntegrationTests\.' --skip '$(UNDER_STRAIN)'
	@$(RUN_TESTS) --no-parallel --filter '$(UNDER_STRAIN)'

# A release build of both programs, then everything in turns. What a run finds is accepted only
# where the bus keeps its promises.
ONLY ?=
SCALE ?= 1
ACCEPT ?=
AGAINST ?=
MEASURE = scripts/bench.py .build/release/flotilla .build/release/flotilla-bench \
    --only "$(ONLY)" --scale "$(SCALE)" $(if $(ACCEPT),--accept "$(ACCEPT)") \
    $(if $(AGAINST),--against "$(AGAINST)")
.PHONY: bench
bench: packages ## Measure Flotilla beside what it stands on (ONLY=P1,P5, ACCEPT=1, SCALE=0.05 to try).
	@scripts/install-packages.sh python3
	@python3 $(MEASURE) --check
	@scripts/install-packages.sh $(BENCH_PACKAGES)
	@scripts/install-tools.sh bench
	@swift build --configuration release --product flotilla $(CHECKS) $(OPTIMIZED)
	@swift build --configuration release --product flotilla-bench $(CHECKS) $(OPTIMIZED)
	@if [[ "$(ACCEPT)" == 1 ]]; then $(MAKE) bench-guarantees; fi
	@exec .tools/bench/bin/python $(MEASURE)

# What must hold before a figure counts: of the bus, of commits, of idempotent orders, of tokens.
GUARANTEES := ^(EventBus|Storage|Web|Order|User|Kafka)Tests\.

.PHONY: bench-guarantees
bench-guarantees: packages test-tools
	@swift build --build-tests $(CHECKS)
	@$(RUN_TESTS) $(SOME_AT_A_TIME) --filter '$(GUARANTEES)'
	@FLOTILLA_TEST_STORAGE=postgres $(RUN_TESTS) $(SOME_AT_A_TIME) --filter '$(GUARANTEES)' \
	    --skip '$(SIMULATION)' --skip '^(Storage|Kafka)Tests\.'

# In a package of its own, so that only it depends on the library; it builds the kernel anew.
.PHONY: bench-hot
bench-hot: packages ## Count time and instructions of hot paths, a function each (ONLY=pattern).
	@cd bench/HotPaths && BENCHMARK_DISABLE_JEMALLOC=1 swift package --disable-sandbox benchmark \
	    $(if $(ONLY),--filter "$(ONLY)")

.PHONY: lint
lint: ## Check the format of all Swift files.
	@swift format lint --strict --recursive --parallel $(SOURCES)

.PHONY: format
format: ## Bring all Swift files into format.
	@swift format format --in-place --recursive --parallel $(SOURCES)

.PHONY: asyncapi
asyncapi: packages ## Write docs/asyncapi.json anew; refused where a change would break readers.
	@swift build --configuration $(CONFIGURATION) --product flotilla $(FLAGS)
	@"$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/flotilla" \
	    events types --asyncapi --against docs/asyncapi.json > docs/asyncapi.json.new
	@mv docs/asyncapi.json.new docs/asyncapi.json

.PHONY: check-config
check-config: packages ## Check CONFIG and reach every component it names.
	@swift build --configuration $(CONFIGURATION) --product flotilla $(FLAGS)
	@exec "$$(swift build --configuration $(CONFIGURATION) --show-bin-path)/flotilla" \
	    check --config "$(CONFIG)"

.PHONY: check-files
check-files: test-tools ## Check the Dockerfiles, compose files, rules, dashboards and scripts.
	@scripts/check-files.sh

.PHONY: clean
clean: ## Remove what was built and the tools in .tools; data stays.
	@rm -rf .build .tools

.PHONY: packages
packages:
	@scripts/install-packages.sh $(BUILD_PACKAGES)

.PHONY: storage-packages
storage-packages:
	@case "$(STORAGE)" in \
	    sqlite) ;; \
	    postgres) scripts/install-packages.sh $(POSTGRES_PACKAGES) ;; \
	    *) echo "STORAGE is sqlite or postgres, not $(STORAGE)" >&2; exit 2 ;; \
	esac

.PHONY: test-tools
test-tools:
	@scripts/install-packages.sh $(TEST_PACKAGES)
	@scripts/install-tools.sh
