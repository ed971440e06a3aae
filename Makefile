# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint docs bench soak install clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt cct_text/inference/_native.c cct_text/inference/_native_fp32.h
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[baselines,distributed,docs,glove,onnx,report,search,serve,track,transformers,dev]'
	@touch $@

demo: install
	$(BIN)/cct-text train questions --out runs/questions --overwrite
	$(BIN)/cct-text predict runs/questions data/demo/questions.txt
	@echo "The run folder is runs/questions; next: $(BIN)/cct-text train YOUR.csv --out runs/mine"

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -n 2

# CCT_TEXT_REPOSITORY=https://... makes links to source files lead there.
docs: install
	$(BIN)/python docs/site/commands.py
	$(BIN)/python docs/site/method_figure.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "The first page is build/site/index.html"

# On an otherwise idle machine; about an hour.
bench: install
	$(BIN)/pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.performance

# Each promise of docs/reliability.md for five minutes; MINUTES=60 for an hour.
MINUTES ?= 5
soak: install
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)
	$(BIN)/python -m benchmarks.reliability

clean:
	rm -rf $(VENV) runs build *.egg-info
