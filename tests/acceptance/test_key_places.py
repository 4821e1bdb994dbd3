"""A guard looks where its key file lies, and a wrapped store says where its own files are."""

from __future__ import annotations

import warnings
from pathlib import Path

import chromadb
import pytest
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

import vecguard_chroma
import vecguard_qdrant
from vecguard import Guard, KeyBesideStateWarning, Keyring, KeyringError, Policy, Scrub
from vecguard.testing import word_hash

BARE = Policy(scrub=Scrub(enabled=False))


def _guard(key: Path, state: str) -> Guard:
    key.parent.mkdir(parents=True, exist_ok=True)
    return Guard(BARE, keys=Keyring.generate(key), state=state, embedder=word_hash(16))


def test_a_key_beside_the_state_is_warned_of(tmp_path: Path) -> None:
    """Once it lies elsewhere, in memory, or the state does, there is no warning."""
    with pytest.warns(KeyBesideStateWarning, match="whoever takes the folder") as caught:
        _guard(tmp_path / "key", f"sqlite:///{tmp_path}/state.db").close()
    assert caught[0].filename == __file__
    (tmp_path / "state").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error", KeyBesideStateWarning)
        _guard(tmp_path / "keys" / "key", f"sqlite:///{tmp_path}/state/state.db").close()
        _guard(tmp_path / "other", ":memory:").close()
        Guard(BARE, keys=Keyring.ephemeral(), state=f"sqlite:///{tmp_path}/memory.db").close()


def test_a_key_in_chromas_folder_is_refused(tmp_path: Path) -> None:
    """Before anything is written; beside the folder it is let be."""
    native = chromadb.PersistentClient(str(tmp_path / "chroma")).create_collection("notes", embedding_function=None)
    guard = _guard(tmp_path / "chroma" / "key", ":memory:")
    with pytest.raises(KeyringError, match="store's folder"):
        vecguard_chroma.wrap(native, guard)
    assert native.count() == 0
    with pytest.raises(KeyringError, match="store's folder"):
        vecguard_chroma.wrap(chromadb.PersistentClient(str(tmp_path / "chroma")), guard).get_collection("notes")
    beside = Guard(Policy(), keys=Keyring.generate(tmp_path / "key"), state=":memory:", embedder=word_hash(16))
    vecguard_chroma.wrap(native, beside).acting_for("alice").add(ids=["a"], documents=["text"])


def test_a_key_in_qdrants_folder_is_refused(tmp_path: Path) -> None:
    """The same for a local Qdrant, as soon as a collection is touched; in memory there is no folder."""
    client = QdrantClient(path=str(tmp_path / "qdrant"))
    client.create_collection("c", vectors_config=VectorParams(size=16, distance=Distance.COSINE))
    guard = _guard(tmp_path / "qdrant" / "key", ":memory:")
    with pytest.raises(KeyringError, match="store's folder"):
        vecguard_qdrant.wrap(client, guard).acting_for("alice").scroll("c")
    client.close()
    memory = QdrantClient(":memory:")
    memory.create_collection("c", vectors_config=VectorParams(size=16, distance=Distance.COSINE))
    assert vecguard_qdrant.wrap(memory, guard).acting_for("alice").scroll("c") == ([], None)
