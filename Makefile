# `make run` starts the desk, `make test` checks it; both prepare everything they need.
PYTHON ?= python3
LAUNCH = @exec $(PYTHON) crm_project/launch/bootstrap.py

.DEFAULT_GOAL := help
.PHONY: help run test bench screenshots lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: ## start everything: database, broker, web, worker, beat (PORT=8000, DATA_DIR=.data)
	$(LAUNCH) run

test: ## linters, unit, journey and browser tests on throw-away services
	$(LAUNCH) test

bench: ## run benchmarks/ (ARGS="…" is passed on)
	$(LAUNCH) bench $(ARGS)

screenshots: ## take the pictures of the documentation
	$(LAUNCH) screenshots $(ARGS)

lock: ## pin everything that requirements*.in resolve to
	$(LAUNCH) lock
