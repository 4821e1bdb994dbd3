"""Who takes the files after an erasure, with the root key and every text that anybody ever wrote, learns nothing.

The attackers have the files of store and state, all candidate texts, their exact vectors and the root key. They are
told which records to decide about: half of them were written and erased, half never were. Before the erasure each is
shown to be right about all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vecguard.erasure import OfOwner, erase
from vecguard.flow import drive
from vecguard.records import RecordId
from vecguard.sealing import WHENEVER
from vecguard.space import OwnerKeys, Space

from .conftest import COUNT
from .sites import EMBED, Site, ids_of, texts_of

SIGMA = 6.0


def _owner_space(desk: Any) -> Space:
    """What the root key opens: alice's space under her data key, or under a guessed one if there is none."""
    room = desk.room()
    collection = drive(desk.guard.entry.recognise(room.shelf), room.store)
    assert collection is not None
    state = desk.guard.state
    found = state.find_space(collection.uid, "alice", collection.keys)
    if found is not None:
        return found
    from vecguard.keys import Secret

    guess = Secret(hashlib.sha256(b"alice").digest())
    return Space(collection.uid, "alice", state.digest("alice"), collection.keys, OwnerKeys.of(guess))


def membership(site: Site, ids: Sequence[str]) -> list[bool]:
    """Say of each id whether a record of it was written: its backend id is derived, and looked for in every byte."""
    with site.opened() as desk:
        space = _owner_space(desk)
        names = [space.backend_id(RecordId.text(each)) for each in ids]
        tag = space.owner_tag
    raw = b"\0".join(path.read_bytes() for path in site.files())
    tagged = tag.encode() in raw
    return [tagged and (name.encode() in raw or bytes.fromhex(name) in raw) for name in names]


def dictionary(site: Site, texts: Sequence[str]) -> list[float]:
    """Score each text by the best cosine of its vector with any vector that the files give up to the keys at hand."""
    with site.opened() as desk:
        vectors = [vector for _, vector in exact_rows(desk)]
        # what is on the shelf without a key: every masked vector of anybody's
        shelved = [np.asarray(row.vector) for owner in ("alice", "bob") for row in desk.rows(owner)]
        clean = desk.guard.scrubbed(list(texts), "alice")
    known = np.array([each / np.linalg.norm(each) for each in (*vectors, *shelved)], dtype=np.float64)
    candidates = np.asarray(EMBED(clean), dtype=np.float64)
    candidates /= np.linalg.norm(candidates, axis=1)[:, None]
    return [float(each) for each in (candidates @ known.T).max(axis=1)]


def exact_rows(desk: Any) -> list[tuple[str, Any]]:
    """Return the text and the exact vector of each of alice's rows that open under what the root key opens."""
    rows, space = desk.rows("alice"), _owner_space(desk)
    opened = desk.room().shelf.sealer.open(rows, {space.owner_tag: space}, WHENEVER)
    alive = [(row, each) for row, each in zip(rows, opened, strict=True) if each is not None]
    return [(each.record.text, _unmasked(desk, row, each, space)) for row, each in alive]


def _unmasked(desk: Any, row: Any, opened: Any, space: Space) -> Any:
    from vecguard.protect.mechanism import mechanism

    protector = mechanism(desk.guard.policy.vectors)
    exact, _ = protector.unmask(row.vector[None, :], [opened.vector], [opened.backend_id], space)
    return exact[0]


def advantage(member: Sequence[float], other: Sequence[float]) -> float:
    """Return how far the area under the ROC curve is from one half, in standard deviations under no difference."""
    ranks = np.argsort(np.argsort([*member, *other], kind="stable"), kind="stable") + 1.0
    values = np.array([*member, *other])
    for value in np.unique(values):
        ranks[values == value] = ranks[values == value].mean()
    n, m = len(member), len(other)
    area = (ranks[:n].sum() - n * (n + 1) / 2) / (n * m)
    return float((area - 0.5) / np.sqrt((n + m + 1) / (12 * n * m)))


def test_membership_is_at_chance_after_an_erasure(site_of: Callable[..., Site]) -> None:
    """Ids that were there and ids that never were: told apart before, and alike afterwards."""
    site = site_of("chroma")
    there, never = ids_of("alice", COUNT), [f"record-alice-never-{n}" for n in range(COUNT)]
    assert membership(site, there) == [True] * COUNT
    assert membership(site, never) == [False] * COUNT
    with site.opened() as desk:
        assert erase(desk.guard, [desk.target], OfOwner("alice")).clean
    assert membership(site, there) == membership(site, never)


def test_a_dictionary_is_at_chance_after_an_erasure(site_of: Callable[..., Site]) -> None:
    """Texts that were there and texts that never were: by their vectors told apart before, and alike afterwards."""
    site = site_of("faiss")
    there = texts_of("alice", COUNT)
    never = [text.replace("Minutes", "Minutes of number") for text in texts_of("alice", 2 * COUNT)[COUNT:]]
    before = advantage(dictionary(site, there), dictionary(site, never))
    assert before > SIGMA, "the attacker must be strong where there is something to find"
    with site.opened() as desk:
        assert erase(desk.guard, [desk.target], OfOwner("alice")).clean
    after = advantage(dictionary(site, there), dictionary(site, never))
    assert abs(after) < SIGMA
