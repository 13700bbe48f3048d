# Every target sets up what it needs in .venv by itself; a Python from 3.11 on is enough.
# A stamp in .venv says that a set of extras is installed, so that a second call is instant.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps

# The interpreter that makes .venv; if not given, the quickest of those that are found:
# what a distribution ships may take a third less time for everything than one that was
# built without profiles. They take turns, since a neighbour on the machine slows them down.
PYTHON ?=
PYTHONS := python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11 python
QUICK := import ensurepip, sys, time, timeit; sys.version_info < (3, 11) and sys.exit(1); \
	print(min(timeit.repeat("d[i] = str(i); b\"\".join((b\"a\", b\"b\")); f\"{i}:{i:08X}\"", "d = {}; i = 7", time.process_time, 9, 50000)), sys.executable)

# What `make run` hands to the command: make run ARGS='--data /var/lib/mq'
ARGS ?=

# What `make test` hands to pytest: make test TESTS=tests/store
TESTS ?= tests plugins/store-sqlite/tests $(addprefix --ignore=,$(USER_TESTS))

# Clients, programs and what tests are given: they run beside the others.
USER_TESTS := $(wildcard tests/admin tests/aio tests/app tests/client tests/docs \
	tests/testing docs/examples/testing)

# The rooms whose tests touch what only Linux has; they run again without it. Programs of
# clients do not, and take long.
CLIENT_PROGRAMS := $(wildcard $(patsubst %,tests/integration/test_%.py,asyncio_programs client_programs examples top))
PLAIN_TESTS := $(wildcard tests/store tests/remoting) \
	$(filter-out $(CLIENT_PROGRAMS),$(wildcard tests/integration/test_*.py))

.PHONY: help run test main-test other-tests user-test plain-test store-test interop tools-interop java-interop soak lint format docs bench bench-clients bench-mqadmin news clean

help:
	@echo 'make run      start a name server and a broker on this machine'
	@echo 'make test     unit, contract, vector and integration tests'
	@echo 'make interop  against genuine Java programs (JDK 17 and Maven)'
	@echo 'make soak     what is too long for continuous integration (JDK 17, Maven, Go)'
	@echo 'make lint     ruff and mypy'
	@echo 'make bench    side by side with the genuine broker (JDK 17, Maven, Go)'
	@echo 'make bench-clients  our client beside the genuine one (JDK 17, Maven)'
	@echo 'make bench-mqadmin  a call of our mqadmin beside the genuine one (JDK 17, Maven)'
	@echo 'make docs     the manual, into docs/_build/html'

run: $(STAMPS)/run
	exec $(BIN)/twist rmq $(ARGS)

# On two cores, side by side: each run's lines are kept together where make can do that.
TOGETHER := -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

test: $(STAMPS)/test
	@$(MAKE) --no-print-directory $(TOGETHER) other-tests main-test

other-tests: plain-test
	@$(MAKE) --no-print-directory user-test
	@$(MAKE) --no-print-directory store-test

main-test: $(STAMPS)/test
	$(BIN)/python -m pytest $(TESTS) -q

user-test: $(STAMPS)/test
	$(BIN)/python -m pytest $(USER_TESTS) -q

plain-test: $(STAMPS)/test
	TWISTEDMQ_PLAIN_IO=1 $(BIN)/python -m pytest $(PLAIN_TESTS) -q

# The handlers of the broker once more, over a store that is not in memory.
store-test: $(STAMPS)/test
	TWISTEDMQ_TEST_STORE=sqlite $(BIN)/python -m pytest tests/broker -q

# In two halves, side by side, which mostly wait; each has ports of its own.
TOOLS_INTEROP := $(wildcard $(patsubst %,tests/interop/test_%.py,assignment asyncio broadcast \
	client_against_genuine delay metrics mixed_groups mqadmin namespaces notification operators pop \
	producer pull_and_pop push_consumers sql92 timers transactions))

interop: $(STAMPS)/test need-java
	@$(MAKE) --no-print-directory $(TOGETHER) tools-interop java-interop

tools-interop: $(STAMPS)/test need-java
	TWISTEDMQ_PEER_PORTS=26000-31999 $(BIN)/python -m pytest $(TOOLS_INTEROP) -q -m interop

java-interop: $(STAMPS)/test need-java
	TWISTEDMQ_PEER_PORTS=20000-25999 $(BIN)/python -m pytest tests/interop $(addprefix --ignore=,$(TOOLS_INTEROP)) -q -m interop

soak: $(STAMPS)/test need-java need-go
	$(BIN)/python -m pytest tests/soak -q -m soak -s

lint: $(STAMPS)/lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(STAMPS)/lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMPS)/docs
	$(BIN)/sphinx-build -n -W --keep-going -q -b html docs docs/_build/html
	$(BIN)/sphinx-build -n -W --keep-going -q -b doctest docs docs/_build/doctest
	@echo 'open docs/_build/html/index.html'

bench: $(STAMPS)/run need-java need-go
	cd benchmarks/rmqload && go build -o rmqload .
	$(BIN)/python benchmarks/compare.py $(ARGS)

bench-clients: $(STAMPS)/run need-java
	$(BIN)/python benchmarks/compare_clients.py $(ARGS)

bench-mqadmin: $(STAMPS)/run need-java
	$(BIN)/python benchmarks/compare_mqadmin.py $(ARGS)

news: $(STAMPS)/news
	$(BIN)/towncrier build --draft --version next

clean:
	rm -rf $(VENV) docs/_build build dist

# ---- what the targets above stand on

EXTRAS_run := tls,zstd
EXTRAS_test := tls,zstd,export,completion,test,examples
EXTRAS_lint := tls,zstd,completion,test,lint,examples
EXTRAS_docs := tls,zstd,docs
EXTRAS_news := news

# The distributions beside the main one, where they are tested and checked.
OTHERS_test := plugins/store-sqlite
OTHERS_lint := $(OTHERS_test)

# Compiled here, as pip does with what is not editable: where Python may not write bytecode,
# each process would do it anew, which takes 0.1 s.
$(STAMPS)/%: pyproject.toml plugins/store-sqlite/pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS_$*)]' $(addprefix --editable ,$(OTHERS_$*))
	@$(BIN)/python -m compileall -q twistedmq plugins tests/support tests/interop/kit
	@mkdir -p $(STAMPS) && touch $@

$(BIN)/python:
	@python='$(PYTHON)'; \
	if [ -z "$$python" ]; then \
		python=$$(for p in $(PYTHONS) $(PYTHONS) $(PYTHONS); do \
			"$$p" -c '$(QUICK)' 2>/dev/null; done | sort -g | head -n 1 | cut -d ' ' -f 2-); \
	fi; \
	test -n "$$python" || { \
		echo 'TwistedMQ needs Python 3.11 or later that can make virtual environments' >&2; \
		echo '(on some systems that is a package of its own: python3-venv); none was found.' >&2; \
		exit 1; }; \
	echo "$$python -m venv $(VENV)"; "$$python" -m venv $(VENV)

.PHONY: need-java need-go
need-java:
	@command -v javac >/dev/null || { echo 'This needs a JDK, 17 or later: javac was not found (apt-get install default-jdk-headless).' >&2; exit 1; }
	@command -v mvn >/dev/null || { echo 'This needs Maven: mvn was not found (apt-get install maven).' >&2; exit 1; }

need-go:
	@command -v go >/dev/null || { echo 'This needs Go, 1.21 or later: go was not found (apt-get install golang-go).' >&2; exit 1; }
