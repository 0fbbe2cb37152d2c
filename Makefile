# Every verb of the project. All but `clean` make the environment first, if need be.
#   make demo SOURCE='portraits=/data/portraits /data/tars/*.tar' WORKSPACE=/data/work ARGS='--profile clip'

WORKSPACE ?= $(or $(CHARASSETS_WORKSPACE),workspace)
SOURCE ?=
ARGS ?=
PORT ?= 3000
# The first interpreter that is new enough.
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

BIN := .venv/bin
STAMP := .venv/.installed
STATE := $(if $(findstring ://,$(WORKSPACE)),$(WORKSPACE),$(abspath $(WORKSPACE)))

.PHONY: demo ui app test lint bench eval bench-similarity bench-scale eval-mini clean
.DEFAULT_GOAL := demo

# One workspace for command line, UI and app, and one Dagster history in it.
demo ui app: export CHARASSETS_WORKSPACE := $(STATE)

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "error: Python 3.11 or newer is needed; name it with PYTHON=..." >&2; exit 2; }
	@echo "installing into .venv" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[openvino,dev]' >&2
	@touch $@

demo: $(STAMP)
	@$(BIN)/charassets $(if $(SOURCE),run $(foreach source,$(SOURCE),--source '$(source)'),demo) $(ARGS)

ui: $(STAMP)
	env -u DAGSTER_HOME $(BIN)/python -m app.dagster_ui --workspace workspace.yaml --port $(PORT) $(ARGS)

app: $(STAMP)
	$(BIN)/python -m app $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m bench.pipeline $(ARGS)
	$(BIN)/python -m bench.evidence

# Without ARGS: the studio's portraits. A folder of yours: ARGS='FOLDER'; see docs/attributes-fusion.md.
eval: $(STAMP)
	$(BIN)/python -m charassets.evaluation $(if $(ARGS),$(ARGS),--drawn build/fusion)
bench-similarity: $(STAMP)
	$(BIN)/python -m bench.similarity $(ARGS)

# 10,000 to 1,000,000 synthetic records; the largest needs 10 GB of disk. ARGS='--n 10000 100000' for less; see docs/scaling.md.
bench-scale: $(STAMP)
	$(BIN)/python -m bench.scale $(ARGS)
	$(BIN)/python -m bench.scale_report build/scale.jsonl --plot build/scaling.png
	$(BIN)/python -m bench.scale_increment --records 5000
	$(BIN)/python -m bench.scale_sample

eval-mini: $(STAMP)
	$(BIN)/python -m charassets.training.scorecard $(ARGS)

clean:
	rm -rf build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find charassets charassets_tests app bench -name __pycache__ -type d -prune -exec rm -rf {} +
