# Everything here uses the environment in .venv, made at the first call and again when what it is made of changes.
PYTHON ?= python3
# For a processor-only PyTorch on Linux: make demo PIP_FLAGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_FLAGS ?=

BIN := .venv/bin
# nbgrader calls alembic and jupyter by name.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test quick lab build check bench site clean

demo: .venv/installed
	$(BIN)/autograder demo

# Bytecode is kept, whatever the environment says: the tests start hundreds of processes that would compile it again.
test: .venv/installed
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

# Two minutes while one works: format, lint, types, the import contract, the judge and all exercises.
quick: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q tests/judge tests/exercises tests/worker tests/test_check.py tests/test_docs.py

lab: .venv/installed
	JUPYTER_CONFIG_PATH="$(CURDIR)/helpers/lab" $(BIN)/jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root)

build: .venv/installed
	$(BIN)/autograder build

check: .venv/installed
	$(BIN)/autograder check

# With FULL=1 a class of 1,000 too.
bench: .venv/installed
	$(BIN)/python -m bench $(if $(FULL),--scale 100 300 1000)

# The course as static pages, in build/site/html.
site: .venv/installed
	$(BIN)/python -u -m autograder.course.site

clean:
	rm -rf .venv build demo-class .pytest_cache .ruff_cache

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Downhill needs Python 3.11 or newer: make demo PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) -c constraints.txt -e '.[test,site]'
	@touch $@
