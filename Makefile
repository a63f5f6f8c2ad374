# make demo · make test · make lab — each sets up .venv by itself; a second call does no set-up work.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv demo test test-slow lab bench lock font clean

BIN := .venv/bin
READY := .venv/.ready
OUT ?= reports
L ?= zh
JOBS ?= auto

help: ## 列出命令 · list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1\t\2/'

$(READY): requirements.lock pyproject.toml tools/make_venv.sh
	tools/make_venv.sh
	touch $@

venv: $(READY) ## 建立 .venv · make .venv

demo: $(READY) ## 跑完整流程（L=en 为英文）· run the whole ring (L=en for English)
	$(BIN)/weipian demo --out $(OUT) --lang $(L)

test: $(READY) ## 测试 · the tests
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile -m "not slow"

test-slow: $(READY) ## 费时的测试 · the slow tests
	$(BIN)/python -m pytest -m slow

lab: $(READY) ## 打开 JupyterLab · open JupyterLab
	$(BIN)/weipian lab

bench: $(READY) ## 基准测试 · the benchmarks
	set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

lock: $(READY) ## 重新锁定依赖（需要 uv）· lock the dependencies anew (needs uv)
	uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 --no-emit-index-url \
	  --no-header --no-annotate --extra test --extra browser --extra bench --extra fetch -o requirements.lock

font: $(READY) ## 重新生成图中字体 · make the figures' font anew
	$(BIN)/python tools/make_font.py

clean: ## 删除生成物 · remove what was made
	rm -rf .venv build dist reports .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
