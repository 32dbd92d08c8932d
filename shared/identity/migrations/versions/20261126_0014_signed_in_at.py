"""When somebody signed in last: sessions are deleted when they end, and an operator asks who uses his account at all."""

from alembic import op

revision = "20261126_0014"
down_revision = "20261126_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table identity.account add column signed_in_at timestamptz")
    op.execute("""
    create function identity.note_sign_in() returns trigger language plpgsql security definer
    set search_path = identity, pg_temp as $$
    begin
      update account set signed_in_at = now() where id = new.account_id;
      return null;
    end $$
    """)
    op.execute(
        "create trigger note_sign_in after insert on identity.session for each row execute function identity.note_sign_in()"
    )
