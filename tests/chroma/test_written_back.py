"""What was read can be changed and written back, or filtered by, without losing what its tokens stand for."""

from __future__ import annotations

from typing import Any

import chromadb
import pytest

import vecguard_chroma
from vecguard import Guard, Keyring, Policy, Principal
from vecguard.testing import word_hash

TEXT = "Dr. Sarah Johnson diagnosed John Smith with asthma"
DOCTOR = Principal("alice", permissions=frozenset({"pii:restore"}))


class Seeing:
    """An embedder that remembers what it was shown."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._embed = word_hash(32)

    def __call__(self, texts: Any) -> Any:
        self.seen += texts
        return self._embed(texts)


@pytest.fixture
def embed() -> Seeing:
    return Seeing()


@pytest.fixture
def notes(embed: Seeing, request: pytest.FixtureRequest) -> Any:
    guard = Guard(Policy(), keys=Keyring.ephemeral(), state=":memory:", embedder=embed)
    name = f"back-{abs(hash(request.node.name))}"
    return vecguard_chroma.wrap(chromadb.EphemeralClient().create_collection(name, embedding_function=None), guard)


def test_a_text_that_was_read_is_written_back_with_its_tokens(notes: Any, embed: Seeing) -> None:
    """An application that may not see originals edits a note; whoever may still reads the names in it."""
    alice = notes.acting_for("alice")
    alice.add(ids=["n1"], documents=[TEXT])
    read = alice.get(ids=["n1"])["documents"][0]
    alice.upsert(ids=["n1"], documents=[read + " and hay fever"])
    assert alice.get(ids=["n1"])["documents"] == [read + " and hay fever"]
    assert notes.acting_for(DOCTOR).get(ids=["n1"])["documents"] == [TEXT + " and hay fever"]
    assert embed.seen[-1] == "Dr. <PERSON> diagnosed <PERSON> with asthma and hay fever"


def test_a_token_that_was_read_filters(notes: Any) -> None:
    """A field that came back as a token finds its record when it is filtered by; so does the original."""
    alice = notes.acting_for("alice")
    alice.add(ids=["n1", "n2"], documents=["a", "b"], metadatas=[{"patient": "John Smith"}, {"patient": "Mary Jones"}])
    token = alice.get(ids=["n1"])["metadatas"][0]["patient"]
    assert token.startswith("<PERSON_")
    assert alice.get(where={"patient": token})["ids"] == ["n1"]
    assert alice.get(where={"patient": "John Smith"})["ids"] == ["n1"]


def test_another_owners_token_is_only_text(notes: Any) -> None:
    """A token of another owner, or an invented one, is text that looks like a token: it restores to itself."""
    notes.acting_for("alice").add(ids=["n1"], documents=[TEXT])
    stolen = notes.acting_for("alice").get(ids=["n1"])["documents"][0]
    bob = Principal("bob", permissions=frozenset({"pii:restore"}))
    notes.acting_for(bob).add(ids=["n1"], documents=[stolen])
    assert notes.acting_for(bob).get(ids=["n1"])["documents"] == [stolen]
    assert notes.acting_for("bob").get(ids=["n1"])["documents"] != [stolen]
    assert notes.acting_for("bob").get(where_document={"$contains": "Sarah"})["ids"] == []
