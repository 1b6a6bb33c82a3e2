.DEFAULT_GOAL := help
.PHONY: demo test check fix bench bench-quality bench-peers screenshots docs lock help
export PYTHON

# The environment: made when missing, renewed when what it is made from changes.
.venv/.complete: pyproject.toml requirements/dev.txt scripts/environment
	@scripts/environment

demo: .venv/.complete ## a linked mailbox becomes a CRM, with a worker killed on the way, and new mail by push
	@.venv/bin/crm demo

test: .venv/.complete ## the test suite, in random order, on up to four cores
	@.venv/bin/pytest -n logical --maxprocesses 4 $(ARGS)

check: .venv/.complete ## format, lint, types, layers, architecture and docs
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/pyright && .venv/bin/lint-imports
	@.venv/bin/pytest -q --durations 0 tests/arch tests/docs

fix: .venv/.complete ## format, and mend what ruff can mend
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

bench: .venv/.complete ## benchmarks beside their baselines: make bench ARGS="--json FILE"
	@.venv/bin/python -m bench $(ARGS)

bench-quality: .venv/.complete ## how well signatures are read, and threads of real mail found: make bench-quality ARGS="FILE --owner ADDRESS"
	@.venv/bin/python -m bench.quality $(ARGS)

bench-peers: ## installs the job queues that make bench ARGS="--peers" runs beside
	@scripts/bench-peers

docs: .venv/.complete ## renew the generated reference, then verify the documentation
	@.venv/bin/python docs/generate && .venv/bin/pytest -q tests/docs

screenshots: .venv/.complete ## a picture of every page of the console, in ./screenshots (needs Chromium)
	@.venv/bin/pytest -n 0 -q --durations 0 -m slow tests/browser/test_screenshots.py && ls screenshots

lock: ## pin the packages of pyproject.toml anew (needs uv)
	@scripts/lock

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 13
