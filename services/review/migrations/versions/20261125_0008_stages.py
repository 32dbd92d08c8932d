"""Stages of the review: where a case is, judged criteria, marks, proposed decisions."""

from alembic import op

revision = "20261125_0008"
down_revision = "20261125_0007"
branch_labels = None
depends_on = None

DECISIONS = "decision in ('approve', 'approve-in-part', 'refuse', 'accept')"


def upgrade() -> None:
    op.execute("""
    alter table review."case"
      add column stage text not null default 'review',
      add column stage_since timestamptz not null default now(),
      add column amount bigint,
      add column conditions jsonb not null default '[]',
      add column criteria jsonb not null default '[]',
      add column decided_as text not null default ''
    """)
    op.execute(f'alter table review."case" add constraint case_decision_check check ({DECISIONS}) not valid')
    op.execute("""
    create table review.step (
      case_id uuid not null constraint step_case_id_fkey references review."case" on delete cascade,
      number bigint not null,
      stage text not null,
      entered_at timestamptz not null,
      left_at timestamptz,
      left_by uuid,
      left_by_name text not null,
      move text not null constraint step_move_check check (move in ('', 'pass', 'send-back', 'decide', 'withdraw')),
      note text not null,
      constraint step_pkey primary key (case_id, number),
      constraint step_left_check check ((left_at is null) = (move = ''))
    )
    """)
    op.execute("create unique index step_running_idx on review.step (case_id) where left_at is null")
    op.execute("""
    create table review.judgement (
      case_id uuid not null constraint judgement_case_id_fkey references review."case" on delete cascade,
      criterion text not null,
      stage text not null,
      verdict text not null constraint judgement_verdict_check check (verdict in ('met', 'not-met', 'not-applicable')),
      note text not null,
      evidence text not null,
      revision bigint not null,
      by uuid not null,
      by_name text not null,
      at timestamptz not null,
      constraint judgement_pkey primary key (case_id, criterion)
    )
    """)
    op.execute("""
    create table review.score_sheet (
      case_id uuid not null constraint score_sheet_case_id_fkey references review."case" on delete cascade,
      stage text not null,
      account_id uuid not null,
      name text not null,
      marks jsonb not null,
      notes jsonb not null,
      revision bigint not null,
      at timestamptz not null,
      constraint score_sheet_pkey primary key (case_id, stage, account_id)
    )
    """)
    op.execute(f"""
    create table review.proposal (
      id uuid constraint proposal_pkey primary key,
      case_id uuid not null constraint proposal_case_id_fkey references review."case" on delete cascade,
      number bigint not null,
      decision text not null constraint proposal_decision_check check ({DECISIONS}),
      amount bigint,
      conditions jsonb not null,
      reasons text not null,
      criteria jsonb not null,
      document jsonb,
      revision bigint not null,
      by uuid not null,
      by_name text not null,
      at timestamptz not null,
      state text not null
        constraint proposal_state_check check (state in ('open', 'replaced', 'sent-back', 'approved', 'closed')),
      ended_at timestamptz
    )
    """)
    op.execute("create unique index proposal_open_idx on review.proposal (case_id) where state = 'open'")
    op.execute("create unique index proposal_case_id_number_key on review.proposal (case_id, number)")
    op.execute("""
    create table review.proposal_comment (
      id uuid constraint proposal_comment_pkey primary key,
      case_id uuid not null constraint proposal_comment_case_id_fkey references review."case" on delete cascade,
      proposal bigint not null,
      by uuid not null,
      by_name text not null,
      text text not null,
      at timestamptz not null
    )
    """)
    op.execute("create index proposal_comment_case_id_at_idx on review.proposal_comment (case_id, at)")
