"""A machine for each test: what is killed must not go on in the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.site import Site


@pytest.fixture
def machine(clean: Site, tmp_path: Path) -> Iterator[Machine]:
    """Processes beside the site's servers, ended after the test."""
    with Machine(clean, tmp_path) as made:
        yield made
