"""What core/test_shared_reads.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..core.test_shared_reads import *  # noqa: F403 - every test of that file

pytestmark = pytest.mark.usefixtures("moved")
