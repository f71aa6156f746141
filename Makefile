# Two commands matter: `make run` starts fairlane, `make test` checks it. Both set up .venv by themselves.

VENV := .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.ready-to-run
TEST_READY := $(VENV)/.ready-to-test

# Checks the dashboard's JavaScript and CSS. Its command needs Node.js.
BIOME = @if [ -x node_modules/.bin/biome ] && command -v node >/dev/null; then node_modules/.bin/biome check $(1); \
	else echo "Skipped: JavaScript and CSS are not checked. Install Node.js and run tools/set_up.sh dev."; fi

# Tests look for servers on PATH, and the set-up puts some into the venv.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run test lint format docs reference bench bench-peers faults sentinel soak screenshots pins clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(RUN_READY) ## Start the store, the API and the workers on this machine; ARGS="--port 9000" passes options
	$(BIN)/fairlane up $(ARGS)

# Two files of tests run at a time, because most of them wait for processes. Each run has its own store.
test: lint ## Check everything that this machine allows; what is skipped says why
	$(BIN)/pytest --numprocesses 2 --dist loadfile

lint: $(TEST_READY) ## Check style, types, imports and sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/size_ratchet.py
	$(BIN)/python tools/lint_lua.py
	$(call BIOME,--error-on-warnings)

format: $(TEST_READY) ## Sort imports, mend what can be mended, lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(call BIOME,--write)

docs: $(TEST_READY) ## Run every example of the README and the docs, and follow their links
	$(BIN)/pytest tests/docs

reference: $(TEST_READY) ## Write the reference pages that are derived from the code
	$(BIN)/python -m tools.reference

bench: $(RUN_READY) ## Measure speed and memory on this machine; ARGS passes options
	$(BIN)/fairlane bench $(ARGS)

bench-peers: $(TEST_READY) ## Measure fairlane and eleven other queues on one store; takes half an hour; ARGS passes options
	$(BIN)/python -m benchmarks $(ARGS)

faults: $(TEST_READY) ## Run cases of the proof: CASE=14 SEED=3, and SECONDS, STORE or PARTITIONS; all cases without CASE
	$(BIN)/python -m tools.proof $(CASE) $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(STORE),--store $(STORE)) $(if $(PARTITIONS),--partitions $(PARTITIONS))

sentinel: $(TEST_READY) ## Run the tests of every backend and of the state machine on a store behind Sentinels
	$(BIN)/pytest --store sentinel tests/backend tests/engine/test_state_machine.py

soak: $(TEST_READY) ## Run the long tests, and half an hour of faults at random; SEED and MINUTES change that
	$(BIN)/pytest -m soak
	$(BIN)/python -m tools.proof.soak $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

screenshots: $(TEST_READY) ## Make pictures of every page of the dashboard; ARGS names those wanted
	$(BIN)/python -m tools.screenshots $(ARGS)

pins: $(TEST_READY) ## Renew the pinned versions of every dependency and tool
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group pins
	$(BIN)/python -m tools.renew_pins

clean: ## Remove .venv, caches and builds; data folders stay
	rm -rf $(VENV) node_modules dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# A rule without a recipe: where the venv's Python is gone, or newer than the set-up, the set-up is made again.
$(BIN)/python:

$(RUN_READY): pyproject.toml constraints.txt tools/set_up.sh $(BIN)/python
	tools/set_up.sh
	@touch $@

$(TEST_READY): pyproject.toml constraints.txt package-lock.json tools/set_up.sh $(BIN)/python
	tools/set_up.sh dev
	@touch $@ $(RUN_READY)
