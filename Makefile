PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(READY) ## make .venv and install what the app and its tests need

$(READY): requirements.txt requirements-dev.txt requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make install PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c requirements.lock
	touch $(READY)

run: install ## start the app and open it in the browser
	$(BIN)/python -m streamlit run app.py

check: install ## lint, format check, types and the quick tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q -n 2 -m "not slow and not browser and not gpu"

test: install ## every test, real Chromium included where it is installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/deptry .
	$(BIN)/python -m pytest -q -n 3 -m "not browser"
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m browser tests/browser

coverage: install ## the quick tests, and how much of each file they run
	$(BIN)/python -m pytest -q -n 2 -m "not slow and not browser and not gpu" --cov --cov-report term:skip-covered

lock: install ## resolve the requirements afresh and write the versions to requirements.lock
	$(BIN)/python tools/lock_requirements.py

kills: install ## kill N runs at random moments; each must resume to the identical end (N=20)
	CLFLAB_KILLS=$(or $(N),20) $(BIN)/python -m pytest -q tests/runs/test_kill.py

fuzz: install ## try N times as many hostile inputs as `make check` does (N=20)
	CLFLAB_FUZZ=$(or $(N),20) $(BIN)/python -m pytest -q --timeout 3600 tests/fuzz

cold: install ## start N servers and open all pages of each at once (N=10)
	CLFLAB_COLD=$(or $(N),10) $(BIN)/python -m pytest -q tests/browser/test_cold.py

maps: install ## every explain method on every architecture, as a table
	$(BIN)/python benchmarks/maps.py --long --markdown docs/maps.md

screenshots: install ## take the README's pictures
	$(BIN)/python tests/browser/screenshots.py

bench: install ## run the quick form of each benchmark (benchmarks/README.md: their table)
	$(BIN)/python tools/run_benchmarks.py

.PHONY: help install run check test coverage lock kills fuzz cold maps screenshots bench
