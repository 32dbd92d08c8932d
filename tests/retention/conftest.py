"""An application that was decided, with everything that may belong to one."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.flows import corrections as on
from tests.site import Site


@pytest.fixture
def key(clean: Site) -> str:
    return clean.an_applicant()


@pytest.fixture
def press(clean: Site) -> str:
    return clean.a_reviewer("public-relations", email="press@example.go.jp", name="広報 次郎")


@pytest.fixture
def decided(clean: Site, counter: TestClient, desk: TestClient, *, key: str, press: str) -> str:
    """The id of an application that was approved."""
    application = on.filed(clean, counter, key)
    answer = on.decide(desk, press, on.case_of(clean, application))
    assert answer.status_code == 200, answer.text
    clean.deliver_all()
    return application
