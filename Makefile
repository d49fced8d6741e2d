# Four Eyes. `make run` starts the relay, `make test` runs every test; both set up .venv first.
# ARGS go to the tool behind: make run ARGS="--port 0", make test ARGS="tests/core -x".

SHELL := /bin/sh
BIN := .venv/bin
READY := .venv/.ready
PAGES := relay/web/pages
VENDOR := $(PAGES)/vendor/.ready
TOOLS := $(PAGES)/node_modules/.ready
# The lock was made with the first of these; a newer one serves as well.
PYTHONS := python3.11 python3.12 python3.13 python3.14 python3 python
ARGS ?=
# Machines for building often forbid Python to keep what it compiled; then a relay takes three times as long to start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv pages types run test check format docs screenshots demo bench soak lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(READY) $(VENDOR) ## set up .venv from requirements.lock, and the pages (all others do this first, once)

$(READY): requirements.lock pyproject.toml
	@python=; for name in $(PYTHONS); do \
		if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer is needed, and none of these is: $(PYTHONS)" >&2; exit 1; fi; \
	echo "setting up .venv with $$($$python --version)"; \
	[ -x $(BIN)/python ] || $$python -m venv .venv || { \
		echo "Python lacks its venv module: install python3-venv (Debian, Ubuntu) and try again" >&2; exit 1; }
	@# Python compiles what it uses when it uses it: sparing the rest takes a fourth off the first set-up.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

pages: $(VENDOR) ## fetch what the pages in the browser need of others, by their lock

$(VENDOR): $(PAGES)/package-lock.json $(PAGES)/fetch.py | $(READY)
	@$(BIN)/python $(PAGES)/fetch.py
	@touch $(VENDOR)

$(TOOLS): $(PAGES)/package-lock.json $(PAGES)/fetch.py | $(READY)
	@$(BIN)/python $(PAGES)/fetch.py --tools
	@touch $(VENDOR) $(TOOLS)

run: venv ## start the relay (ARGS go to `relay serve`)
	@exec $(BIN)/relay serve $(ARGS)

test: $(READY) $(TOOLS) ## run all tests in their quick sizes; with ARGS, which go to pytest, those alone
ifeq ($(strip $(ARGS)),)
	@ended=0; \
	$(BIN)/python -m pytest -m "not alone" -n 4 --dist worksteal || ended=$$?; \
	$(BIN)/python -m pytest -m alone || ended=$$?; \
	exit $$ended
else
	@$(BIN)/python -m pytest $(ARGS)
endif

types: $(TOOLS) ## the types of the pages' scripts
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PAGES)/node_modules/.bin/tsc --project $(PAGES)

check: venv types ## style, types, floors, house rules, docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/test_house.py tests/test_docs.py

format: $(READY) ## let ruff format and fix what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(READY) ## write docs/reference from the code
	@$(BIN)/python docs/reference/make.py

screenshots: venv ## pictures of every page, language, scheme and width (ARGS="--only inbox"), into screenshots/
	@$(BIN)/python -m tests.browser.screenshots $(ARGS)

demo: venv ## fill a community, post to it, moderate its replies (ARGS go to `relay demo`)
	@$(BIN)/relay demo $(ARGS)

bench: $(READY) ## run every benchmark in its quick size, but the newcomer's, who downloads (ARGS go to each)
	@for file in $$(grep -l '^if __name__ ==' benchmarks/*.py | grep -v newcomer); do \
		echo "== $$file"; $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" $(ARGS) || exit 1; \
	done

soak: $(READY) ## run the long sizes of all promises in pieces, resumable: ARGS="--minutes 60"
	@$(BIN)/python -m tests.soak $(ARGS)

lock: $(READY) ## make requirements.lock again from pyproject.toml (UPGRADE=1 takes the newest)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.5'
	@CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet $(if $(UPGRADE),--upgrade) \
		--generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		--extra fast --extra postgres --extra dev --output-file requirements.lock pyproject.toml

clean: ## remove what the tools made (.venv and data/ stay)
	@rm -rf build dist htmlcov .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
