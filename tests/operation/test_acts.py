"""The trace of operators' acts can be added to, and nothing else; what was changed all the same is found."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from shared.operation import acts
from shared.operation.acts import Operator
from tests.site import Site

ANYBODY = Operator(None, "somebody")


@pytest.fixture
def noted(clean: Site) -> Site:
    with Session(clean.operator) as session:
        for number in range(3):
            acts.note(session, ANYBODY, "switch.on", f"switch-{number}", reason="of need", number=number)
        session.commit()
    return clean


def _broken(site: Site) -> list[int]:
    with Session(site.operator) as session:
        return acts.broken(session)


def test_each_act_seals_the_one_before_it(noted: Site) -> None:
    assert _broken(noted) == []
    assert noted.value("select count(distinct seal) from operation.act") == 3


@pytest.mark.parametrize(
    "meddled",
    [
        "update operation.act set reason = 'of greed' where subject = 'switch-1'",
        "delete from operation.act where subject = 'switch-1'",
        "update operation.act set at = at - interval '1 day' where subject = 'switch-1'",
    ],
)
def test_what_was_changed_or_taken_away_is_found(noted: Site, meddled: str) -> None:
    noted.run(meddled)
    assert len(_broken(noted)) >= 1


@pytest.mark.parametrize("statement", ["update operation.act set reason = ''", "delete from operation.act"])
def test_operators_can_only_add(noted: Site, statement: str) -> None:
    with noted.operator.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.exec_driver_sql(statement)
