# The two commands are `make run` and `make test`; both set up what they need.

PYTHON  ?= python3
HOST    ?= 127.0.0.1
PORT    ?= 8080
WORKERS ?= 2
SECONDS ?= 30

VENV := .venv
BIN  := $(VENV)/bin
CATALOGUES := $(wildcard autoconfig/locale/*/LC_MESSAGES/*.po)

.PHONY: run test check lint lab-packages bench fuzz audit pictures translations lock clean

run: $(VENV)/.run  ## serve the sample (or your own) settings on http://$(HOST):$(PORT)
	@mkdir -p instance
	@test -n "$$($(BIN)/autoconfig provider list)" || $(BIN)/autoconfig import instance/sample.toml
	@exec $(BIN)/autoconfig serve --host $(HOST) --port $(PORT) --workers $(WORKERS)

test: lint lab-packages  ## everything, the real mail programs included
	$(BIN)/python -m pytest -m "not lab and not alone" --numprocesses=auto
	$(BIN)/python -m pytest -m "lab or alone" --faults=docs/faults.md

check: lint  ## lint, types and the fast tests, in under a minute
	$(BIN)/python -m pytest -m "not lab and not postgresql and not slow" --hypothesis-profile=quick --numprocesses=auto

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab-packages: $(VENV)/.test
	sh tests/lab/install.sh

bench: lab-packages  ## the benchmark table; as root with what it is measured against
	$(BIN)/python -m tests.bench

fuzz: $(VENV)/.test  ## hunt for bytes that a reader does not stand, $(SECONDS) s for each (TARGETS="mozilla spf" for some)
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(TARGETS)

audit: $(VENV)/.test  ## look up known vulnerabilities of all that is pinned, where the advisories can be reached
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .ci/requirements-audit.txt
	$(BIN)/python -m tests.audit

pictures: lab-packages  ## take the guides' pictures of the real mail programs anew, as root
	$(BIN)/python -m tests.lab.pictures

translations: $(VENV)/.test  ## bring the catalogues up to date with the code and the templates
	$(BIN)/python autoconfig/locale/update.py

lock:  ## pin every dependency anew, with hashes (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group run --no-emit-index-url --no-emit-find-links pyproject.toml -o .ci/requirements.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group run --group test --no-emit-index-url --no-emit-find-links pyproject.toml -o .ci/requirements-test.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group audit --no-emit-index-url --no-emit-find-links -o .ci/requirements-audit.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# ---- the virtual environment: pinned and hashed, then this project itself without looking for anything more ----

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "autoconfig needs Python 3.11 or newer as $(PYTHON); say PYTHON=/path/to/python3 if it has another name" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null; } || \
	  { echo "Python's venv module is missing; install it with: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: .ci/requirements.txt pyproject.toml $(CATALOGUES) | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .ci/requirements.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: .ci/requirements-test.txt $(VENV)/.run
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .ci/requirements-test.txt
	@touch $@
