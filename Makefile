# Needs Python 3.11 or newer, make and git; everything else is fetched by name, at the versions and hashes of the lock files.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT ?= 8000
WORKERS ?= 2
ARGS ?=

BIN := .venv/bin
PYTEST := $(BIN)/pytest -n $(WORKERS) --durations=20 --durations-min=1
# The two packages that build others come first, so that a build fetches nothing that no lock file names.
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation
LOCK := $(BIN)/uv pip compile --quiet --python $(BIN)/python --no-build-isolation --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'
# What the environment needs beside the project's own dependencies.
TOOLS := 'uv\nsetuptools>=77\n'
CATALOGUES := $(BIN)/python -c 'import setuptools; setuptools.setup()' --quiet
# Chromium for the browser tests, LibreOffice and poppler to open what is exported.
DEBIAN := chromium fonts-noto-core poppler-utils libreoffice-writer-nogui libreoffice-calc-nogui

export UV_PYTHON_DOWNLOADS := never

.PHONY: help run test lint bench mutants env env-test browser wrk lock translations clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The addresses that are printed and mailed are those that answer.
run: export CONSULT_BASE_URL ?= http://127.0.0.1:$(PORT)
run: env ## start the platform with its demonstration data on http://127.0.0.1:8000 (PORT=… for another port)
	@$(BIN)/consult demo --if-empty
	@exec $(BIN)/consult serve --work --port $(PORT)

# A part may hold nothing for the second run: pytest then ends with 5.
test: env-test browser ## run every test on SQLite, then those that ask a database on PostgreSQL (ARGS=tests/moderation for a part)
	$(PYTEST) $(ARGS)
	CONSULT_TEST_DATABASE=postgresql $(PYTEST) $(ARGS) || test $$? = 5

lint: env-test ## check style, imports between packages, and the lock files
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/mypy
	@! grep -nE '://|^ *-[a-zA-Z]|^ *--(index|extra|find)' requirements*.lock \
		|| { echo "A lock file names an address or a package index."; exit 1; }

bench: env-test wrk ## measure the platform against its performance targets (ARGS=scale: up to a million contributions)
	$(BIN)/python -m tests.benchmarks $(ARGS)

mutants: env-test .venv/.mutants ## change one thing after the other in what you changed, and tell which no test notices
	@$(BIN)/python -m tests.mutants --workers $(WORKERS) $(ARGS)

env: .venv/.runtime .venv/.project ## make .venv with what the platform needs to run

env-test: .venv/.test .venv/.project ## the same, with what the tests need

browser: ## install the Debian packages that the tests use, where they are missing
	@$(call debian,$(DEBIAN),chromium pdftotext soffice)

wrk: ## install the load generator that the benchmarks use, where it is missing
	@$(call debian,wrk,wrk)

# $(call debian,packages,commands that they bring): root installs what is missing, others are told what to ask for.
define debian
if ! command -v dpkg-query >/dev/null; then \
	for c in $(2); do command -v $$c >/dev/null || { echo "$$c is missing: install it."; exit 1; }; done; \
	exit 0; \
fi; \
missing=$$(for p in $(1); do dpkg-query -W -f='$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
missing=$$(echo $$missing); \
if test -z "$$missing"; then exit 0; fi; \
if test "$$(id -u)" != 0; then echo "Debian packages are missing. Run: sudo apt-get install --no-install-recommends $$missing"; exit 1; fi; \
echo "Installing $$missing"; \
export DEBIAN_FRONTEND=noninteractive; \
apt-get -o DPkg::Lock::Timeout=120 update -qq; \
apt-get -o DPkg::Lock::Timeout=120 install -qq -y --no-install-recommends $$missing >/dev/null
endef

lock: .venv/.project ## bring the lock files up to date with setup.cfg (ARGS=--upgrade for newer versions)
	printf $(TOOLS) | $(LOCK) $(ARGS) setup.cfg - -o requirements.lock
	printf $(TOOLS) | $(LOCK) $(ARGS) setup.cfg - --extra test -c requirements.lock -o requirements-test.lock
	awk '/^mutants =/ { wanted = 1; next } /^[^ ]/ { wanted = 0 } wanted' setup.cfg \
		| $(LOCK) $(ARGS) - -c requirements-test.lock -o requirements-mutants.lock

translations: .venv/.project ## gather the messages into the fr and ar catalogues, and compile them
	@mkdir -p consult/translations
	@$(CATALOGUES) extract_messages
	@for language in fr ar; do \
		test -e consult/translations/$$language/LC_MESSAGES/messages.po || $(CATALOGUES) init_catalog -l $$language; \
	done
	@$(CATALOGUES) update_catalog
	@$(BIN)/python -c 'import setuptools; setuptools.setup()' compile_catalog

clean: ## remove what tools and tests leave behind (.venv and the data folder stay)
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results
	find . -name .venv -prune -o -name node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 -r rm -rf

# Each stamp is newer than what it was made from, so that a second start costs nothing.
.venv/.made:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		package=python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv; \
		if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$package >/dev/null; \
		else \
			echo "Python's venv module is missing. On Debian: sudo apt-get install $$package"; exit 1; \
		fi; \
	fi
	@echo "Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.tools: .venv/.made requirements.lock
	@awk '/^[^ #]/ { wanted = /^(uv|setuptools)==/ } wanted' requirements.lock > .venv/tools.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/tools.lock
	@touch $@

.venv/.runtime: .venv/.tools requirements.lock
	@echo "Installing what the platform needs"
	@$(INSTALL) --require-hashes -r requirements.lock
	@touch $@

.venv/.test: .venv/.runtime requirements-test.lock
	@echo "Installing what the tests need"
	@$(INSTALL) --require-hashes -r requirements-test.lock
	@touch $@

.venv/.mutants: .venv/.test requirements-mutants.lock
	@echo "Installing what makes mutants"
	@$(INSTALL) --require-hashes -r requirements-mutants.lock
	@touch $@

.venv/.project: .venv/.runtime setup.cfg pyproject.toml
	@$(INSTALL) --no-deps --editable .
	@touch $@
