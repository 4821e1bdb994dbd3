"""Embedding objects that scrub first, and the vectors that come from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import chromadb
import numpy as np
import pytest

import vecguard_chroma
from vecguard import EmbedderFailed, EmbedderNeeded, Guard, Keyring, Policy, UnscrubbedVector
from vecguard.testing import word_hash

TEXT = "Dr. Sarah Johnson diagnosed John Smith with asthma"
EMBED = word_hash(32)


class Seeing:
    """An embedder that remembers every text it was shown."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Any:
        self.seen += texts
        return EMBED(texts)


class LangChainLike(Seeing):
    """The two methods that LangChain calls."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in self(texts)]


class TransformerLike(Seeing):
    """The one method that sentence-transformers has."""

    def encode(self, sentences: list[str], **options: Any) -> Any:
        return self(sentences)


@pytest.fixture
def guard() -> Guard:
    return Guard(Policy(), keys=Keyring.ephemeral(), state=":memory:")


@pytest.mark.parametrize("kind", [Seeing, LangChainLike, TransformerLike])
def test_no_provider_sees_personal_data(guard: Guard, kind: type[Seeing]) -> None:
    """Whatever shape the inner object has, what it is shown names nobody; documents and queries agree."""
    inner = kind()
    wrapped = guard.embeddings(inner)
    rows = np.asarray(wrapped([TEXT]))
    assert np.allclose(wrapped.embed_documents([TEXT]), rows)
    assert np.allclose(wrapped.embed_query(TEXT), rows[0])
    assert np.allclose(wrapped.encode(TEXT), rows[0])
    assert inner.seen
    assert not any(name in text for text in inner.seen for name in ("Sarah", "Johnson", "John", "Smith"))


def test_a_vector_made_of_the_scrubbed_text_is_taken_with_the_raw_text(guard: Guard) -> None:
    """A framework that embeds through the guard needs no embedder in it: its vectors are recognised and stored."""
    collection = chromadb.EphemeralClient().create_collection("made-here", embedding_function=None)
    notes = vecguard_chroma.wrap(collection, guard).acting_for("alice")
    vector = guard.embeddings(EMBED).embed_documents([TEXT])
    notes.add(ids=["n1"], embeddings=vector, documents=[TEXT])
    found = notes.query(query_embeddings=vector, n_results=1)
    assert found["distances"][0][0] == pytest.approx(0, abs=1e-5)
    assert "Sarah" not in found["documents"][0][0]


@pytest.mark.parametrize("change", ["another text", "another vector", "another guard"])
def test_only_that_vector_with_that_text_is_taken(guard: Guard, change: str) -> None:
    """A vector of another text, a changed vector, and a vector from another guard's embeddings are refused as ever."""
    collection = chromadb.EphemeralClient().create_collection(
        f"made-{change.replace(' ', '-')}", embedding_function=None
    )
    notes = vecguard_chroma.wrap(collection, guard).acting_for("alice")
    maker = guard if change != "another guard" else Guard(Policy(), keys=Keyring.ephemeral(), state=":memory:")
    vector = np.asarray(maker.embeddings(EMBED)([TEXT]))
    text = "Mr. Robert Miller owes rent" if change == "another text" else TEXT
    if change == "another vector":
        vector = vector + np.float32(1e-3)
    with pytest.raises(UnscrubbedVector):
        notes.add(ids=["n1"], embeddings=vector, documents=[text])
    assert collection.count() == 0


@pytest.mark.parametrize(
    "bad", [lambda _: None, lambda _: [[1.0], [2.0, 3.0]], lambda _: np.zeros((3, 2)), lambda _: 1 / 0]
)
def test_an_embedder_that_answers_nonsense_is_refused(guard: Guard, bad: Any) -> None:
    """No rows, ragged rows, too many rows, an exception: one typed error that shows nothing of the text."""
    with pytest.raises(EmbedderFailed) as caught:
        guard.embeddings(bad)([TEXT])
    assert "Sarah" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_what_cannot_embed_is_refused_at_once(guard: Guard) -> None:
    """An object without any of the calling conventions is refused when it is wrapped."""
    with pytest.raises(EmbedderNeeded):
        guard.embeddings(object())
