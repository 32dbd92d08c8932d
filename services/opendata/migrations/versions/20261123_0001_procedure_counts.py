"""Counts of applications and decisions by procedure."""

from alembic import op

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table opendata.procedure (
      id text constraint procedure_pkey primary key,
      version bigint not null,
      title jsonb not null
    )
    """)
    op.execute("""
    create table opendata.procedure_count (
      procedure_id text constraint procedure_count_pkey primary key,
      filed bigint not null,
      arrived bigint not null,
      returned bigint not null,
      approved bigint not null,
      refused bigint not null,
      accepted bigint not null
    )
    """)
