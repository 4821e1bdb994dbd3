"""What a rule does not show cannot be asked for either, where the payload holds it in clear."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from qdrant_client import QdrantClient, models

import vecguard_qdrant
from vecguard import Guard, Keyring, Policy, Principal, Scrub
from vecguard.testing import word_hash

EMBED = word_hash(16)


def _wrapped(policy: Policy, *keys: str) -> tuple[Guard, Any]:
    """Return a guard and a wrap that writes; with `keys`, a second one that takes other fields for the text."""
    client = QdrantClient(":memory:")
    client.create_collection("notes", models.VectorParams(size=16, distance=models.Distance.COSINE))
    guard = Guard(policy, keys=Keyring.ephemeral(), state=":memory:", embedder=EMBED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = vecguard_qdrant.wrap(client, guard)
        return guard, (written, vecguard_qdrant.wrap(client, guard, text_keys=keys)) if keys else written


@pytest.mark.parametrize("texts", ["clear", "sealed"])
@pytest.mark.parametrize("fields", [None, ["ward", "document"]])
def test_a_text_that_does_not_show_cannot_be_guessed_by_what_is_left_out(texts: str, fields: list[str] | None) -> None:
    """Neither sense of a filter on it tells a right guess from a wrong one."""
    guard, (client, other) = _wrapped(Policy(scrub=Scrub(enabled=False), texts=texts), "body")
    vector = EMBED(["fever"])[0].tolist()
    payload = {"document": "fever", "ward": "B2"}
    client.acting_for("alice").upsert("notes", [models.PointStruct(id=1, vector=vector, payload=payload)])
    guard.rules.grant("alice", readers=["bob"], text=False, fields=fields)
    bob = other.acting_for("bob")  # to it "document" is a field like any
    counts = []
    for guess in ("fever", "cough"):
        asked = [models.FieldCondition(key="document", match=models.MatchValue(value=guess))]
        for filtered in (models.Filter(must=asked), models.Filter(must_not=asked)):
            listed, _ = bob.scroll("notes", scroll_filter=filtered)
            found = bob.query_points("notes", query=vector, query_filter=filtered).points
            counts.append((len(listed), len(found)))
    assert counts[:2] == counts[2:] == [(0, 0), (1, 1)]
    guard.close()


def test_originals_of_others_are_not_restored_for_a_reader_who_may_restore_its_own() -> None:
    """`pii:restore` is about one's own records."""
    guard, client = _wrapped(Policy(scrub=Scrub(model="none")))
    for owner in ("alice", "bob"):
        payload = {"document": f"write to {owner}@example.org", "to": f"{owner}@example.org"}
        vector = EMBED(["write"])[0].tolist()
        client.acting_for(owner).upsert("notes", [models.PointStruct(id=1, vector=vector, payload=payload)])
    guard.rules.grant("alice", readers=["bob"])
    reader = Principal("bob", permissions=frozenset({"pii:restore"}))
    shown = repr(client.acting_for(reader).scroll("notes")[0])
    assert "bob@example.org" in shown
    assert "alice@example.org" not in shown
    guard.close()
