"""What operators do at the post stands in the sealed trace too, noted in the post's own transactions.

Its role may not write the table: a function adds acts of the post and no others, and a view shows those.
"""

from alembic import op

revision = "20261126_0004"
down_revision = "20261126_0003"
branch_labels = None
depends_on = None

AT_THE_POST = r"~ '^(channel|letter|letterhead|message|suppression|text)\.'"


def upgrade() -> None:
    op.execute(f"""
    create function operation.note_at_the_post(who uuid, called text, done text, upon text, why text, more jsonb) returns void
    language plpgsql security definer set search_path = operation, pg_temp as $$
    begin
      if done {AT_THE_POST} then
        insert into act (account_id, name, act, subject, reason, details) values (who, called, done, upon, why, more);
      else
        raise insufficient_privilege using message = 'no act of the post';
      end if;
    end $$
    """)
    op.execute("revoke execute on function operation.note_at_the_post(uuid, text, text, text, text, jsonb) from public")
    op.execute("grant execute on function operation.note_at_the_post(uuid, text, text, text, text, jsonb) to madoguchi_notify")
    op.execute(f"""
    create view operation.act_at_the_post as
    select id, at, account_id, name, act, subject, reason, details from operation.act where act {AT_THE_POST}
    """)
    op.execute("grant select on operation.act_at_the_post to madoguchi_notify")
