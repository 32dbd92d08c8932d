"""What forms look up: places by postal code, municipalities, corporations. Public data that an operator imports."""

from alembic import op

revision = "20261124_0008"
down_revision = "20261124_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table intake.municipality (
      code text constraint municipality_pkey primary key,
      prefecture text not null,
      name text not null,
      kana text not null
    )
    """)
    op.execute("create index municipality_prefecture_idx on intake.municipality (prefecture)")
    op.execute("""
    create table intake.place (
      postal_code text not null,
      municipality text not null constraint place_municipality_fkey references intake.municipality,
      town text not null,
      constraint place_pkey primary key (postal_code, municipality, town)
    )
    """)
    op.execute("create index place_municipality_idx on intake.place (municipality)")
    op.execute("""
    create table intake.corporation (
      number text constraint corporation_pkey primary key,
      name text not null,
      prefecture text not null,
      address text not null,
      postal_code text not null,
      closed_on date,
      updated_on date not null
    )
    """)
