# Every target works on a fresh machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help

help: ## Show what can be done here
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.ready: pyproject.toml requirements.lock
	@echo "Preparing $(VENV) (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Yiti needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

setup: $(BIN)/.ready ## Make the virtual environment from the lock

demo: $(BIN)/.ready ## Start eleven imitation systems and two gateways and walk through them (ONCE=1: print and exit)
	@$(BIN)/yiti demo $(if $(ONCE),--once,)

test: $(BIN)/.ready ## Run the tests, on every processor (YITI_REQUIRE_SERVICES=1: a missing database server is a failure)
	@$(BIN)/python -m pytest --numprocesses auto --dist loadscope

reference: $(BIN)/.ready ## Run the gateway's tests with graphql-core in place of our executor
	@YITI_TEST_EXECUTOR=reference $(BIN)/python -m pytest --numprocesses auto --dist loadscope tests/gateway tests/provinces tests/threats

conformance: $(BIN)/.ready ## Read GNU Health and HL7's FHIR examples by manifest (part of test; needs pip's and npm's registries once)
	@$(BIN)/python -m pytest tests/conformance

check: $(BIN)/.ready ## Formatting, lint, types, the printed schema, the policies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/yiti schema --check
	@$(BIN)/yiti policy check

policy: $(BIN)/.ready ## Check the policies and write docs/policy.md and the decision table anew
	@$(BIN)/yiti policy check
	@$(BIN)/yiti policy matrix > docs/policy.md
	@$(BIN)/yiti policy matrix --snapshot > tests/gateway/policy/decisions.txt

# Node and the Rust gateways are optimized builds: so is a distribution's Python, and where there is one, the bench takes it.
BENCH_PYTHON ?= $(firstword $(wildcard $(foreach minor,14 13 12 11,/usr/bin/python3.$(minor))))
BENCH := $(if $(BENCH_PYTHON),var/bench/venv/bin,$(BIN))

var/bench/venv/bin/.ready: pyproject.toml requirements.lock | $(BIN)/.ready
	@echo "Preparing var/bench/venv (once) ..."
	@$(BENCH_PYTHON) -m venv --without-pip var/bench/venv
	@$(BIN)/python -m pip --python var/bench/venv/bin/python install --quiet --disable-pip-version-check --requirement requirements.lock
	@$(BIN)/python -m pip --python var/bench/venv/bin/python install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

bench: $(BENCH)/.ready ## Compare with other gateways on one upstream, turn by turn (a quarter of an hour; writes docs/performance.md)
	@$(BENCH)/python -m bench compare $(if $(BENCH_PYTHON),--other $(BIN)/python)

chaos-audit: $(BIN)/.ready ## Kill a gateway 30 times under 64 clients: no answer may be missing from its log (PostgreSQL: YITI_TEST_POSTGRESQL)
	@$(BIN)/python -m tests.gateway.audit.chaos

equivalence: $(BIN)/.ready ## Hold our executor to graphql-core on random operations (SECONDS=600, SEED=...)
	@YITI_EQUIVALENCE_SECONDS=$(or $(SECONDS),600) YITI_EQUIVALENCE_SEED=$(or $(SEED),$$(date +%s)) \
		$(BIN)/python -m pytest -q -s -p no:logging tests/gateway/execution/test_equivalence.py

screenshots: $(BIN)/.ready ## Renew the pictures of docs/console.md, or some (ONLY="search entry"; needs Chromium)
	@$(BIN)/python -m tests.console.browser.screenshots $(ONLY)

threats: $(BIN)/.ready ## Attack the enforcement: each threat and its tests, random queries (COUNT=10000, SECONDS=...), timing
	@COUNT="$(COUNT)" SECONDS_TO_ASK="$(SECONDS)" $(BIN)/python -m tests.threats

mutants: $(BIN)/.ready ## Plant faults in the enforcement code; the tests must find each (ONLY="part of a name", WORKERS=2)
	@WORKERS="$(WORKERS)" $(BIN)/python -m tests.threats.run_mutants $(if $(ONLY),"$(ONLY)",)

lock: $(BIN)/.ready ## Renew requirements.lock from the ranges in pyproject.toml
	@$(BIN)/pip-compile --quiet --all-extras --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml

clean: ## Remove what the targets made
	@rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info

.PHONY: help setup demo test reference conformance check policy bench chaos-audit equivalence screenshots threats mutants lock clean
