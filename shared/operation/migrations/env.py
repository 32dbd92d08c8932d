"""Alembic's entry: see shared.migrations."""

from shared.migrations import run

run()
