"""What faiss_adapter/test_unsaved.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..faiss_adapter.test_unsaved import *  # noqa: F403 - every test of that file

pytestmark = pytest.mark.usefixtures("moved")
