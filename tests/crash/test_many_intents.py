"""Many writes that were begun and not put: the next process carries all of them out, in time that grows with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .campaign import Campaign, Nursery

FEW, MANY = 100, 800
_UNEVEN = 6.0
"""How much longer one of many may take than one of few, on a busy machine. It is 8 for what grows with the square."""


@pytest.mark.parametrize("site", ["chroma", "qdrant", "faiss"])
def test_many_open_intents_are_settled_in_linear_time(site: str, warm: Nursery, tmp_path: Path) -> None:
    """`benchmarks/kills.py --intents` does it with ten thousand, and says how long it takes."""
    few, many = (Campaign(warm, site, tmp_path / str(count), "plain", 0).opened(count) for count in (FEW, MANY))
    for settled, count in ((few, FEW), (many, MANY)):
        assert settled.rows == count + 2  # with the marker and the first record
    assert many.seconds / MANY < _UNEVEN * few.seconds / FEW
