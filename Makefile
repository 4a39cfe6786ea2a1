# The project's commands. `make demo` and `make test` do all of their own set-up, without root.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help
help: ## say what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Vedette needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the dependencies into $(VENV) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(READY) ## virtual environment, dependencies, default model
	@$(BIN)/vedette models pull

.PHONY: demo
demo: setup ## real people in real video, with a page to look at (DEMO="--seconds 30")
	@$(BIN)/vedette demo $(DEMO)

.PHONY: test
test: setup .venv-servers/.ready ## all tests that need no root
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not e2e and not alone" --cov --cov-report=term:skip-covered $(TESTS)
	@$(BIN)/python -m pytest -m alone $(TESTS) || [ $$? = 5 ]  # 5: none of those that were asked for

# Servers of tests that would bring their own OpenCV into our environment.
.venv-servers/.ready: tests/servers/requirements.txt
	@test -x .venv-servers/bin/python || $(PYTHON) -m venv .venv-servers
	@.venv-servers/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.PHONY: e2e
e2e: setup ## tests that need what apt provides (see .ci/run)
	@$(BIN)/python -m pytest -m e2e tests/e2e

.PHONY: check
check: $(READY) ## ruff, mypy --strict, import-linter, deptry, schemas/
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/vedette schemas --check

.PHONY: bench
bench: setup .venv-peers/.ready .venv-norfair/.ready ## measure ours beside its peers (BENCH="--quick --rows 3 6")
	@$(BIN)/python -m benchmarks $(BENCH)

.venv-peers/.ready: benchmarks/peers/requirements.txt
.venv-norfair/.ready: benchmarks/peers/requirements-norfair.txt
.venv-peers/.ready .venv-norfair/.ready:
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.PHONY: fuzz
fuzz: setup ## damaged video and cameras by the thousand (FUZZ="--cases 20000 --seed 7")
	@$(BIN)/python -m tests.fuzz.video $(or $(FUZZ),--cases 5000)
	@$(BIN)/python -m tests.fuzz.rtsp $(or $(FUZZ),--cases 1000)

.PHONY: lock
lock: ## pin the dependencies anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  --extra dev pyproject.toml --output-file requirements.txt

.PHONY: clean
clean: ## remove what make made
	rm -rf $(VENV) .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
