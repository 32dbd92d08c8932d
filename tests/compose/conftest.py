"""One stack for the tests of a file."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, as an operator has it after the first page of docs/operating.md."""
    with running(tmp_path_factory.mktemp("clone"), os.environ.get("MADOGUCHI_UPGRADE_FROM")) as made:
        yield made


@pytest.fixture(scope="module")
def people(stack: Stack) -> dict[str, str]:
    """Keys of an applicant and of an official, and a procedure."""
    return employ(stack)


def employ(stack: Stack) -> dict[str, str]:
    """Publish a procedure, and take in an applicant and an official; their keys."""
    stack.tools("procedure", "publish", "procedures/denki-yohin-todokede.yaml")
    stack.tools("people", "add", "desk@example.go.jp", "審査 一郎", "reviewer", "--group", "kinki-bureau")
    company = ("--organisation", "株式会社乙", "--corporate-number", "7000012050002")
    stack.tools("people", "add", "firm@example.com", "申請 一郎", "applicant", *company)
    return {who: stack.tools("people", "issue-key", who) for who in ("firm@example.com", "desk@example.go.jp")}
