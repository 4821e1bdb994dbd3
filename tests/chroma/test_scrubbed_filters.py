"""Filters on fields that were scrubbed: numbers and dates too, under the acting owner's tokens and nobody else's."""

from __future__ import annotations

import json
from typing import Any

import chromadb
import pytest

import vecguard_chroma
from vecguard import Guard, Keyring, Policy, Principal, Scrub
from vecguard.testing import word_hash

DOCTOR = Principal("alice", permissions=frozenset({"pii:restore"}))


@pytest.fixture
def notes(request: pytest.FixtureRequest) -> Any:
    guard = Guard(Policy(scrub=Scrub(model="none")), keys=Keyring.ephemeral(), state=":memory:", embedder=word_hash(16))
    name = f"filters-{abs(hash(request.node.name))}"
    return vecguard_chroma.wrap(chromadb.EphemeralClient().create_collection(name, embedding_function=None), guard)


@pytest.mark.parametrize(
    "where",
    [
        {"ssn": 219099999},
        {"ssn": {"$eq": 219099999}},
        {"ssn": {"$in": [219099999, 5]}},
        {"$and": [{"ssn": {"$nin": [219098888, 5]}}, {"n": 1}]},
        {"$and": [{"ssn": 219099999}, {"n": 1}]},
        {"mail": "ANN@example.com"},
    ],
)
def test_a_scrubbed_value_finds_its_record(notes: Any, where: Any) -> None:
    """A number under "ssn" is stored as a token; the same number in a filter is rewritten to it."""
    alice = notes.acting_for("alice")
    alice.add(
        ids=["a", "b"],
        documents=["first", "second"],
        metadatas=[
            {"ssn": 219099999, "n": 1, "mail": "ann@example.com"},
            {"ssn": 219098888, "n": 1, "mail": "b@c.org"},
        ],
    )
    assert alice.get(where=where)["ids"] == ["a"]
    stored = alice.get(ids=["a"])["metadatas"][0]
    assert stored["ssn"].startswith("<US_SSN_")
    assert stored["n"] == 1
    assert notes.acting_for(DOCTOR).get(ids=["a"])["metadatas"][0]["ssn"] == "219099999"
    notes.acting_for("bob").add(ids=["z"], documents=["x"], metadatas=[{"ssn": stored["ssn"]}])
    assert notes.acting_for("bob").get(where={"ssn": 219099999})["ids"] == []


def test_a_frameworks_node_is_scrubbed_inside_its_json(notes: Any) -> None:
    """LlamaIndex keeps the whole node as JSON in a field: names of fields, texts and numbers in it are scrubbed."""
    node = {"metadata": {"ssn": 219099999, "page": 3}, "text": "mail to ann@example.com", "relationships": {"1": {}}}
    alice = notes.acting_for("alice")
    alice.add(ids=["a"], documents=["x"], metadatas=[{"_node_content": json.dumps(node), "_node_type": "TextNode"}])
    held = json.loads(alice.get(ids=["a"])["metadatas"][0]["_node_content"])
    assert held["metadata"]["page"] == 3
    assert "219099999" not in json.dumps(held)
    assert "ann@" not in json.dumps(held)
    assert held["relationships"] == {"1": {}}


def test_verify_is_a_verb_of_the_collection(notes: Any) -> None:
    """The text as written verifies, for its owner only; a missing record answers False."""
    alice = notes.acting_for("alice")
    alice.add(ids=["a"], documents=["mail to ann@example.com"])
    assert alice.verify(ids=["a", "none"], documents=["mail to ann@example.com"] * 2) == [True, False]
    assert alice.verify(ids=["a"], documents=["mail to bob@example.com"]) == [False]
    assert notes.acting_for("bob").verify(ids=["a"], documents=["mail to ann@example.com"]) == [False]
