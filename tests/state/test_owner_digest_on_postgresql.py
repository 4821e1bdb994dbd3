"""What core/test_owner_digest.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..core.test_owner_digest import *  # noqa: F403 - every test of that file, but for those below

pytestmark = pytest.mark.usefixtures("moved")

# A thousand loads say as much of the store as they did, and nothing more of the state
for each in ("test_a_host_that_replays_swaps_drops_or_brings_back_rows_is_found_out_every_time",):
    del globals()[each]
