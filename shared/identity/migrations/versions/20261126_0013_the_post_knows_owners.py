"""The post may ask who owns an organisation: they are told when their webhook is given up."""

from alembic import op

revision = "20261126_0013"
down_revision = "20261125_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create view identity.owner as
    select a.organisation_id, a.id as account_id, a.name, a.email, a.language from identity.account a
    where a.role = 'applicant' and a.rights = 'owner' and a.disabled_at is null
    """)
    op.execute("grant select on identity.owner to madoguchi_notify")
