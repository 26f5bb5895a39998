# Type "make" for the list. Variables (DATE=… PACE=…) reach the programs through the environment by themselves.

PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
RUN = .venv/bin/python -m

.PHONY: help setup demo server test lint bench mutations name-report sources-check outage-drill sample clean

help:      ## this list
	@sed -n 's/^\([a-z-]*:\) *[a-z]* *## /\1	/p; s/^#   /	/p' Makefile

setup:     ## make .venv from requirements.lock (everything fetched goes to $TIPOFF_CACHE or .cache)
	@$(or $(PYTHON),python3) -m runtime.bootstrap

demo: setup ## replay a real day through a real Temporal server; variables:
#   DATE=2024-03-29   the day             ARCHIVE=sample   the archive it comes from
#   PACE=1            seconds an hour     HOLD=phase       stop the day's clock there until resumed
#   KEEP=1            leave server up     OUT=var/demo     where it writes
#   FAULTS=file.toml  what goes wrong
	@$(RUN) cli.demo

server: setup ## a Temporal server for real days: 127.0.0.1:7233, UI http://127.0.0.1:8233, until Ctrl-C
	@$(RUN) runtime.temporal_server

test: setup ## format, lint, types, import rules, dependencies, all tests
	@$(RUN) devtools.checks

lint: setup ## format, lint, types, import rules, dependencies
	@$(RUN) devtools.checks lint

bench: setup ## time and memory of a day and of its parts
	@$(RUN) devtools.bench

mutations: setup ## break a copy in named ways, one at a time: the tests must notice
	@$(RUN) devtools.mutations

name-report: setup ## share of quoted player names of past seasons that resolve to the right player (DATA=folder)
	@$(RUN) devtools.name_report $(or $(DATA),../shared/data)

sources-check: setup ## every source against recorded answers, the replay, faults and fallbacks (ARCHIVE=sample)
	@$(RUN) devtools.sources_check

outage-drill: setup ## a day with every source on, then once per source with that one dead all day; variables:
#   SOURCES="one two" only these days    ARCHIVE=sample   the archive they come from
#   JOBS=2            days at once       OUT=folder       keep what each left there
	@$(RUN) devtools.outage_drill

sample: setup ## cut sample/ from an archive (ARCHIVE=folder)
	@$(RUN) tipoff.replay.archive sample $(if $(ARCHIVE),--from $(ARCHIVE))

clean:     ## stop what a killed run left behind; remove .venv, var/demo and tool caches (real days and downloads stay)
	@[ ! -x .venv/bin/python ] || $(RUN) runtime.processes var
	@rm -rf .venv var/demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
