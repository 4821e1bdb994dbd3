"""What ranking/test_epochs.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..ranking.test_epochs import *  # noqa: F403 - every test of that file, but for those below

pytestmark = pytest.mark.usefixtures("moved")

# These look into a file of SQLite, or start processes that know of no other place
for each in ("test_processes_that_raise_at_once_lose_none",):
    del globals()[each]
