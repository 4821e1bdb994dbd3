"""Whoever takes everything that is left after an erasure, and can read words out of vectors, reads none of the erased.

The attacker is the bag-of-words inverter, trained on texts of the same kind and their exact vectors. It has the root
key, every file of store and state, every blob of the state, and the memory of the guard that erased. It takes any bytes
that look like a vector for one, at every byte at which one may begin.

It is asked about texts that were written and texts that never were. Each is scored by the row that says most for its
words. Before the erasure the written ones stand out, where rows are bare and where the key is at hand.
"""

from __future__ import annotations

import gc
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

from vecguard import Vectors
from vecguard.arrays import Floats
from vecguard.erasure import OfOwner, erase
from vecguard.protect.rotation import rotation
from vecguard.redteam import BagOfWords, Hidden, Knowledge, Stolen

from . import sites
from .conftest import COUNT
from .sites import DIMENSION, EMBED, POLICY, STORES, Site
from .test_attacks import SIGMA, advantage, exact_rows

_WORDS = tuple("".join(each) for each in itertools.product(("ka", "lo", "mi", "ru", "te", "vo"), repeat=3))[:200]
_LENGTH = 4  # words of a text


def _written(seed: int, count: int) -> list[str]:
    """Texts of four words each, out of two hundred that mean nothing."""
    draw = np.random.default_rng(seed)
    return [" ".join(draw.choice(_WORDS, _LENGTH, replace=False)) for _ in range(count)]


TEXTS = {"alice": _written(1, COUNT), "bob": _written(2, COUNT)}
NEVER = _written(3, COUNT)


@pytest.fixture(scope="module")
def inverter() -> Any:
    """Trained on 4,000 texts of its own: seconds."""
    pytest.importorskip("torch", reason="the bag-of-words attack NOT RUN: the extra vecguard[redteam] is not installed")
    texts = _written(4, 4_000)
    return BagOfWords().fit(Knowledge(EMBED(texts), texts=tuple(texts)))


@pytest.fixture(scope="module", params=STORES)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Both owners have written such texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sites, "texts_of", lambda owner, count: TEXTS[owner][:count])
        made = Site(request.param, tmp_path_factory.mktemp("words"))
        with made.opened() as desk:
            for owner in TEXTS:
                desk.write(owner, COUNT)
            desk.save()
        yield made


# ------------------------------------------------------------------------------------------------------ the attacker


