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
# Chromium for the browser tests, LibreOffice and poppler to open what is exported, openssl for an authority's time stamps, and the
# servers that operators put around the platform.
DEBIAN := chromium fonts-noto-core openssl poppler-utils libreoffice-writer-nogui libreoffice-calc-nogui nginx caddy redis-server

export UV_PYTHON_DOWNLOADS := never

.PHONY: help run test lint bench kills outages fuzz hostile mutants licences sbom audit env env-test browser wrk lock translations clean

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

lint: env-test ## check style, imports between packages, the lock files, licences and files of others
	$(BIN)/ruff check
	$(BIN)/lint-imports
	$(BIN)/mypy
	@! grep -nE '://|^ *-[a-zA-Z]|^ *--(index|extra|find)' requirements*.lock \
		|| { echo "A lock file names an address or a package index."; exit 1; }
	@$(BIN)/python -m tests.supply

bench: env-test wrk ## measure the platform against its performance targets (ARGS=scale: up to a million contributions)
	$(BIN)/python -m tests.benchmarks $(ARGS)

kills: env-test ## kill the web processes, the worker and what starts them 200 times (or ARGS) while people lodge
	KILLS=$(or $(ARGS),200) $(BIN)/pytest -s tests/test_kills.py

outages: env-test ## lock SQLite, then stop PostgreSQL, for 30 s (or ARGS) while people lodge and read, and tell how long they waited
	OUTAGE=$(or $(ARGS),30) $(BIN)/pytest -s tests/test_serving_outages.py
	OUTAGE=$(or $(ARGS),30) CONSULT_TEST_DATABASE=postgresql $(BIN)/pytest -s tests/test_serving_outages.py

fuzz: hostile ## everything that is tried with hostile input at length: the texts, and 20,000 requests at random
	FUZZ_REQUESTS=20000 $(PYTEST) tests/house/test_random_requests.py

hostile: env-test browser ## load what is kept of 118,000 hostile texts in Chromium, without any policy of content (half an hour)
	$(BIN)/python -m tests.hostile --workers $(WORKERS) $(ARGS)

mutants: env-test .venv/.mutants ## change one thing after the other in what you changed, and tell which no test notices
	@$(BIN)/python -m tests.mutants --workers $(WORKERS) $(ARGS)

licences: env-test .venv/.mutants .venv/.audit ## write docs/licences.md: the licence of each dependency
	@$(BIN)/python -m tests.supply licences

sbom: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
sbom: env-test ## write the bill of materials (CycloneDX) to dist/sbom.cdx.json
	@$(BIN)/python -m tests.supply sbom

audit: env-test .venv/.audit ## ask which locked versions have known weaknesses, where there is a network
	@$(BIN)/python -m tests.supply audit

env: .venv/.runtime .venv/.project ## make .venv with what the platform needs to run

env-test: .venv/.test .venv/.project ## the same, with what the tests need

browser: ## install the Debian packages that the tests use, where they are missing
	@$(call debian,$(DEBIAN),chromium openssl pdftotext soffice caddy redis-server)

wrk: ## install the load generator that the benchmarks use, where it is missing
	@$(call debian,wrk,wrk)

# $(call debian,packages,commands that they bring): root installs what is missing, others are told what to ask for. Meanwhile the system is
# told to start no server that it installs: the tests start those that they need.
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
policy=/usr/sbin/policy-rc.d; \
if ! test -e $$policy; then trap "rm -f $$policy" EXIT; printf '#!/bin/sh\nexit 101\n' >$$policy; chmod 755 $$policy; fi; \
apt-get -o DPkg::Lock::Timeout=120 update -qq; \
apt-get -o DPkg::Lock::Timeout=120 install -qq -y --no-install-recommends $$missing >/dev/null
endef

lock: .venv/.project ## bring the lock files up to date with setup.cfg (ARGS=--upgrade for newer versions)
	printf $(TOOLS) | $(LOCK) $(ARGS) setup.cfg - -o requirements.lock
	printf $(TOOLS) | $(LOCK) $(ARGS) setup.cfg - --extra test -c requirements.lock -o requirements-test.lock
	awk '/^mutants =/ { wanted = 1; next } /^[^ ]/ { wanted = 0 } wanted' setup.cfg \
		| $(LOCK) $(ARGS) - -c requirements-test.lock -o requirements-mutants.lock
	awk '/^audit =/ { wanted = 1; next } /^[^ ]/ { wanted = 0 } wanted' setup.cfg \
		| $(LOCK) $(ARGS) - -c requirements-test.lock -o requirements-audit.lock

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

.venv/.audit: .venv/.test requirements-audit.lock
	@echo "Installing what asks for known weaknesses"
	@$(INSTALL) --require-hashes -r requirements-audit.lock
	@touch $@

.venv/.project: .venv/.runtime setup.cfg pyproject.toml
	@$(INSTALL) --no-deps --editable .
	@touch $@
