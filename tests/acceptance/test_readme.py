"""What the README shows is run as written."""

from __future__ import annotations

import re
from pathlib import Path

import chromadb
import faiss
import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient
from qdrant_client.models import Distance, PointStruct, VectorParams

import vecguard
from vecguard.testing import word_hash

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
PYTHON = [body for language, body in BLOCKS if language == "python"]
EMBED = word_hash(384)


def _block(holding: str) -> str:
    (found,) = [body for body in PYTHON if holding in body]
    return found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in a folder with the key file that the README makes."""
    monkeypatch.chdir(tmp_path)
    vecguard.Keyring.generate("vecguard.key")
    return tmp_path


def _names(here: Path) -> dict[str, object]:
    guard = vecguard.Guard(
        vecguard.Policy(), keys=vecguard.Keyring.from_file("vecguard.key"), state=":memory:", embedder=EMBED
    )
    vector = EMBED(["a text"])[0].tolist()
    names: dict[str, object] = {"guard": guard, "vecguard": vecguard, "faiss": faiss, "PointStruct": PointStruct}
    return {**names, "text": "a text", "vector": vector, "vectors": EMBED(["a", "b", "c"]), "queries": EMBED(["a"])}


def test_the_chroma_example(here: Path) -> None:
    """The two lines of glue for Chroma, the write and the search."""
    client = chromadb.PersistentClient(str(here / "chroma"))
    collection = client.create_collection("notes", embedding_function=None)
    names: dict[str, object] = {"collection": collection, "embed": EMBED}
    exec(_block("vecguard_chroma.wrap"), names)
    found = names["notes"].query(query_texts=["who was diagnosed?"], n_results=3, where={"ward": "B2"})
    assert found["ids"] == [["n1"]]
    assert "Sarah" not in found["documents"][0][0]


def test_the_qdrant_example(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Qdrant lines, synchronous, with the local client in place of a server."""
    native = QdrantClient(":memory:")
    native.create_collection("notes", vectors_config=VectorParams(size=384, distance=Distance.COSINE))
    names = {**_names(here), "QdrantClient": lambda _host: native}
    sync = _block("vecguard_qdrant.wrap").split("\n\n")
    exec("\n".join(part for part in sync if "await" not in part), names)
    found = names["client"].query_points("notes", query=names["vector"], limit=3)
    assert [point.id for point in found.points] == [1]


async def test_the_async_qdrant_example(here: Path) -> None:
    """The Qdrant lines, asynchronous."""
    native = AsyncQdrantClient(":memory:")
    await native.create_collection("notes", vectors_config=VectorParams(size=384, distance=Distance.COSINE))
    names = {**_names(here), "AsyncQdrantClient": lambda _host: native}
    parts = _block("vecguard_qdrant.wrap").split("\n\n")
    (part,) = [part for part in parts if "await" in part]
    body = "import vecguard_qdrant\nasync def main():\n" + "".join(f"    {line}\n" for line in part.splitlines())
    exec(body, names)
    await names["main"]()


def test_the_faiss_example(here: Path) -> None:
    """The FAISS lines: the index and the collection, saved and opened again."""
    names = _names(here)
    exec(_block("vecguard_faiss.wrap"), names)
    assert names["index"].ntotal == 3
    again = names["vecguard_faiss"].GuardedFaissCollection.open("notes.vecguard", names["guard"])
    assert again.acting_for("alice").get()["ids"] == ["n1"]


def test_the_configuration_in_python(here: Path) -> None:
    """The policies of the README are valid and explain themselves."""
    names: dict[str, object] = {"vecguard": vecguard}
    exec(_block("Policy.strict()"), names)
    assert names["policy"] == vecguard.Policy.strict()


def test_the_configuration_in_toml(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The TOML of the README starts a guard, with paths of this machine in place of the example's."""
    (toml,) = [body for language, body in BLOCKS if language == "toml"]
    (here / "myapp").mkdir()
    (here / "myapp" / "models.py").write_text("from vecguard.testing import word_hash\nembed = word_hash(384)\n")
    monkeypatch.syspath_prepend(str(here))
    toml = toml.replace("/var/lib/app/vecguard.db", str(here / "state.db"))
    (here / "vecguard.toml").write_text(toml.replace("/etc/app/vecguard.key", str(here / "vecguard.key")))
    guard = vecguard.Guard.from_toml("vecguard.toml")
    assert guard.policy.vectors.cache_mb == 1024
    assert guard.policy.retention.days == 365
    assert guard.embedding.available
    assert np.all(np.isfinite(guard.embedding.texts(["hello"], 384)))
