# Each target is enough by itself on a machine with Python 3.11 or later and make: it sets up what it needs, with uv
# where that is installed, else with venv and pip. The lock files pin what is installed.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv)

.PHONY: release test hostile quality peers check format bench lock clean

release: $(VENV)/.core ## build, publish and verify the sample project
	$(BIN)/imprint release

test: $(VENV)/.dev ## lint, types and tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

hostile: $(VENV)/.dev ## hostile input at its true size; needs 20 GB of disk and ten minutes
	$(BIN)/pytest -m hostile -s tests/verbs/test_hostile.py

bench: $(VENV)/.dev ## build 100,000 generated articles; MB/s and peak memory; then each format, read and cleaned
	$(BIN)/python benchmarks/build.py
	$(BIN)/python benchmarks/reading.py

quality: $(VENV)/.dev ## near duplicates found, against all pairs compared
	$(BIN)/python benchmarks/quality.py

peers: $(VENV)/.dev ## the same articles through datatrove's MinHash deduplication; needs the network once, ten minutes
	$(BIN)/python benchmarks/peers.py

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## pin the newest versions of all dependencies (needs uv)
	$(UV) pip compile pyproject.toml -o requirements.lock --quiet --upgrade --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header --group build
	$(UV) pip compile pyproject.toml -o requirements-dev.lock --quiet --upgrade --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-annotate --no-header --group build --group dev --extra lang

clean: ## remove what the targets made; published versions stay
	rm -rf $(VENV) .peers data/build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A virtual environment that does not run (a moved folder, another Python) is made again.
ifneq ($(wildcard $(VENV)/.python),)
ifneq ($(shell $(BIN)/python -c 'print(open("$(VENV)/.python").read().strip())' 2>/dev/null),$(CURDIR))
$(shell rm -rf $(VENV))
endif
endif
$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: set PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "$(PYTHON) is older than Python 3.11: set PYTHON=/path/to/a/newer/one" >&2; exit 2; }
	$(if $(UV),$(UV) venv --quiet --clear --python $(PYTHON) $(VENV),$(PYTHON) -m venv --clear $(VENV))
	@echo "$(CURDIR)" > $@

INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

$(VENV)/.core: requirements.lock pyproject.toml | $(VENV)/.python
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/.python
	$(INSTALL) --require-hashes -r requirements-dev.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.core
