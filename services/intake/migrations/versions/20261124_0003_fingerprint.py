"""Fingerprints: what duplicates of an application would have in common with it."""

from alembic import op

revision = "20261124_0003"
down_revision = "20261123_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.fingerprint (
      digest uuid not null,
      application_id uuid not null constraint fingerprint_application_id_fkey references intake.application on delete cascade,
      kind text not null constraint fingerprint_kind_check check (kind in ('exact', 'near')),
      constraint fingerprint_pkey primary key (digest, application_id)
    )
    """)
    op.execute("create index fingerprint_application_id_idx on intake.fingerprint (application_id)")
