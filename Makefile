# Needs python3 (3.11 or later), pip, git and make. Everything else is set up in .venv by the targets that need it.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
INSTALL := $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes -r
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
PEERS := .venv/peers
# Two processes, each with whole files: tests of one file may share a server that the last of them stops.
ABREAST := -n 2 --dist loadfile

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.PHONY: help run test check battery bench screenshots format lock

help: ## Say what can be made here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: .venv/run.stamp ## Set up, migrate a SQLite file and serve; prints the address and a sign-in link
	$(BIN)/python -m rolebook serve $(ARGS)

test: .venv/test.stamp ## Set up and test everything: lint, types, both databases, the browser
	@$(find_chromium)
	$(static_checks)
	$(BIN)/pytest $(ABREAST) tests/browser -m "not battery"
	$(BIN)/pytest $(ABREAST) --ignore=tests/browser -m "not battery"

check: .venv/test.stamp ## Lint, types, contracts, templates and the fast tests of the room and of SCIM on SQLite
	$(static_checks)
	$(BIN)/pytest $(ABREAST) tests/shape tests/directory tests/scim -m "not slow and not battery" -k "not postgres"

battery: .venv/test.stamp ## Measure reliability in full: kills, races, large directories; takes long
	$(BIN)/pytest --ignore=tests/browser -m battery -o timeout=1800

bench: .venv/test.stamp .venv/bench.stamp ## Measure speed against the peers; needs cc and npm (ARGS=--quick for a trial)
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: .venv/test.stamp ## Take the pictures of the README anew, from a small company made for it
	@$(find_chromium)
	$(BIN)/python -m tests.browser.pictures

format: .venv/test.stamp ## Format, and fix what lint can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Pin the requirements of pyproject.toml anew (needs uv; ARGS=--upgrade takes newer versions)
	$(COMPILE) $(ARGS) pyproject.toml --output-file requirements.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra test --constraint requirements.txt --output-file requirements-test.txt
	$(COMPILE) $(ARGS) benchmarks/requirements.in --output-file benchmarks/requirements.txt

define static_checks
$(BIN)/ruff format --check .
$(BIN)/ruff check .
$(BIN)/mypy
$(BIN)/lint-imports
$(BIN)/python -m tests.shape.template_lint
endef

# Debian's Chromium drives the browser tests; playwright's own download is not used.
define find_chromium
test -n "$$CHROMIUM" || command -v chromium >/dev/null || command -v google-chrome >/dev/null || { \
  if [ "$$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then \
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
  else \
    echo "The browser tests need Chromium. Install it (apt-get install --no-install-recommends chromium)," >&2; \
    echo "or set CHROMIUM to the path of one, and run make test again. make check does without." >&2; exit 1; \
  fi; }
endef

# Debian keeps ensurepip in a package of its own, so the environment gets no pip: the outer pip installs into it.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Rolebook needs Python 3.11 or later: name one, as in make run PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null || { echo "Rolebook needs pip (apt-get install python3-pip)." >&2; exit 1; }
	$(PYTHON) -m venv --without-pip .venv

.venv/run.stamp: requirements.txt | $(BIN)/python
	$(INSTALL) requirements.txt
	@touch $@

# After the other, so that two installations never run side by side in one environment.
.venv/test.stamp: requirements-test.txt .venv/run.stamp
	$(INSTALL) requirements-test.txt
	@touch $@

# The peers have environments of their own; better-sqlite3 is compiled where no built one can be fetched.
.venv/bench.stamp: benchmarks/requirements.txt benchmarks/package-lock.json benchmarks/driver.c | .venv/test.stamp
	$(PYTHON) -m venv --without-pip $(PEERS)
	$(PYTHON) -m pip --python $(PEERS)/bin/python install --quiet --disable-pip-version-check --require-hashes \
	  -r benchmarks/requirements.txt
	mkdir -p $(PEERS)/node
	cp benchmarks/package.json benchmarks/package-lock.json $(PEERS)/node/
	cd $(PEERS)/node && npm ci --no-audit --no-fund --loglevel=error
	$(CC) -O2 -Wall -Wextra -Werror -o $(PEERS)/driver benchmarks/driver.c
	@touch $@
