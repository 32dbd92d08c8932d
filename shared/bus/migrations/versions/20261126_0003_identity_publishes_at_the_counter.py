"""Only the counter, which serves the sign-in, publishes as identity: the post mails links to whom such an event names.

And operators may edit the event of a dead letter.
"""

from alembic import op

revision = "20261126_0003"
down_revision = "20261126_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for service in ("review", "notify", "opendata"):
        op.execute(f"alter policy publish_{service} on bus.event with check (source = '{service}')")
    op.execute("grant update (data) on bus.event to madoguchi_operator")
    op.execute("""
    create policy mend on bus.event for update to madoguchi_operator using (
      exists (select from bus.delivery d where d.event_id = event.id and d.state = 'dead'))
    """)
