"""Divisions of the ministry file too: procedures inside the house."""

from alembic import op

revision = "20261123_0002"
down_revision = "20261123_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # the new constraint allows more than the old one
    op.execute("""
    -- squawk-ignore ban-drop-constraint
    alter table identity.organisation drop constraint organisation_kind_check
    """)
    op.execute("""
    alter table identity.organisation add constraint organisation_kind_check
      check (kind in ('corporation', 'sole-proprietor', 'association', 'ministry')) not valid
    """)
