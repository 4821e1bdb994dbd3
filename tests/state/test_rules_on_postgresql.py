"""What core/test_rules.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..core.test_rules import *  # noqa: F403 - every test of that file

pytestmark = pytest.mark.usefixtures("moved")
