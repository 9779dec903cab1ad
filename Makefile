# Every target brings what it needs and does nothing twice; `make help` lists them.
# Assumed: make, Node.js 20 or later, and some Python 3 with pip (uv comes from PyPI by it).

UV_VERSION := 0.13.9
PYTHON_VERSION := $(shell cat .python-version)
TEST_WORKERS ?= 2
TARGET ?= redaction
SECONDS ?= 60

UV := .tools/uv-$(UV_VERSION)/bin/uv
BIN := .venv/bin
PYTHON_PATH := .tools/python-$(PYTHON_VERSION)

# Stamps: each lies in what was brought and says that it matches its lock file.
APP := .venv/.brought
SERVING := dev/serving/.venv/.brought
AZURITE := dev/azurite/node_modules/.brought
AXE := tests/browser/node_modules/.brought
KQL := tests/kql/node_modules/.brought
CHECKOV := dev/checkov/.venv/.brought
SCHEMATHESIS := dev/schemathesis/.venv/.brought
STACK := $(AZURITE) $(APP) $(SERVING)
TESTS := $(STACK) $(AXE) $(KQL) $(CHECKOV) $(SCHEMATHESIS)

# What is checked for style and types; scoring code below pipelines/ is its users'.
SOURCES := $(wildcard function_app.py shared dev bench tests)

# uv works for this checkout alone, whatever environment make was called from.
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
# byte code is written once, not compiled anew at every start
unexport PYTHONDONTWRITEBYTECODE
export UV_HTTP_TIMEOUT ?= 120
SYNC = UV_PYTHON="$$(cat $(PYTHON_PATH))" UV_PYTHON_DOWNLOADS=never $(UV) sync --frozen --quiet
NPM_CI = npm ci --prefix $(@:/node_modules/.brought=) --no-audit --no-fund --no-progress --loglevel error

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help setup demo stack test screenshots check bench fuzz package requirements snapshots clean
.PHONY: check-style check-types check-lock check-structure check-infra check-pipelines

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-14s%s\n", $$1, $$2 }' Makefile

setup: $(TESTS) ## bring everything that the other targets need
	@echo "everything is there"

demo: $(STACK) ## watch one model version go from registration to PROD
	@$(BIN)/python -m dev.demo

stack: $(STACK) ## run the service and its emulators until interrupted
	@$(BIN)/python -m dev.stack

test: $(TESTS) ## run all tests
	@$(BIN)/pytest -q -n $(TEST_WORKERS) --dist loadfile

screenshots: $(STACK) $(AXE) ## make the pictures of pages and mails in docs/images anew
	@$(BIN)/pytest -q tests/browser --screenshots docs/images

check: check-style check-types check-lock check-structure check-infra check-pipelines ## all but the tests

check-style: $(APP)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)

check-types: $(APP)
	@$(BIN)/mypy $(SOURCES)

check-lock: $(APP)
	@$(UV) lock --check --offline --quiet || \
		{ echo "uv.lock does not fit pyproject.toml: run $(UV) lock" >&2; exit 1; }
	@dev/tools/export-requirements $(UV) | diff requirements.txt - || \
		{ echo "requirements.txt does not fit uv.lock: run make requirements" >&2; exit 1; }

check-structure: $(APP)
	@$(BIN)/pytest -q tests/structure

check-infra: $(APP)
	@$(BIN)/pytest -q -n $(TEST_WORKERS) tests/infra/test_compiling.py

check-pipelines: $(APP)
	@$(BIN)/python -m shared.pipelines check --settings local.settings.sample.json

fuzz: $(APP) ## look by hand for texts that a parser trips over (TARGET=redaction SECONDS=60)
	@mkdir -p .stack
	@$(UV) run --quiet --no-sync --with atheris==3.1.0 python -m tests.fuzz \
		$(TARGET) -max_total_time=$(SECONDS) -artifact_prefix=.stack/

bench: $(STACK) ## measure what bench/ measures and print it
	@$(BIN)/python -m bench

package: $(APP) ## write dist/modelgate.zip, what is deployed with a remote build
	@$(BIN)/python -m dev.package dist/modelgate.zip

requirements: $(UV) ## write requirements.txt from the lock, for the deployed app alone
	@dev/tools/export-requirements $(UV) > requirements.txt

snapshots: $(APP) ## write what infra/ deploys into tests/infra/shapes, to be compared and committed
	@$(BIN)/python -m dev.tools.bicep

clean: ## remove all that make brought or made
	@rm -rf .venv .tools .stack dist dev/serving/.venv dev/checkov/.venv dev/schemathesis/.venv \
		dev/azurite/node_modules tests/browser/node_modules tests/kql/node_modules \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV): dev/tools/bring-uv
	@dev/tools/bring-uv $(UV_VERSION) .tools/uv-$(UV_VERSION)
	@touch $@

$(PYTHON_PATH): .python-version dev/tools/find-python | $(UV)
	@dev/tools/find-python $(UV) $(PYTHON_VERSION) > $@

$(APP): pyproject.toml uv.lock $(UV) $(PYTHON_PATH)
	@echo "Python packages of the service and its tests, into .venv"
	@$(SYNC)
	@touch $@

$(SERVING): dev/serving/pyproject.toml dev/serving/uv.lock $(UV) $(PYTHON_PATH)
	@echo "Python packages that models are served with, into dev/serving/.venv"
	@$(SYNC) --project dev/serving
	@touch $@

$(AZURITE): dev/azurite/package.json dev/azurite/package-lock.json dev/tools/require-node
	@dev/tools/require-node
	@echo "Azurite from npm, into dev/azurite/node_modules"
	@$(NPM_CI) >/dev/null
	@touch $@

$(AXE): tests/browser/package.json tests/browser/package-lock.json dev/tools/require-node
	@dev/tools/require-node
	@echo "axe-core from npm, into tests/browser/node_modules"
	@$(NPM_CI) >/dev/null
	@touch $@

$(KQL): tests/kql/package.json tests/kql/package-lock.json dev/tools/require-node
	@dev/tools/require-node
	@echo "Microsoft's parser of Kusto queries from npm, into tests/kql/node_modules"
	@$(NPM_CI) >/dev/null
	@touch $@

$(CHECKOV): dev/checkov/pyproject.toml dev/checkov/uv.lock $(UV) $(PYTHON_PATH)
	@echo "checkov, into dev/checkov/.venv"
	@$(SYNC) --project dev/checkov
	@touch $@

$(SCHEMATHESIS): dev/schemathesis/pyproject.toml dev/schemathesis/uv.lock $(UV) $(PYTHON_PATH)
	@echo "schemathesis, into dev/schemathesis/.venv"
	@$(SYNC) --project dev/schemathesis
	@touch $@