def in_bytes(raw: bytes) -> Floats:
    """Return what could be vectors (n, d) in some bytes: float32 at every byte, and floats as Python pickles them."""
    pickled = np.dtype([("tag", "u1"), ("value", ">f8")])
    plain = (np.frombuffer(raw, "<f4", (len(raw) - at) // 4, at) for at in range(4) if len(raw) > at)
    tagged = (np.frombuffer(raw, pickled, (len(raw) - at) // 9, at) for at in range(9) if len(raw) > at)
    floats = (np.where(each["tag"] == ord("G"), each["value"], np.inf) for each in tagged)
    return np.concatenate([*map(_likely, plain), *map(_likely, floats), np.empty((0, DIMENSION), np.float32)])


def _likely(values: np.ndarray[Any, Any]) -> Floats:
    """Return every run of values (n, d) that has the length of a vector, or nearly: between a half and two."""
    with np.errstate(all="ignore"):
        squares = np.where(np.abs(values) < 2, values.astype(np.float64) ** 2, 9.0)
    ends = np.concatenate([[0.0], np.cumsum(squares)])
    lengths = ends[DIMENSION:] - ends[:-DIMENSION]
    at = np.flatnonzero((lengths > 0.25) & (lengths < 4.0))
    return values[at[:, None] + np.arange(DIMENSION)].astype(np.float32)


def in_files(site: Site) -> Floats:
    """Every file of store and state, at every byte."""
    return np.concatenate([in_bytes(path.read_bytes()) for path in site.files()])


def in_blobs(site: Site) -> Floats:
    """Every blob of every table of the state, in which a file's pages cut nothing."""
    with sqlite3.connect(site.folder / "state" / "state.db") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        values = [value for name in names for row in database.execute(f'SELECT * FROM "{name}"') for value in row]
    return in_bytes(b"\0".join(each for each in values if isinstance(each, bytes)))


def in_memory(root: object) -> Floats:
    """Every array of vectors that an object reaches, and every string of bytes."""
    arrays: list[Floats] = []
    raw: list[bytes] = []
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, ModuleType | type):
            continue
        seen.add(id(each))
        if isinstance(each, FunctionType):
            waiting += each.__closure__ or ()
        elif isinstance(each, np.ndarray):
            if each.dtype.kind == "f" and each.shape[-1:] == (DIMENSION,) and each.size:
                arrays.append(each.reshape(-1, DIMENSION).astype(np.float32))
        elif isinstance(each, bytes):
            raw.append(each)
        else:
            waiting += gc.get_referents(each)
    return np.concatenate([*arrays, in_bytes(b"\0".join(raw))])


def says(inverter: Any, rows: Floats, texts: Sequence[str]) -> list[float]:
    """Score texts by the row that makes their words the likeliest, against the words of any text."""
    if not len(rows):
        return [0.0] * len(texts)
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    chances = inverter.layers.chances((unit * np.sqrt(DIMENSION)).astype(np.float32))
    odds = np.log(np.clip(chances, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(chances, 1e-6, 1 - 1e-6))
    place = {word: at for at, word in enumerate(inverter.vocabulary.words)}
    return [float(odds[:, [place[word] for word in text.split()]].sum(axis=1).max()) for text in texts]


def told_apart(inverter: Any, rows: Floats) -> float:
    """Return how far alice's texts stand out from texts that nobody wrote, in standard deviations of chance."""
    return advantage(says(inverter, rows, TEXTS["alice"]), says(inverter, rows, NEVER))


def recall(inverter: Any, rows: Floats, texts: Iterable[str]) -> tuple[float, float]:
    """Return content-recall@10 on rows of these texts in their order, and what it is without looking at any row."""
    score, *_ = inverter.run(Stolen(rows), Hidden(rows, tuple(texts)))
    assert score.metric == "content-recall@10"
    return score.value, score.floor


# --------------------------------------------------------------------------------------------------------- the tests


def test_the_attacker_reads_bare_rows(inverter: Any, tmp_path: Path) -> None:
    """Four words of two hundred in ten guesses: nearly all, from vectors as they are, wherever they lie in a file."""
    exact = EMBED(TEXTS["alice"])
    value, floor = recall(inverter, exact, TEXTS["alice"])
    assert floor < 0.1
    assert value > 0.8
    noise = np.random.default_rng(5).bytes(100_001)
    (tmp_path / "index").write_bytes(noise + exact.tobytes() + noise)
    assert told_apart(inverter, in_bytes((tmp_path / "index").read_bytes())) > SIGMA


def test_words_are_at_chance_after_an_erasure(site: Site, inverter: Any) -> None:
    """With the key at hand it reads everything; after the erasure nothing from files, blobs, memory or a backup."""
    with site.opened() as desk:
        texts, rows = zip(*exact_rows(desk), strict=True)
        assert sorted(texts) == sorted(TEXTS["alice"])
        value, floor = recall(inverter, np.array(rows), texts)
        assert floor < 0.1
        assert value > 0.8
        desk.search("alice", TEXTS["alice"][0])
        assert told_apart(inverter, in_memory(desk.guard)) > SIGMA  # it keeps an owner's rows, to rank them
        backup = np.array([each.vector for each in desk.rows("alice")])
        assert erase(desk.guard, [desk.target], OfOwner("alice")).clean
        assert exact_rows(desk) == []
        left = {"memory": in_memory(desk.guard), "backup of the shelf": backup}
    left |= {"files": in_files(site), "blobs": in_blobs(site)}
    assert len(left["files"]) >= COUNT, "bob's rows, at the least, look like vectors"
    far = {name: told_apart(inverter, each) for name, each in left.items()}
    assert {name: each for name, each in far.items() if abs(each) > SIGMA} == {}


def test_masks_of_a_store_that_ranks_do_not_go_with_the_owners_key(
    inverter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit: its rotation is the collection's and stays, so a backup of the shelf keeps what r = 1 lets through."""
    monkeypatch.setattr(sites, "texts_of", lambda owner, count: TEXTS[owner][:count])
    site = Site("faiss", tmp_path, POLICY.replace(vectors=Vectors(noise=1.0, ranking="store")))
    with site.opened() as desk:
        desk.write("alice", COUNT)
        texts = {row.backend_id: text for row, (text, _) in zip(desk.rows("alice"), exact_rows(desk), strict=True)}
        backup = np.array([row.vector for row in desk.rows("alice")])
        assert erase(desk.guard, [desk.target], OfOwner("alice")).clean
        keys = desk.room().shelf.collection.keys  # the root key opens it
    turned = (backup @ rotation(keys.rotation, DIMENSION)).astype(np.float32)
    value, floor = recall(inverter, turned, texts.values())
    assert value > 3 * floor
    assert recall(inverter, backup, texts.values())[0] < 2 * floor
