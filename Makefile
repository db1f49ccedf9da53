# The commands to know. Each makes its own environment when that is missing or stale.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?=
SPLIT ?= dev
OUT ?= build/eval
CLUSTER ?=
CONFIG ?=
ON_CLUSTER = $(BIN)/python deploy/local/cluster.py run --folder build/test-cluster --shift 1000

.DEFAULT_GOAL := help
.PHONY: help demo test check fast run bench eval lock clean cluster-up cluster-status cluster-down test-kafka test-flink bench-cluster compose-up compose-down

help:  ## print these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.txt pyproject.toml
	@echo "wirewatch: setting up $(VENV): about a minute, some 250 MB are downloaded the first time"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wirewatch needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@# the lock names everything: an older pip that looked beyond it would fall over a newer coverage[toml]
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar on --no-deps --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
	@echo "wirewatch: ready"

demo: $(STAMP)  ## feeds to alerts on this machine in two minutes, no network needed after set-up
	@$(BIN)/wirewatch demo

run: $(STAMP)  ## run wirewatch until Ctrl-C (CONFIG=my/wirewatch.yaml, else the shipped default)
	@$(BIN)/wirewatch run $(if $(CONFIG),--config $(CONFIG))

check: $(STAMP)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy deploy/local
	$(BIN)/lint-imports

fast: $(STAMP)  ## the unit and contract tests, in seconds
	HYPOTHESIS_PROFILE=fast $(BIN)/pytest -q -n 2 -m "not slow" tests/unit tests/contract

test: $(STAMP)  ## every test that needs nothing but Python, with coverage
	$(BIN)/pytest -q -m "not kafka and not flink" --cov --cov-report=term:skip-covered

test-kafka: $(STAMP)  ## the bus on a real broker, started for it (needs Java 17; Maven the first time)
	$(ON_CLUSTER) --only kafka -- $(BIN)/pytest -q -m kafka tests/contract tests/kafka

test-flink: $(STAMP)  ## the flow on a real cluster, started for it (needs Java 17; Maven the first time)
	$(ON_CLUSTER) -- $(BIN)/pytest -q -m flink tests/flink

bench-cluster: $(STAMP)  ## the benchmarks of the bus and the flow on a real cluster (half an hour)
	$(ON_CLUSTER) -- $(BIN)/python -m tests.benchmarks kafka flink flink_faults broker_away flink_idle

bench: $(STAMP)  ## the benchmarks: ratios, each from one run
	$(BIN)/python -m tests.benchmarks

eval: $(STAMP)  ## score on evaluation data (DATA=folder SPLIT=dev OUT=folder)
	$(BIN)/python -m tests.eval --data "$(DATA)" --split "$(SPLIT)" --out "$(OUT)"

cluster-up: $(STAMP)  ## a Kafka and a Flink on this machine, no Docker (needs Java 17; Maven the first time)
	@$(BIN)/python deploy/local/cluster.py up $(CLUSTER)

cluster-status: $(STAMP)  ## what of them runs, and whether it works
	@$(BIN)/python deploy/local/cluster.py status $(CLUSTER)

cluster-down: $(STAMP)  ## end them; their data stays (CLUSTER=--wipe removes it)
	@$(BIN)/python deploy/local/cluster.py down $(CLUSTER)

compose-up:  ## Kafka, Flink and wirewatch in containers (needs Docker, and the jar that cluster-up gets)
	mkdir -p build/image
	cp -L build/cluster/job-server.jar build/image/
	docker compose -f deploy/compose.yaml up --build --detach

compose-down:  ## end them; their volumes stay
	docker compose -f deploy/compose.yaml down

lock: $(STAMP)  ## write requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements.txt

clean:  ## remove the environment, caches and run data
	rm -rf $(VENV) build dist data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
