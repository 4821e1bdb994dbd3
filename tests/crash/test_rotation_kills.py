"""Rotating keys, killed at every step, on a store with rows: nothing is lost, and the next rotation ends it."""

from __future__ import annotations

import json
from pathlib import Path

from vecguard import Keyring
from vecguard.state import State
from vecguard.state.inventory import inventory

from .campaign import Campaign, Nursery

_MOST = 80  # points of a rotation, and more


def _roots(campaign: Campaign) -> list[str]:
    file = json.loads((campaign.folder / "keys" / "key").read_text())
    return [each["id"] for each in file["roots"]]


def test_a_rotation_killed_at_any_step_and_ended_by_the_next_loses_nothing(warm: Nursery, tmp_path: Path) -> None:
    """Wherever it died, rows, originals, the log and open writes are there, and no key is under the old root."""
    campaign = Campaign(warm, "chroma", tmp_path / "rotated", "plain", 0)
    campaign.live(calls=3, first="write")
    first, seen = _roots(campaign), set()
    ended = False
    for point in range(_MOST):
        death = campaign.live(point=point, late=True, rotates=True, calls=0)
        if ended := not death.where:
            break
        seen.add(death.where)
        campaign.live(rotates=True, calls=0)
        assert len(_roots(campaign)) == 1
    campaign.live(calls=2)
    campaign.settled()
    assert ended
    assert {
        "before replace",
        "after replace",
        "state: UPDATE vg_keys",
        "state: UPDATE vg_facts",
        "state: COMMIT",
    } <= seen
    assert not set(_roots(campaign)) & set(first)
    keys = Keyring.from_file(campaign.folder / "keys" / "key")
    state = State(f"sqlite:///{campaign.folder}/state/state.db", keys)
    assert inventory(state.database, keys).sound
    state.close()
