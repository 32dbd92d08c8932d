"""The counter does what its OpenAPI document says, whatever is sent: no 5xx, no undocumented answer."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.intake.parts import APPLICATIONS
from tests.machine import Machine
from tests.site import KOEN, Site, bearer, example

CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


@schemathesis.serializer("application/x-ndjson")
def lines(_context: Any, value: Any) -> bytes:
    """A body of lines, as it is."""
    return value if isinstance(value, bytes) else str(value).encode()


@pytest.fixture(scope="module")
def url(machine: Machine) -> str:
    """The web of a site that takes as many POST requests as it can."""
    machine.settings |= {"MADOGUCHI_INTAKE_POSTS_PER_CALLER": "0", "MADOGUCHI_INTAKE_POSTS_PER_ADDRESS": "0"}
    return machine.web()


@pytest.mark.timeout(300)  # for every operation there is
def test_whatever_is_sent_is_answered_as_the_document_says(clean: Site, url: str) -> None:
    key = clean.an_applicant()
    schema = schemathesis.openapi.from_url(f"{url}/docs/intake/openapi.json")
    filed = httpx.post(f"{url}{APPLICATIONS}", json=example(KOEN), headers=bearer(key)).json()["id"]
    clean.deliver_all()
    tried = []
    operations: list[Any] = list(schema.get_all_operations())
    for found in operations:
        operation = found.ok()
        tried.append(operation.label)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try_out(operation, mode, key, filed)
    assert len(tried) > 8


def try_out(operation: Any, mode: GenerationMode, key: str, filed: str) -> None:
    """Send what the document allows, or what it does not."""
    cases = operation.as_strategy(generation_mode=mode)

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=cases, real=st.booleans())
    def attempt(case: Any, *, real: bool) -> None:
        if real and "application_id" in (case.path_parameters or {}):
            case.path_parameters["application_id"] = filed
        case.call_and_validate(headers=bearer(key), checks=CHECKS, timeout=20)

    with suppress(Unsatisfiable):  # an operation without parameters takes nothing wrong
        attempt()
