# All targets use the virtual environment ./.venv, which is made on first use. constraints.txt pins exact versions.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
DEMO := runs/demo
PORT ?= 2024
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM := false
export LANGSMITH_TRACING := false
export LANGGRAPH_CLI_NO_ANALYTICS := 1

.PHONY: help demo studio test bubblewrap check page docs format cover clean bundled

help:  ## list the targets and what they do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.local  ## play 100 debates of the bundled agents on the CPU, without downloading weights
	@rm -rf $(DEMO) $(DEMO).jsonl && mkdir -p runs
	@$(BIN)/longthought problems countdown --count 100 --split test --seed 7 --out $(DEMO).jsonl
	@$(BIN)/longthought generate $(DEMO).jsonl --out $(DEMO)
	@$(BIN)/longthought show $(DEMO) --example
	@echo 'Next, try: $(BIN)/longthought solve "Use 3, 7, 16 and 20, each once, to make 46."'

studio: $(VENV)/.studio  ## start the local server of LangGraph Studio, and print its addresses
	@echo 'API:    http://127.0.0.1:$(PORT)'
	@echo 'Studio: https://smith.langchain.com/studio/?baseUrl=http://127.0.0.1:$(PORT)'
	@$(BIN)/langgraph dev --no-browser --no-reload --port $(PORT)

test: $(VENV)/.dev bubblewrap  ## run the whole test suite, on up to four cores
	$(BIN)/python -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile

bubblewrap:  # the sandbox needs bwrap
	@command -v bwrap >/dev/null || { echo 'installing bubblewrap with apt'; apt-get -qq update && apt-get -qq install -y bubblewrap; }

check: $(VENV)/.dev  ## check format, lint, types and direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

page:  ## check the viewer's page and build it (needs Node 20)
	cd longthought/viewer/page && npm ci --no-audit --no-fund && npm run check && npm run build

docs: $(VENV)/.dev  ## build the site of docs/ into site/, and check its links
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

format: $(VENV)/.dev  ## format the code and fix lint errors that can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

cover: $(VENV)/.dev  ## run the test suite with branch coverage
	$(BIN)/python -m pytest --cov --cov-report=term

bundled: $(VENV)/.dev  ## rebuild the bundled agents from nothing (about two hours on two cores)
	$(BIN)/longthought train bundled --out runs/bundled

clean:  ## remove files that can be made again
	rm -rf $(VENV) dist build site .pytest_cache .ruff_cache .hypothesis .coverage

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'longthought needs Python 3.11 or newer: make PYTHON=python3.11 …'; exit 1; }
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { \
		echo 'python3 has no venv module: installing it with apt'; \
		apt-get -qq update && apt-get -qq install -y python3-venv && $(PYTHON) -m venv --clear $(VENV); }

$(VENV)/.local: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo 'installing longthought[local] …'
	@$(PIP) --editable '.[local]'
	@touch $@

$(VENV)/.studio: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo 'installing longthought[local,studio] …'
	@$(PIP) --editable '.[local,studio]'
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo 'installing longthought[dev] …'
	@$(PIP) --editable '.[dev]'
	@touch $@
