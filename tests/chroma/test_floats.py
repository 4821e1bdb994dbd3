"""Chroma changes the last bit of some floats: rows with any float are found again, and the float is as it was."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from vecguard import Policy, Retention, Scrub


def test_floats_of_all_digits_come_back_and_can_be_filtered_by(guarded_of: Callable[..., Any]) -> None:
    """In fields and as expiry. Stored with all its digits, one row in eight would not authenticate."""
    policy = Policy(scrub=Scrub(enabled=False), retention=Retention(days=1.0))
    notes = guarded_of(policy).acting_for("alice")
    drawn = random.Random(5)
    given = {str(at): drawn.uniform(-1e6, 1e6) for at in range(200)}
    for start in range(0, 200, 20):  # batches, so that expiries differ
        ids = [str(at) for at in range(start, start + 20)]
        notes.add(ids=ids, documents=ids, metadatas=[{"x": given[each]} for each in ids])
    found = notes.get()
    assert {each: row["x"] for each, row in zip(found["ids"], found["metadatas"], strict=True)} == given
    assert notes.get(where={"x": given["7"]})["ids"] == ["7"]
    above = notes.get(where={"x": {"$gt": 0.0}})["ids"]
    assert sorted(above) == sorted(each for each, value in given.items() if value > 0)
