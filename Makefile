# "make" prints the list of targets. Make passes variables (DATE=… PACE=…) to the programs through the environment.

PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
RUN = .venv/bin/python -m

.PHONY: help setup demo week dev server test test-long test-cloud test-site future-check lint sql-check bench figures mutations name-report sources-check outage-drill upgrade-drill drills repair-drill incidents calendar-drill season-drill soak sample clean

help:      ## print this list
	@sed -n 's/^\([a-z-]*:\) *[a-z]* *## /\1	/p; s/^#   /	/p' Makefile

setup:     ## create .venv from requirements.lock (downloads go to $TIPOFF_CACHE or .cache)
	@$(or $(PYTHON),python3) -m runtime.bootstrap

demo: setup ## replay a real day through a real Temporal server; variables:
#   DATE=2024-03-29   game date                       ARCHIVE=sample   archive with its facts
#   PACE=1            seconds a virtual hour takes    HOLD=phase       stop the clock there until resumed
#   KEEP=1            keep the server running         OUT=var/demo     output folder
#   FAULTS=file.toml  faults of the providers         HISTORY_SEASONS=3  seasons to train on
#   WAREHOUSE=bigquery-emulator STORE=gcs-emulator    run on emulators, then compare the exports with DuckDB's
	@$(RUN) $(if $(WAREHOUSE)$(STORE),devtools.cloud_demo,cli.demo)

week: setup ## import past seasons, backfill a week of them through a real Temporal server and show its site; variables:
#   FROM=2024-03-14   first date                      TO=2024-03-20    last date; default: six days later
#   ARCHIVE=folder    default: an import of ../shared/data             OUT=var/week      output folder
	@$(RUN) devtools.week

dev: setup ## run a Temporal server and a worker for real days until Ctrl-C
	@.venv/bin/python starter.py dev

server: setup ## run a Temporal server for real days: 127.0.0.1:7233, UI http://127.0.0.1:8233, until Ctrl-C
	@$(RUN) runtime.temporal_server

test: setup ## check format, lint, types, import rules and dependencies, and run the tests
	@$(RUN) devtools.checks

test-long: setup ## run the longest tests, which "make test" leaves out
	@$(RUN) devtools.checks long

test-cloud: setup ## run the contract tests and golden rows on an emulator of BigQuery, which "make test" leaves out
	@$(RUN) devtools.checks cloud

test-site: setup ## look at every page in Chromium: axe, overflow, keyboard, no scripts; "make test" leaves it out
	@$(RUN) devtools.checks site

future-check: setup ## scramble everything after an afternoon, for 20 random dates of four seasons: no earlier value may change
	@test -d ../shared/data || { echo "future-check needs the folder of real data, ../shared/data"; exit 1; }
	@$(RUN) pytest --quiet --capture=no -m future_check tests/unit/features/test_scrambled_future.py

lint: setup ## check format, lint, types, import rules and dependencies
	@$(RUN) devtools.checks lint

sql-check: setup ## check every SQL statement with Google's analyzer against the declared tables
	@$(RUN) devtools.sql_check

bench: setup ## measure time and memory of a day and of its parts
	@$(RUN) devtools.bench

mutations: setup ## break a copy of the code, one named mutation at a time: the tests must fail; variables:
#   RANDOM=100        draw so many mutants instead    SEED=1           draw the same ones again
#   PATHS="a/b c.py"  draw only from these           LIST=1           only list them
	@$(RUN) devtools.mutations $(RANDOM:%=--random %) $(SEED:%=--seed %) $(LIST:%=--list) $(if $(PATHS),--paths $(PATHS))

figures: setup ## backtest all systems on two windows of real seasons and print their figures (DATA=folder OUT=folder)
	@$(RUN) devtools.figures $(if $(DATA),--data $(DATA)) $(if $(OUT),--out $(OUT))

name-report: setup ## report the share of quoted player names of past seasons that resolve to the right player (DATA=folder)
	@$(RUN) devtools.name_report $(or $(DATA),../shared/data)

sources-check: setup ## check every source with recorded responses, the replay, faults and fallbacks (ARCHIVE=sample)
	@$(RUN) devtools.sources_check

outage-drill: setup ## replay a day with every source, then once per source with that source down all day; variables:
#   SOURCES="one two" only these sources              ARCHIVE=sample   archive with the day's facts
#   JOBS=2            days in parallel                OUT=folder       keep the output of each day there
	@$(RUN) devtools.outage_drill

upgrade-drill: setup ## deploy a version that running days cannot continue, find it, go back, and see every day recover
	@$(RUN) devtools.upgrade_drill

drills: setup ## replay a day undisturbed, then with worker and server killed inside every kind of activity, and compare
#   ARCHIVE=sample    archive with the day's facts    OUT=folder       keep the output there
	@$(RUN) devtools.kill_drill

repair-drill: setup ## replay a day with every kind of fault, and count those that ended without a person; variables:
#   CASES="down hang" only faults with such a name    ARCHIVE=sample   archive with the day's facts
#   JOBS=2            days in parallel                OUT=folder       keep the output of each day there
	@$(RUN) devtools.repair_drill

incidents: setup ## replay each incident of an older system, and check that its day ends as it must; variables:
#   SCENARIOS="one two"  only these                   ARCHIVE=sample   archive with the day's facts
#   JOBS=2            days in parallel                OUT=folder       keep the output of each day there
	@$(RUN) devtools.incidents

calendar-drill: setup ## replay ten dates of a season: opening day, Cup final, All-Star break, playoffs, summer; variables:
#   ARCHIVE=folder    default: an import of ../shared/data             OUT=folder  keep the output there
	@$(RUN) devtools.calendar_drill

season-drill: setup ## fire thirty game days through the schedules, with nobody there; variables:
#   FROM=2024-03-14   first date                      DAYS=30          game days
#   ARCHIVE=folder    default: an import of ../shared/data             OUT=folder  keep the output there
	@$(RUN) devtools.season_drill

soak: setup ## run a virtual fortnight while providers, processes, network and disk fail at random; variables:
#   SEED=1            draw the same failures again    ARCHIVE=folder   default: an import of ../shared/data
#   DAYS=14           dates, one after the other      FROM=2024-03-14  first date
#   DAYS_AT_ONCE=10   at the same time instead, without failures       OUT=folder  keep the output there
	@$(RUN) devtools.soak

sample: setup ## create sample/ from an archive (ARCHIVE=folder)
	@$(RUN) tipoff.replay.archive sample $(if $(ARCHIVE),--from $(ARCHIVE))

clean:     ## stop processes of killed runs; remove .venv, var/demo and tool caches (keeps real days and downloads)
	@[ ! -x .venv/bin/python ] || $(RUN) runtime.processes var
	@rm -rf .venv var/demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
