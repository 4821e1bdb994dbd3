"""A host that changes vectors is found out, by the mask on arrays and by the guard in a real store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import Keyring, Policy, Scrub
from vecguard.arrays import Floats
from vecguard.policy import Vectors
from vecguard.protect.mask import Mask, Unmasked
from vecguard.redteam import Hidden, Key, Keyed, Knowledge, Result, Stolen, Tampering, trial
from vecguard.redteam.defence import space
from vecguard.redteam.tampering import TAMPERS, dented, nudged, scaled

KEY = Key(1)


def passing(defence: Keyed, exact: Floats, older: Floats) -> dict[str, float]:
    protected = defence.protected(exact, KEY)
    stolen = Stolen(defence.stored(exact, KEY), (defence.stored(older, KEY),))
    results: tuple[Result, ...] = trial(
        Tampering(lambda rows: defence.genuine(rows, protected, KEY)), Knowledge(), stolen, Hidden(exact)
    )
    assert defence.genuine(stolen.rows, protected, KEY).all()
    assert defence.genuine(scaled(stolen), protected, KEY).all()  # as a store that normalises would
    return {each.metric.removesuffix(" passes"): each.value for each in results}


@pytest.mark.parametrize(("noise", "turned"), [(1.0, True), (100.0, False)], ids=["store", "guard"])
def test_a_mask_finds_out_rows_that_are_not_what_was_stored(
    cloud: Callable[..., Floats], noise: float, turned: bool
) -> None:
    """Swapped, replayed, flipped, negated, zeroed, made-up and half-swapped rows: none passes, at either r."""
    passed = passing(
        Keyed(Mask(noise=noise, turned=turned), asks=turned), cloud(200, dimension=384), cloud(200, 5, dimension=384)
    )
    assert set(passed) == set(TAMPERS)
    assert all(share == 0 for share in passed.values()), passed


def test_without_a_mask_everything_but_zeros_passes(cloud: Callable[..., Floats]) -> None:
    """The attack can succeed: a mechanism that checks nothing notices nothing."""
    passed = passing(Keyed(Unmasked(), asks=True), cloud(50), cloud(50, 5))
    assert passed.pop("zeroed") == 0
    assert all(share == 1 for share in passed.values()), passed


@pytest.mark.parametrize(("noise", "turned"), [(1.0, True), (100.0, False)], ids=["store", "guard"])
def test_what_a_passing_change_costs_follows_from_its_size(
    cloud: Callable[..., Floats], noise: float, turned: bool
) -> None:
    """The check is on length: a change of size s that passes leaves cosine 1 - s^2 / 2, and at r = 100 none passes."""
    mask, exact = Mask(noise=noise, turned=turned), cloud(200, dimension=384)
    defence = Keyed(mask, asks=turned)
    protected, stolen = defence.protected(exact, KEY), Stolen(defence.stored(exact, KEY))
    assert defence.genuine(nudged(stolen), protected, KEY).all()
    ids = [body.backend_id for body in protected.bodies]
    found, genuine = mask.unmask(dented(stolen), protected.seals, ids, space(KEY))
    cosines = np.sum(found * exact, axis=1) / np.linalg.norm(found, axis=1)
    assert genuine.any() == (noise == 1.0)
    # the guard takes directions only and brings each row to the length in its seal, and the change with it
    before, after = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (stolen.rows, dented(stolen)))
    sizes = np.linalg.norm(after - before, axis=1) * np.array([seal.scale for seal in protected.seals])
    assert np.abs(cosines - (1 - sizes**2 / 2))[genuine].max(initial=0.0) < 0.005


@pytest.mark.parametrize("noise", [1.0, 100.0])
def test_a_guarded_chroma_collection_hands_out_no_row_whose_vector_was_changed(noise: float, guard_of: Any) -> None:
    """Through the guard: two rows swapped in the store are missing from a search, and the six others are there."""
    chromadb = pytest.importorskip("chromadb")
    import vecguard_chroma
    from vecguard.testing import word_hash

    embed = word_hash(64)
    policy = Policy(
        scrub=Scrub(enabled=False), vectors=Vectors(noise=noise, ranking="store" if noise < 100 else "guard")
    )
    guard = guard_of(policy, keys=Keyring.ephemeral(), embedder=embed)
    native = chromadb.EphemeralClient().create_collection(f"tampering-{noise:g}", embedding_function=None)
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
    texts = [f"note number {i} about subject {i * i}" for i in range(8)]
    notes.add(ids=[str(i) for i in range(8)], documents=texts)
    rows = native.get(include=["embeddings", "metadatas"])
    ours = [i for i, each in enumerate(rows["metadatas"]) if "_vg_owner" in (each or {})][:2]
    swapped = [np.asarray(rows["embeddings"][i]) for i in reversed(ours)]
    native.update(ids=[rows["ids"][i] for i in ours], embeddings=swapped)
    found = notes.query(query_texts=[texts[0]], n_results=8)["ids"][0]
    assert len(found) == 6
    assert set(found) < {str(i) for i in range(8)}
