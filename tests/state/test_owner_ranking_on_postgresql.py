"""What ranking/test_owner_ranking.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..ranking.test_owner_ranking import *  # noqa: F403 - every test of that file

pytestmark = pytest.mark.usefixtures("moved")
