# make demo        everything from nothing to compressed models, on the data that come along
# make test        checks and tests
# make check       ruff, mypy and the import contracts
# make docs        the documentation, into docs/_build/html; every warning is an error
# make pictures    the pictures and the recording of the documentation, of RUNS with a study demo
# make coverage    the tests with coverage, into htmlcov/
# make build       wheel and sdist, checked, into dist/
# make faults      all fault tests, of which make test runs a sample; N=2 tries what is random twice as often
# make gpu         what only a GPU can show, in ten minutes, into build/gpu/; see benchmarks/gpu.md
# make wheel-test  the end-to-end tests against the installed wheel, in a fresh environment
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# What wheel-test runs, and where. WHEEL_REUSE=1 borrows the installed dependencies of $(VENV)
# instead of installing them once more (PyTorch alone takes gigabytes).
WHEEL_TESTS ?= tests/test_end_to_end.py
WHEEL_DIR := build/wheel-test
WHEEL_BIN := $(WHEEL_DIR)/venv/bin
WHEEL_REUSE ?=

# How many times as long the tests of faults are as they take by themselves, and what they count.
N ?= 1
FIGURES := build/faults.jsonl

# Tests of schedulers, some of which take a Ray cluster too long for make test.
CLUSTER_TESTS := $(addprefix tests/jobs/test_,loopback_clusters.py ray_scheduler.py scheduler_contract.py)

# The runs folder of which pictures are taken.
RUNS ?= runs

# The interpreter of make gpu: any that has medtui's dependencies; by default the environment's.
GPU_PYTHON ?= $(BIN)/python
GPU_FLAGS ?=

export OMP_WAIT_POLICY ?= PASSIVE

.DELETE_ON_ERROR:
.PHONY: demo test check pytest faults gpu docs pictures coverage build wheel-test clean

demo: $(VENV)/.installed
	$(BIN)/medtui --run demo

test: check pytest

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS)

faults: $(VENV)/.installed-dev
	mkdir -p $(dir $(FIGURES))
	rm -f $(FIGURES)
	MEDTUI_FAULTS=$(N) MEDTUI_FAULTS_FIGURES=$(abspath $(FIGURES)) \
	  $(BIN)/python -m pytest -n $(WORKERS) -m "" tests/faults $(CLUSTER_TESTS)
	$(BIN)/python -m benchmarks.faults $(FIGURES)

gpu: $(if $(filter $(BIN)/python,$(GPU_PYTHON)),$(VENV)/.installed-dev)
	$(GPU_PYTHON) -m benchmarks.gpu --json build/gpu/report.json --markdown build/gpu/report.md $(GPU_FLAGS)

docs: $(VENV)/.installed-dev
	$(BIN)/sphinx-build --fail-on-warning --keep-going --fresh-env --builder html docs docs/_build/html

pictures: $(VENV)/.installed-dev
	$(BIN)/python -m docs.recording $(RUNS)

coverage: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=html --cov-report=term

build: $(VENV)/.installed-dev
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl

# The tests are copied away from the checkout and run in isolated mode, so that the only medtui
# that can be imported is the installed one.
wheel-test: build
	rm -rf $(WHEEL_DIR)
	mkdir -p $(WHEEL_DIR)
	$(PYTHON) -m venv $(WHEEL_DIR)/venv
ifeq ($(WHEEL_REUSE),)
	$(WHEEL_BIN)/python -m pip install "$$(ls dist/*.whl)[test]"
else
	realpath $(VENV)/lib/python*/site-packages > "$$(ls -d $(WHEEL_DIR)/venv/lib/python*/site-packages)/borrowed.pth"
	$(WHEEL_BIN)/python -m pip install --no-deps dist/*.whl
endif
	cp -r tests pyproject.toml $(WHEEL_DIR)
	cd $(WHEEL_DIR) && venv/bin/python -I -c \
	  'import medtui; print(medtui.__file__); assert "site-packages" in medtui.__file__'
	cd $(WHEEL_DIR) && env -u PYTHONPATH venv/bin/python -I -m pytest $(WHEEL_TESTS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis \
	  .coverage .coverage.* htmlcov build dist docs/_build docs/reference/generated

$(VENV)/.installed: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/pip
	$(BIN)/python -m pip install -e '.[dev]'
	touch $(VENV)/.installed $@

$(BIN)/pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "medtui needs Python 3.11 or newer; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
