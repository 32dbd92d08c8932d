"""What cases are found by, kept up to date by a trigger and an errand; those that are there already wait for the errand."""

from alembic import op

revision = "20261125_0011"
down_revision = "20261125_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    create table review.finding (
      case_id uuid constraint finding_pkey primary key
        constraint finding_case_id_fkey references review."case" on delete cascade,
      text text not null default '',
      asked bigint,
      stale boolean not null default true
    )
    """)
    op.execute("create index finding_stale_idx on review.finding (case_id) where stale")
    op.execute("create index finding_asked_idx on review.finding (asked) where asked is not null")
    op.execute("""
    create table review.finding_grams (
      case_id uuid constraint finding_grams_pkey primary key
        constraint finding_grams_case_id_fkey references review.finding on delete cascade,
      -- hashes of 32 bits
      -- squawk-ignore prefer-bigint-over-int
      grams integer[] not null
    )
    """)
    op.execute("create index finding_grams_grams_idx on review.finding_grams using gin (grams)")
    # The trigger, and not the code that opens cases: the old code opens some while the new one is started.
    op.execute("""
    create function review.find_opened() returns trigger language plpgsql as $$
    begin
      insert into review.finding (case_id) select id from opened on conflict do nothing;
      return null;
    end $$
    """)
    op.execute("""
    create function review.find_changed() returns trigger language plpgsql as $$
    begin
      update review.finding set stale = true where case_id = new.id;
      return null;
    end $$
    """)
    op.execute("""
    create trigger case_opened after insert on review."case" referencing new table as opened
      for each statement execute function review.find_opened()
    """)
    op.execute("""
    create trigger case_changed after update of answers, applicant on review."case" for each row
      when (old.answers is distinct from new.answers or old.applicant is distinct from new.applicant)
      execute function review.find_changed()
    """)
    op.execute("""insert into review.finding (case_id) select id from review."case" on conflict do nothing""")
