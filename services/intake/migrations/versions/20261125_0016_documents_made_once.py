"""Documents come from the desk as they are: where their bytes lie, and how they end."""

from alembic import op

revision = "20261125_0016"
down_revision = "20261125_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    alter table intake.document
      add column key text not null default '',
      add column sha256 text not null default '',
      add column size bigint not null default 0,
      add column replaces uuid,
      add column ended_at timestamptz,
      add column end_reason text not null default '',
      add column replaced_by uuid,
      add column paper_sent_at timestamptz
    """)
