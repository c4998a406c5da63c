# SwapStation: every target sets up what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
PIP := $(PY) -m pip --disable-pip-version-check --quiet
LOCK := --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --strip-extras --allow-unsafe --no-header --no-annotate

.PHONY: help setup demo test mutants torture crash-sweep coverage fuzz bench figures docs lock clean
.DEFAULT_GOAL := help

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(STAMP)  ## Make .venv from the locked dependencies

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make PYTHON=...)"; exit 1; }
	@test -x $(PY) || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); } || { echo "needs venv: apt install python3-venv"; exit 1; }
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)  ## One car, one swap, over the wires of a simulated station
	@$(VENV)/bin/swapstation demo

test: $(STAMP)  ## All checks: lint, types, borders, tests
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo | tail -n +7
	@$(PY) -m pytest -n 2 --dist worksteal -m "not wire"
	@$(PY) -m pytest -m wire  # real processes, one station at a time: time-outs are real there

mutants: $(STAMP)  ## Mutation test of the gate: no lie in it may go unnoticed
	@$(PY) -m tests.tools.mutate_gate

torture: $(STAMP)  ## 20,000 power cuts, a disk that fails at each call of the journal, 300 kills in mid-swap on the wire: 1.5 h
	@$(PY) -m bench run power_cuts disk_faults kills

crash-sweep: $(STAMP)  ## A crash at every effect boundary of every scenario: two hours, may be stopped and goes on
	@nice -n 19 $(PY) -m sim.campaigns.crash_sweep $(SWEEP) --seed $${CRASH_SWEEP_SEED:-1} $${CRASH_SWEEP_OUT:+--out $$CRASH_SWEEP_OUT}
	@$(PY) -m bench run crash_sweep

CODEC_TESTS := tests/unit/test_codec_edges.py tests/unit/test_registers.py tests/unit/test_frames.py tests/unit/test_identity.py \
               tests/unit/test_charger_files.py tests/unit/test_stamp.py tests/golden tests/devices

coverage: $(STAMP)  ## Branch coverage of the pure core, gate and engine in it, and of the codecs: all of it
	@$(PY) -m coverage run -m pytest tests/unit/core $(CODEC_TESTS) -q -p no:cacheprovider
	@$(PY) -m coverage report -m --skip-covered --include='firmware_py/core/*,hal/codecs/*' --fail-under=100

bench: $(STAMP)  ## Measure; names pick benches: make bench NAMES="swap wire"
	@$(PY) -m bench run $(NAMES)

figures: $(STAMP)  ## Render docs/figures.md from the results
	@$(PY) -m bench figures

fuzz: $(STAMP)  ## Long fuzz of every codec: 1 million inputs each, 50,000 station files, two processes
	@$(PY) -m bench run fuzz

docs: $(STAMP)  ## Draw the chart of the swap and the screen into docs/
	@$(VENV)/bin/swapstation diagram --format svg --output docs/chart.svg
	@$(VENV)/bin/swapstation diagram --format markdown --output docs/chart.md
	@$(VENV)/bin/swapstation demo --svg docs/screen.svg

lock:  ## Renew the lock files
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install --quiet pip-tools
	@$(VENV)-lock/bin/pip-compile $(LOCK) --upgrade --output-file requirements.lock pyproject.toml
	@$(VENV)-lock/bin/pip-compile $(LOCK) --upgrade --extra dev --constraint requirements.lock \
	  --output-file requirements-dev.lock pyproject.toml
	@rm -rf $(VENV)-lock

clean:  ## Remove the environment and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
