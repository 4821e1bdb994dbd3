"""What core/test_vault.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..core.test_vault import *  # noqa: F403 - every test of that file, but for those below

pytestmark = pytest.mark.usefixtures("moved")

# These look into a file of SQLite, or start processes that know of no other place
for each in ("test_shredding_leaves_no_bytes",):
    del globals()[each]
