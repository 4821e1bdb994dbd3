"""Noise that nobody can take off, in real Chroma files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import Guard, Keyring, Policy, Scrub, Vectors
from vecguard.facade import shelf_of
from vecguard.protect.irreversible import MECHANISMS
from vecguard.protect.rotation import rotation
from vecguard.testing import word_hash

chromadb = pytest.importorskip("chromadb", reason="pip install vecguard[chroma]")
vecguard_chroma = pytest.importorskip("vecguard_chroma")

D = 64
IDS = ["n1", "n2", "n3"]
TEXTS = ["swelling over the left wrist", "chest pain on exertion", "a rash on both hands since march"]


def _stored(native: Any) -> dict[str, bytes]:
    found = native.get(include=["embeddings", "metadatas"])
    rows = zip(found["ids"], found["embeddings"], found["metadatas"], strict=True)
    return {id_: np.asarray(row, np.float32).tobytes() for id_, row, fields in rows if "_vg_owner" in fields}


CASES = [(name, ranking, "cosine") for name in MECHANISMS for ranking in ("store", "guard")]
CASES += [("gaussian", "store", "l2"), ("gaussian", "store", "ip")]


@pytest.mark.parametrize(("name", "ranking", "space"), CASES)
def test_write_search_and_write_again(name: Any, ranking: Any, space: str, tmp_path: Path) -> None:
    """Records are found, written again with the same bytes stored, changed, and swapped ones are not found."""
    policy = Policy(
        scrub=Scrub(enabled=False), vectors=Vectors(noise=0.3, non_recoverable=True, mechanism=name, ranking=ranking)
    )
    keys, url = Keyring.ephemeral(), f"sqlite:///{tmp_path / 'state.db'}"
    guard = Guard(policy, keys=keys, state=url, embedder=word_hash(D))
    client = chromadb.PersistentClient(str(tmp_path / "store"))
    native = client.create_collection("notes", embedding_function=None, configuration={"hnsw": {"space": space}})
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
    notes.add(ids=IDS, documents=TEXTS, metadatas=[{"ward": "B2"}] * 3)
    before = _stored(native)
    for id_, text in zip(IDS, TEXTS, strict=True):
        assert notes.query(query_texts=[text], n_results=3)["ids"][0][0] == id_

    np.random.seed(0)
    notes.upsert(ids=IDS, documents=TEXTS, metadatas=[{"ward": "B3"}] * 3)
    notes.upsert(ids=IDS[1:2], documents=TEXTS[1:2])
    notes.update(ids=IDS[2:], metadatas=[{"ward": "B4"}])
    assert _stored(native) == before
    assert [each["ward"] for each in notes.get(ids=IDS)["metadatas"]] == ["B3", "B3", "B4"]
    notes.upsert(ids=["n2"], documents=["chest pain at rest"])
    after = _stored(native)
    assert sum(after[key] == before[key] for key in before) == 2
    assert notes.query(query_texts=["chest pain at rest"], n_results=1)["ids"] == [["n2"]]

    collection = shelf_of(notes).collection
    assert collection is not None
    turned = word_hash(D)([TEXTS[0], TEXTS[2]]) @ rotation(collection.keys.rotation, D).T
    nearest = [max(float(row @ np.frombuffer(each, np.float32)) for each in after.values()) for row in turned]
    assert min(nearest) > 0.8  # these are the rows
    assert max(nearest) < 0.999  # and whoever has every key still has the noise

    guard.close()

    one, other, _ = after
    native.update(ids=[one, other], embeddings=[np.frombuffer(after[key], np.float32).tolist() for key in (other, one)])
    guard = Guard(policy, keys=keys, state=url, embedder=word_hash(D))  # one that has no rows in its cache
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
    assert len(notes.query(query_texts=["pain"], n_results=3)["ids"][0]) == 1
    guard.close()
