# Everything here uses the environment in .venv, made at the first call and again when what it is made of changes.
PYTHON ?= python3
PIP_FLAGS ?=
# "no" for `make lab` without PyTorch, of which there is none for Macs with Intel's processors.
TORCH ?= $(if $(filter Darwin-x86_64,$(shell uname -s)-$(shell uname -m)),no,yes)
# On Linux, PyPI's PyTorch brings 2.7 GB for NVIDIA's processors; this one, 0.2 GB, does without.
CPU_TORCH ?= https://download.pytorch.org/whl/cpu

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

lab: $(if $(filter no,$(TORCH)),.venv/without-torch,.venv/installed)
	$(BIN)/python -m helpers.lab

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

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.venv/installed: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the course needs into .venv, once: some minutes."
ifeq ($(shell uname -s),Linux)
	@$(PIP) --index-url $(CPU_TORCH) --no-deps --retries 0 --timeout 20 torch || echo "$(CPU_TORCH) cannot be reached: PyTorch comes from PyPI."
endif
	$(PIP) $(PIP_FLAGS) -e '.[test,site]'
	@touch $@

.venv/without-torch: pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing what the course needs into .venv, once: some minutes."
	$(PIP) $(PIP_FLAGS) -e .
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Downhill needs Python 3.11 or newer: make demo PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
