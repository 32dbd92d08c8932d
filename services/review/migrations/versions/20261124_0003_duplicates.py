"""What the official is told of other applications that are the same."""

from alembic import op

revision = "20261124_0003"
down_revision = "20261123_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""alter table review."case" add column duplicates jsonb not null default '[]'""")
