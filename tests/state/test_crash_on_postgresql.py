"""What core/test_crash.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..core.test_crash import *  # noqa: F403 - every test of that file

pytestmark = pytest.mark.usefixtures("moved")
