# `make run` and `make test` are all a fresh clone needs; both make .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
, := ,
STAMP := $(VENV)/.installed
# pip goes through what uv is done with in a fifth of the time, but knows of mirrors that only its own settings name.
INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[$(1)]' || \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(1)]'

.PHONY: run test test-cluster test-clients pytest check chaos chaos-cluster soak flood fuzz mutants bench bench-before bench-cluster samples screenshots session manpage dist sbom clean

run: $(STAMP)  ## install, then open the dashboard on input/ (without a terminal: convert and print progress)
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/hotfolio; else $(BIN)/hotfolio run --once; fi

test: $(STAMP)  ## lint, types, import contracts and all tests
	@$(MAKE) --no-print-directory --jobs 2 check pytest

pytest: $(STAMP)  ## all tests
	@# More processes than there are processors, since the four with the tests that start programs mostly wait for them.
	@# What fails is tried once more by itself, and said to be: on a machine that others use, a deadline can pass for nothing.
	@# Only after tests have failed (1): a run that was cut short, or could not begin, has not shown the others to pass.
	@# Asserts are compiled for what they say when they fail only then: for all tests in each process that takes longer than
	@# some hundred of the tests.
	$(BIN)/pytest --assert=plain -n 6 --starters 4 || { [ $$? -eq 1 ] && $(BIN)/pytest -n 1 --last-failed --last-failed-no-failures none; }

check: $(STAMP)  ## all that is quick: format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test-cluster: $(STAMP)  ## a real scheduler of Dask's and real nodes on this machine, which are killed, stopped and cut off
	$(call INSTALL,ocr$(,)dev$(,)cluster)
	CLUSTER_TESTS=1 $(BIN)/pytest tests/cluster

SEED ?= 1
MINUTES ?= 20
ROUNDS ?= 100
chaos-cluster: $(STAMP)  ## kill nodes, the bridge, the scheduler and the head over twenty documents; SEED=1 ROUNDS=100
	$(call INSTALL,ocr$(,)dev$(,)cluster)
	$(BIN)/python -m tests.cluster.killing --seed $(SEED) --rounds $(ROUNDS)

chaos: $(STAMP)  ## kill, rewrite, fill up and take away whatever can be, and see that nothing is lost; SEED=1 MINUTES=20
	$(BIN)/python -m tests.chaos --seed $(SEED) --minutes $(MINUTES)

soak: $(STAMP)  ## rewrite files of the hot folders all the time, and see that each is published again and again; MINUTES=30
	$(BIN)/python -m tests.chaos.soak --seed $(SEED) --minutes $(MINUTES)

CLIENTS := .clients
test-clients: $(STAMP) $(CLIENTS)/.installed  ## have the clients of others, a browser and then chance ask a real service
	$(call INSTALL,ocr$(,)dev$(,)web)
	$(BIN)/python -m tests.clients $(CLIENTS)/bin/python
	$(BIN)/python -m tests.clients.madeup

$(CLIENTS)/.installed: tests/clients/requirements.txt
	$(PYTHON) -m venv $(CLIENTS)
	$(BIN)/uv pip install --quiet --python $(CLIENTS)/bin/python --requirement $< || \
		$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

COUNT ?= 2000
flood: $(STAMP)  ## have the PDFs of a folder converted, each damaged in another way; FROM=folder COUNT=2000 SEED=1
	$(BIN)/python -m tests.chaos.flood $(FROM) --count $(COUNT) --seed $(SEED)

fuzz: $(STAMP)  ## look for inputs that nothing is ready for, guided by what code they reach; TARGETS="rows tags" MINUTES=20
	$(call INSTALL,fuzz)
	for target in $(or $(TARGETS),protocol settings forms tags manifests rows); do \
		$(BIN)/python -m tests.fuzz $$target --minutes $(MINUTES) || exit 1; done

mutants: $(STAMP)  ## what the quick tests of the modules that decide most do not notice; MODULES="lanes store" for some
	$(call INSTALL,mutants)
	$(BIN)/python scripts/mutants.py $(MODULES)

bench: $(STAMP)  ## measure speed and memory, and write docs/performance.md
	$(BIN)/python -m benchmarks

bench-cluster: $(STAMP)  ## measure real nodes on this machine, and the scheduler in simulation; FROM=file.pdf PARTS="pages killing"
	$(call INSTALL,ocr$(,)dev$(,)cluster)
	$(BIN)/python -m benchmarks.clustered $(PARTS) $(if $(FROM),--file $(FROM))
	$(BIN)/python -m benchmarks.simulation

BEFORE ?= 14a9f32
bench-before: $(STAMP)  ## measure whole programs by turns with those of an earlier build, in a worktree of it; BEFORE=14a9f32
	test -d dist/before || { git worktree add dist/before $(BEFORE) && $(PYTHON) -m venv dist/before/.venv; }
	cd dist/before && $(CURDIR)/$(BIN)/uv pip install --quiet --python .venv/bin/python --editable '.[ocr]'
	HOTFOLIO_BEFORE=$(CURDIR)/dist/before $(BIN)/python -m benchmarks cold small_files

samples: $(STAMP)  ## make the three PDFs of input/ again
	$(BIN)/python scripts/make_samples.py

screenshots: $(STAMP)  ## draw the pictures of the dashboard in docs/screenshots/ again
	$(BIN)/python scripts/make_screenshots.py

session: $(STAMP)  ## in tmux at three sizes, do what a person does in the first hour, and keep pictures of it
	$(BIN)/python scripts/make_session.py

manpage: $(STAMP)  ## write docs/hotfolio.1 again, from what --help says
	$(BIN)/python scripts/make_manpage.py

dist: $(STAMP)  ## build the wheel and the sdist of the last commit twice, and leave them in dist/ if they are the same
	$(call INSTALL,release)
	$(BIN)/python scripts/dist.py

sbom: $(STAMP)  ## what hotfolio stands on here: whether all licences fit, and a list in CycloneDX in dist/
	$(call INSTALL,ocr$(,)dev$(,)cluster$(,)mcp$(,)web)
	$(BIN)/python -m scripts.licences
	$(BIN)/python -m scripts.sbom dist/hotfolio.cdx.json

clean:  ## remove what can be made again, but not output/
	rm -rf $(VENV) $(CLIENTS) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist mutants

$(STAMP): pyproject.toml
	@scripts/step.sh '1/3 Making $(VENV)' $(PYTHON) -m venv $(VENV)
	@scripts/step.sh '2/3 Fetching the installer' $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@scripts/step.sh '3/3 Installing hotfolio and what it stands on' sh -c "$(call INSTALL,ocr$(,)dev)"
	@# Once, before as many processes as there are for the tests each compile all of it for themselves.
	@$(BIN)/python -m compileall -q -j 0 engine tui tests
	@touch $@
