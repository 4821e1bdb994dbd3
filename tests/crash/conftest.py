"""The warm process from which the lives of these tests are forked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .campaign import Nursery, nursery


@pytest.fixture(scope="session")
def warm() -> Iterator[Nursery]:
    with nursery() as made:
        yield made
