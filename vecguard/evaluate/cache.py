"""Embeddings kept on disk, so that a corpus is embedded once for all stores, profiles and runs.

One SQLite file: each batch is one transaction, so whoever kills the process loses the batch in flight and nothing else.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vecguard.errors import EmbedderFailed, shielded
from vecguard.evaluate.errors import CacheUnusable

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Progress = Callable[[int, int], None]
T = TypeVar("T")

FILE = "embeddings.sqlite3"
_LOOKUP = 500  # digests per SELECT; SQLite builds before 3.32 allow 999 parameters


def default_folder() -> Path:
    """`$VECGUARD_CACHE`, or `~/.cache/vecguard`."""
    return Path(os.environ.get("VECGUARD_CACHE") or Path.home() / ".cache" / "vecguard")


class Cached:
    """An embedder in front of which stands a file: it embeds each text once per name, over all runs.

    **The file is sensitive.** An embedding gives much of its text away (inversion attacks), and the digests beside
    it confirm a guessed text. It is created readable by its user alone (0600, in a folder made with 0700); delete it
    after measuring on a private corpus. A folder that exists already keeps its permissions.

    `name` says which embedder made the vectors; two embedders must not share one. It defaults to `embedder.name`.
    `batch` texts are embedded and committed at a time. `on_progress(done, total)` is told, in distinct texts of the
    call, what was found at once and then each finished batch.

    Raises `CacheUnusable` when the file cannot be used, `EmbedderFailed` when the embedder does not return one
    finite vector per text, `ValueError` for a missing name.
    """

    def __init__(
        self,
        embedder: Embed,
        folder: str | os.PathLike[str] | None = None,
        *,
        name: str | None = None,
        batch: int = 256,
        on_progress: Progress | None = None,
    ) -> None:
        named = str(name or getattr(embedder, "name", ""))
        if not named:
            raise ValueError("this embedder has no attribute `name`: pass name=... to keep its vectors apart")
        if batch < 1:
            raise ValueError("batch must be at least 1")
        self.name = named
        self._embedder = embedder
        self._folder = Path(folder).expanduser() if folder is not None else default_folder()
        self._batch = batch
        self._on_progress = on_progress

    @property
    def embedder(self) -> Embed:
        """The embedder behind the file."""
        return self._embedder

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, shape (len(texts), d), float32, in the order given. No texts: shape (0, 0)."""
        if not texts:
            return np.empty((0, 0), dtype=np.float32)
        digests = [_digest(self.name, text) for text in texts]
        wanted = dict(zip(digests, texts, strict=True))
        with contextlib.closing(_usable(lambda: _connect(self._folder))) as database:
            known = _read(database, list(wanted))
            self._report(len(known), len(wanted))
            missing = [digest for digest in wanted if digest not in known]
            for start in range(0, len(missing), self._batch):
                part = missing[start : start + self._batch]
                fresh = dict(zip(part, self._embed([wanted[digest] for digest in part]), strict=True))
                _write(database, fresh)
                known |= fresh
                self._report(len(known), len(wanted))
        if len({row.shape for row in known.values()}) != 1:
            raise CacheUnusable("two dimensions under one embedder name: was the model changed? Delete the cache file")
        return np.stack([known[digest] for digest in digests])

    def _report(self, done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(done, total)

    def _embed(self, texts: list[str]) -> NDArray[np.float32]:
        rows = np.asarray(self._embedder(texts), dtype=np.float32)
        if rows.ndim != 2 or len(rows) != len(texts) or not np.isfinite(rows).all():
            raise EmbedderFailed("the embedder did not return one finite vector per text")
        return rows


def _digest(name: str, text: str) -> bytes:
    # The name's length in front: ("a", "bc") and ("ab", "c") must differ. Lone surrogates must not stop a benchmark.
    encoded = name.encode("utf-8", "surrogatepass")
    return hashlib.sha256(len(encoded).to_bytes(4, "big") + encoded + text.encode("utf-8", "surrogatepass")).digest()


def _connect(folder: Path) -> sqlite3.Connection:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE
    # SQLite would create the file with the umask's permissions; its journal copies those of the file.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=60)
    try:
        with database:
            database.execute("CREATE TABLE IF NOT EXISTS embedding (digest BLOB PRIMARY KEY, vector BLOB NOT NULL)")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _read(database: sqlite3.Connection, digests: list[bytes]) -> dict[bytes, NDArray[np.float32]]:
    found: dict[bytes, NDArray[np.float32]] = {}
    for start in range(0, len(digests), _LOOKUP):
        part = digests[start : start + _LOOKUP]
        for digest, vector in _usable(functools.partial(_select, database, part)):
            found[digest] = np.frombuffer(vector, dtype="<f4").astype(np.float32)
    return found


def _select(database: sqlite3.Connection, digests: list[bytes]) -> list[tuple[bytes, bytes]]:
    marks = ",".join("?" * len(digests))
    query = f"SELECT digest, vector FROM embedding WHERE digest IN ({marks})"  # noqa: S608 - question marks only
    return database.execute(query, digests).fetchall()


def _write(database: sqlite3.Connection, rows: dict[bytes, NDArray[np.float32]]) -> None:
    def insert() -> None:
        with database:
            database.executemany(
                "INSERT OR IGNORE INTO embedding VALUES (?, ?)",
                [(digest, row.astype("<f4").tobytes()) for digest, row in rows.items()],
            )

    _usable(insert)


def _usable(call: Callable[[], T]) -> T:
    return shielded(
        lambda why: CacheUnusable(f"the embedding cache cannot be used ({why}); deleting {FILE} is safe"), call
    )
