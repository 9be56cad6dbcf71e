# A fresh machine needs Python 3.11 and make; everything else is installed into .venv or kept in .local.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
# Tests have servers of their own and never meet the data of `make demo` or `make run`.
TEST_SERVERS := MPM_LOCAL_DIR=$(CURDIR)/.local/test MPM_EMBEDDED_FSYNC=off $(BIN)/python -m mpm.embedded run --
UV := uv pip compile --quiet pyproject.toml --universal --generate-hashes --no-annotate --no-header --python-version 3.11
# The tests that start real servers share one installation: they stay together.
TEST_ARGS ?= -n 2 --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help demo test run lint bench simulate defects trials stop reset key lock venv checks suite

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 14

demo: venv ## show one payment become a token, then serve the demo company until Ctrl-C
	@exec $(BIN)/python -m mpm.demo

run: venv ## serve an installation of your own on PORT (8000) until Ctrl-C
	@exec $(BIN)/python -m mpm.run

test: venv ## run every check and the whole test suite
	@$(TEST_SERVERS) $(MAKE) --no-print-directory checks suite

lint: venv ## run the checks without the tests
	@$(TEST_SERVERS) $(MAKE) --no-print-directory checks

bench: venv ## measure payments per second, and their cost
	@$(BIN)/python -m bench

simulate: venv ## break a whole installation for SEEDS (25) seeds from START (1) on, or one SEED, and check it
	@exec $(BIN)/python -m simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),25) --start $(or $(START),1))

defects: venv ## prove the simulation: make one deliberate error after the other, until it is seen (NAMES="blind-retry")
	@exec $(BIN)/python -m simulation.defects $(NAMES)

trials: venv ## try what is promised when things break, one figure per promise; TRIALS="r04 r16 --full"
	@exec $(BIN)/python -m simulation.trials $(TRIALS)

stop: venv ## stop what `make run` or `make demo` left running
	@$(BIN)/python -m mpm.run --stop && $(BIN)/python -m mpm.embedded stop

reset: stop ## stop, and delete the local database, queue and keys
	@if [ -t 0 ]; then printf 'Delete all data in .local? Type yes: '; read answer; [ "$$answer" = yes ]; fi
	@rm -rf .local && echo 'Deleted .local.'

key: venv ## print a new key for FIELD_KEYS
	@$(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'

lock: ## pin the dependencies anew (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv; see its documentation for how to install it.' >&2; exit 1; }
	@$(UV) --all-extras --output-file requirements.lock
	@$(UV) --constraint requirements.lock --output-file requirements.production.lock

venv:
	@cmp -s requirements.lock .venv/installed.lock && exit 0; \
	if [ -z '$(PYTHON)' ]; then \
		echo 'MicroPowerManager needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3.' >&2; exit 1; \
	fi; \
	if [ ! -x $(BIN)/pip ]; then \
		$(PYTHON) -m venv --clear .venv || { \
			echo 'Python could not make .venv; on Debian and Ubuntu install the package python3-venv.' >&2; exit 1; }; \
	fi; \
	echo 'Installing the dependencies into .venv …' && \
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	cp requirements.lock .venv/installed.lock

# The two halves of `make test`; they find the servers in the environment.
checks:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary .
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python manage.py makemigrations --check --dry-run
	@DEVELOPMENT=0 DEBUG=0 PUBLIC_HOST=mpm.example.org ALLOWED_HOSTS=mpm.example.org,.mpm.example.org \
		SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
		FIELD_KEYS=$$($(BIN)/python -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING

suite:
	@$(BIN)/python -m pytest $(TEST_ARGS)
