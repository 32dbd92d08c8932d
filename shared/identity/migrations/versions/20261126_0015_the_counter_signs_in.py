"""Links are asked for and used at the counter alone: no other service's role opens a session for anybody."""

from alembic import op

revision = "20261126_0015"
down_revision = "20261126_0014"
branch_labels = None
depends_on = None

OTHERS = "madoguchi_review, madoguchi_notify, madoguchi_opendata, madoguchi_operator"


def upgrade() -> None:
    for function in ("request_link(text, text[], uuid, timestamptz)", "redeem_link(uuid, bytea, timestamptz)"):
        op.execute(f"revoke execute on function identity.{function} from {OTHERS}")
