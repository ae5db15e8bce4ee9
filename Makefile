# Liangfu (量服). `make` shows what there is; every command sets up what it needs, from Python 3.11 and make alone.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VAR ?= var
JOBS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
# The name holds the checksum of the lock: another lock is another stamp, an older one is never mistaken for done.
READY := $(VENV)/.installed-$(shell cksum requirements.txt | cut -d' ' -f1)
PYTEST := $(PY) -m pytest
CODE := services shared deploy tests

.PHONY: help setup demo up down test proof check fmt lint types imports contracts migrations duplicates audit \
        faults faults-quick bench canary browser office lock clean roles

help:  ## This list
	@echo "Liangfu (量服): make <target>"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | awk -F'\t' '{ printf "  %-14s %s\n", $$1, $$2 }'

# ---------------------------------------------------------------------------- set-up

$(READY): requirements.txt
	@test -n "$(PYTHON)" || { echo "Liangfu needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Liangfu needs Python 3.11 or newer; set PYTHON")'
	@echo "setting up $(VENV) (once, about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@PIP_ROOT_USER_ACTION=ignore $(PY) -m pip install --quiet --no-input --disable-pip-version-check \
		--require-hashes --only-binary :all: --requirement requirements.txt
	@rm -f $(VENV)/.installed-*
	@touch $@

setup: $(READY)  ## Create .venv from the lock (every other target does it by itself)

lock:  ## Compile requirements.txt anew from requirements.in: newest versions, hashes, no addresses
	@test -x $(VENV)/bin/uv || $(MAKE) setup
	@$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 requirements.in --output-file $(VENV)/lock.txt > /dev/null
	@{ sed -n 1p requirements.txt; cat $(VENV)/lock.txt; } > $(VENV)/lock.arriving && mv $(VENV)/lock.arriving requirements.txt

# ---------------------------------------------------------------------------- run

# The stack's own process works in threads for a while and then only watches: what it needed goes back.
demo up: export MALLOC_ARENA_MAX = 2
demo up: export MALLOC_TRIM_THRESHOLD_ = 131072
demo up: export MALLOC_MMAP_THRESHOLD_ = 131072

demo: $(READY)  ## Start everything, load a synthetic Lu'an, tell the main story with timings, stop
	@$(PY) -m deploy.demo

up: $(READY)  ## The stack in the foreground, with URLs and a ready token; data kept in var/
	@exec $(PY) -m deploy.local --var $(VAR) up

down: $(READY)  ## End a running stack
	@$(PY) -m deploy.local --var $(VAR) down

# ---------------------------------------------------------------------------- tests

test: $(READY)  ## All tests in a quick profile, at most 5 minutes
	@LIANGFU_PROFILE=quick $(PYTEST) -q -n $(JOBS) --dist loadfile --no-loadscope-reorder

proof: $(READY)  ## The same suites and the faults at full counts; may take hours
	@LIANGFU_PROFILE=full $(PYTEST) -q -n $(JOBS) --dist loadfile --no-loadscope-reorder
	@LIANGFU_PROFILE=full $(PYTEST) -q tests/canary
	@LIANGFU_PROFILE=full $(PYTEST) -q tests/faults

faults: $(READY)  ## Kill, starve, freeze and wipe real servers at every step; prints recovery times
	@$(PYTEST) -q tests/faults

faults-quick: $(READY)  ## The part of the faults that every submission repeats
	@$(PYTEST) -q tests/faults -m quick

canary: $(READY)  ## Put unique values into every sensitive field, then search every byte the product wrote
	@$(PYTEST) -q tests/canary

browser: $(READY)  ## What a person sees, in a real Chromium (installed by apt-get when root and absent)
	@command -v chromium > /dev/null || test "$$(id -u)" -ne 0 || { apt-get update -qq && apt-get install -y -qq chromium > /dev/null; }
	@$(PYTEST) -q tests/browser

office: $(READY)  ## An office program opens what the product writes (LibreOffice, installed by apt-get when root and absent)
	@command -v soffice > /dev/null || test "$$(id -u)" -ne 0 || { apt-get update -qq && apt-get install -y -qq \
		--no-install-recommends libreoffice-writer-nogui fonts-noto-cjk poppler-utils > /dev/null; }
	@$(PYTEST) -q tests/office

bench: $(READY)  ## Measure against floors taken in the same run; writes var/bench/report.json
	@$(PY) -m tests.bench

# ---------------------------------------------------------------------------- the written rules

check: lint types imports contracts roles migrations duplicates  ## Format, lint, types, imports, contracts, roles, migrations, duplicates

fmt: $(READY)  ## Format and fix what can be fixed
	@$(PY) -m ruff format --quiet .
	@$(PY) -m ruff check --fix --quiet .

lint: $(READY)  ## Formatting and every lint rule
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m ruff check --quiet .
	@echo "lint: clean"

types: $(READY)  ## mypy, strict
	@$(PY) -m mypy

imports: $(READY)  ## The import graph is law (contracts in pyproject.toml)
	@$(VENV)/bin/lint-imports --no-cache

contracts: $(READY)  ## Published events and APIs are as their files say
	@$(PY) -m shared.contracts.freeze --check
	@$(PY) -m tests.builders.documents --check

roles: $(READY)  ## The page of roles and permissions is current
	@$(PY) -m shared.contracts.roles --check

migrations: $(READY)  ## One head per service, and the one written down
	@$(PY) -m shared.kit.migrations heads registry subsidy rehab indicators

duplicates: $(READY)  ## The same lines twice
	@$(PY) -m pylint --score=n $(CODE)
	@echo "duplicates: none"

audit: $(READY)  ## Known vulnerabilities of the locked packages (needs the internet)
	@$(VENV)/bin/pip-audit --require-hashes --disable-pip --requirement requirements.txt

clean:  ## Delete .venv, caches and var/
	rm -rf $(VENV) $(VAR) .mypy_cache .ruff_cache .pytest_cache .hypothesis
