# The commands to know. Each makes its own environment when that is missing or stale.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DATA ?=
SPLIT ?= dev
OUT ?= build/eval
CONFIG ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check fast run bench eval lock clean

help:  ## print these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.txt pyproject.toml
	@echo "wirewatch: setting up $(VENV): about a minute, some 250 MB are downloaded the first time"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "wirewatch needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar on --require-hashes -r requirements.txt
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
	$(BIN)/lint-imports

fast: $(STAMP)  ## the unit and contract tests, in seconds
	HYPOTHESIS_PROFILE=fast $(BIN)/pytest -q -n 2 -m "not slow" tests/unit tests/contract

test: $(STAMP)  ## every test, with coverage
	$(BIN)/pytest -q --cov --cov-report=term:skip-covered

bench: $(STAMP)  ## the benchmarks: ratios, each from one run
	$(BIN)/python -m tests.benchmarks

eval: $(STAMP)  ## score on evaluation data (DATA=folder SPLIT=dev OUT=folder)
	$(BIN)/python -m tests.eval --data "$(DATA)" --split "$(SPLIT)" --out "$(OUT)"

lock: $(STAMP)  ## write requirements.txt anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements.txt

clean:  ## remove the environment, caches and run data
	rm -rf $(VENV) build dist data .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
