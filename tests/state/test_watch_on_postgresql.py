"""What watch/test_watch.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..watch.conftest import clock, database, url, watching  # noqa: F401 - its fixtures
from ..watch.test_watch import *  # noqa: F403 - every test of that file

pytestmark = pytest.mark.usefixtures("moved")
