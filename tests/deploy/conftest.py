"""One machine with the demo for the tests of a file that leave it running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.running import Machine, started


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the demo, which the tests leave running."""
    with started(tmp_path_factory.mktemp("machine") / "home", "--demo") as running:
        yield running
