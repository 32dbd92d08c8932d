"""Revisions are never changed; their encryption may be: from a former key to the present one (docs/adr/0027)."""

from alembic import op

revision = "20261126_0021"
down_revision = "20261126_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create function intake.reseal_revision(application uuid, revised bigint, sealed jsonb, name text) returns void
    language sql security definer set search_path = intake, pg_temp as $$
      update revision set answers = sealed, account_name = name
      where application_id = application and number = revised and (sealed ? '~' or sealed = answers)
    $$
    """)
    op.execute("revoke execute on function intake.reseal_revision(uuid, bigint, jsonb, text) from public")
    op.execute("grant execute on function intake.reseal_revision(uuid, bigint, jsonb, text) to madoguchi_intake")
