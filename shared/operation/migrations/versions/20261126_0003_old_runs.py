"""Reports of scheduled work go after three years, by the post's worker; nobody else deletes here."""

from alembic import op

revision = "20261126_0003"
down_revision = "20261126_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create function operation.forget_runs(ids uuid[]) returns bigint
    language sql security definer set search_path = operation, pg_temp as $$
      with gone as (delete from run where id = any(ids) and ended_at < now() - interval '3 years' returning 1)
      select count(*) from gone
    $$
    """)
    op.execute("revoke execute on function operation.forget_runs(uuid[]) from public")
    op.execute("grant execute on function operation.forget_runs(uuid[]) to madoguchi_notify")
