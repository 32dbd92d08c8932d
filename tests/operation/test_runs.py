"""Runs of scheduled work are noted when they begin, so that one that died is seen."""

from __future__ import annotations

from sqlmodel import Session

from shared.operation import runs
from tests.site import Site


def test_a_run_is_seen_before_it_ends_and_afterwards_with_its_report(clean: Site) -> None:
    with Session(clean.operator) as session, Session(clean.operator) as another:
        run_id = runs.begin(session, "retention.intake")
        assert [run.outcome for run in runs.latest(another, "retention.intake")] == ["running"]
        another.rollback()
        runs.finish(session, run_id, {"drafts": 3})
        another.expire_all()
        (run,) = runs.latest(another, "retention.intake", outcome="done")
        assert run.id == run_id
        assert run.report == {"drafts": 3}
        assert run.ended_at
        assert run.ended_at >= run.started_at
        runs.finish(session, runs.begin(session, "retention.intake"), {"error": "StorageError"}, failed=True)
        another.expire_all()
        assert [run.outcome for run in runs.latest(another, "retention.intake", most=5)] == ["failed", "done"]
        assert runs.latest(another, "retention.review") == []
