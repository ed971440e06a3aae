# Two commands set everything up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: demo test lint bench install clean

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt cct_text/inference/_native.c cct_text/inference/_native_fp32.h
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[baselines,distributed,glove,onnx,report,search,transformers,dev]'
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

# On an otherwise idle machine; about an hour.
bench: install
	$(BIN)/pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.performance

clean:
	rm -rf $(VENV) runs build *.egg-info
