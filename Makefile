# Everything from nothing: each target makes the virtual environment that it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
WHEEL  := build/wheel
SEEN   := acceptance/test_cli.py acceptance/test_demo.py acceptance/test_redteam.py chroma/test_isolation.py faiss_adapter/test_collection.py qdrant/test_round_trip.py core/test_package.py state/test_upgrade.py scrub/test_model.py
OUT    ?= out
SIDE_BY_SIDE := -n auto --maxprocesses 8 --dist worksteal  # but for tests/timing, which measures
test test-wheel: export OMP_NUM_THREADS := 1  # processes for all cores: threads of theirs would wait for each other

.PHONY: demo test test-wheel check types lint bench report model clean help
.DEFAULT_GOAL := help

help:
	@echo "make demo        notes of three owners in bare and guarded stores, attacked side by side"
	@echo "make test        linters, types, import contracts, tests"
	@echo "make test-wheel  what a wheel could lack, against the built one: commands, adapters, migrations, the recogniser"
	@echo "make bench DATA=folder   retrieval quality, bare and guarded, on a corpus in BEIR layout"
	@echo "make report DATA=folder  what each setting costs and what it takes from each attacker, as one page"
	@echo "make model DATA=folder   train the shipped recogniser anew from the open corpora, and score it"

demo: $(VENV)/.demo
	@$(BIN)/vecguard demo $(if $(DATA),--data $(DATA)) $(if $(STORES),--stores $(STORES))
	@echo "Set-up took $$(cat $(VENV)/.seconds) s when it was last needed."

test: lint types
	$(BIN)/pytest -q $(SIDE_BY_SIDE) --durations=12 --ignore=tests/timing
	$(BIN)/pytest -q tests/timing

test-wheel: $(VENV)/.dev
	rm -rf dist $(WHEEL)
	$(BIN)/python -m build --wheel --no-isolation --outdir dist . >/dev/null
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $(WHEEL) dist/*.whl
	PYTHONPATH=$(WHEEL) VECGUARD_TESTED=$(abspath $(WHEEL)) $(BIN)/pytest -q $(SIDE_BY_SIDE) $(addprefix tests/,$(SEEN))

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

check: lint types

bench: $(VENV)/.demo
	$(BIN)/vecguard bench retrieval --data $(DATA)

# The page lies beside the document that it is made of
report: $(VENV)/.demo
	$(BIN)/vecguard bench frontier --data $(DATA) --quick --out $(OUT)
	$(BIN)/vecguard report "$$(ls -t $(OUT)/frontier-*.json | head -1)" --out $(OUT)/report.html

# One thread and a fixed hash seed: the same weights from the same corpora, machine and versions
model: $(VENV)/.demo
	OMP_NUM_THREADS=1 PYTHONHASHSEED=0 $(BIN)/python -m vecguard.scrub.model.train --data $(DATA)

# torch first and pinned: resolved on its own it would pull gigabytes of CUDA packages
$(VENV)/.torch: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	@touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	@start=$$(date +%s); $(PIP) -e '.[all]' && echo $$(( $$(date +%s) - start )) > $(VENV)/.seconds
	@touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml
	@start=$$(date +%s); $(PIP) -e '.[dev]' && echo $$(( $$(date +%s) - start )) > $(VENV)/.seconds
	@touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
