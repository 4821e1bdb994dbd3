"""Kills: whenever a process dies, what was acknowledged is there, and the call it died in is done or is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .campaign import Campaign, Nursery, Tally

FORMS = [
    ("chroma", "plain", 110),
    ("chroma", "scrubbed", 60),
    ("qdrant", "plain", 40),
    ("qdrant", "scrubbed", 30),
    ("faiss", "plain", 40),
    ("faiss", "scrubbed", 30),
]
"""How often each is killed here; `benchmarks/kills.py` does it as often as one likes."""
SEED = int(os.environ.get("VECGUARD_SEED", "0")) if os.environ.get("VECGUARD_SEED", "0").isdigit() else 0
_A_FOLDER = 20  # kills: every now and then all begins anew, the first write included


@pytest.mark.parametrize(("site", "policy", "kills"), FORMS)
def test_a_process_that_is_killed_again_and_again_loses_nothing(
    site: str, policy: str, kills: int, warm: Nursery, tmp_path: Path
) -> None:
    """After each kill: every acknowledged call, one or none of the last, no open intents, no orphans, a whole log."""
    tally = Tally()
    while tally.total < kills:
        campaign = Campaign(warm, site, tmp_path / str(tally.total), policy, SEED + tally.total)
        until = min(tally.total + _A_FOLDER, kills)
        while tally.total < until:
            tally.add(campaign.kill())
        campaign.settled()
    assert tally.calls > kills / 5  # work was done between the kills
    assert tally.settling > kills / 20  # and some of them came while the last one was being settled
