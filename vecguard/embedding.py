"""Embedding as a stage: from clean records to records with exact vectors, and the wrapper that scrubs first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from threading import Lock

import numpy as np

from vecguard import arrays
from vecguard.arrays import Floats
from vecguard.errors import BadVector, EmbedderFailed, EmbedderMismatch, EmbedderNeeded, shielded
from vecguard.keys import packed
from vecguard.ports import Embedder
from vecguard.records import Embedded, Scrubbed, VectorSource, made_by

PROBE = "VecGuard knows an embedder by what it makes of this sentence."
_SAME_TEXT = 0.99  # cosine below which a caller's vector cannot come from the guard's embedder


class Embedding:
    """Calls the user's embedder and believes nothing about what comes back.

    `identify` turns the embedding of a fixed public sentence into the embedder's id, once.
    """

    def __init__(self, embedder: Embedder | None, identify: Callable[[Floats], str]) -> None:
        if embedder is not None and not callable(embedder):
            raise EmbedderNeeded("an embedder is a callable: a sequence of texts to an array of shape (n, d)")
        self._embedder = embedder
        self._identify = identify
        self._lock = Lock()
        self._id: str | None = None
        self._dimension = 0
        self._checked = False

    @property
    def available(self) -> bool:
        """Whether there is an embedder."""
        return self._embedder is not None

    def __repr__(self) -> str:
        return f"<Embedding {'with' if self.available else 'without'} an embedder>"

    @property
    def dimension(self) -> int:
        """The dimension of what the embedder makes."""
        self._embedder_id()
        return self._dimension

    def texts(self, texts: Sequence[str], dimension: int | None) -> Floats:
        """Embed clean texts: (n, d) float32, finite and not zero."""
        if self._embedder is None:
            raise EmbedderNeeded(
                "there is text to embed: pass embedder= to Guard, or give the collection an embedding function"
            )
        embedder = self._embedder
        made = shielded(lambda name: EmbedderFailed(f"the embedder raised {name}"), lambda: embedder(list(texts)))
        try:
            return arrays.vectors(made, len(texts), dimension, "embedding")
        except BadVector as bad:
            complaint = str(bad)
        raise EmbedderFailed(f"the embedder's answer cannot be used: {complaint}")

    def embed(self, scrubbed: Scrubbed, dimension: int | None) -> Embedded:
        """Give every clean record its exact vector: the caller's where it stands, else the guard's own."""
        scrubbed = made_by(Scrubbed, scrubbed)
        wanted = [(row, text) for row, text in enumerate(scrubbed.embed) if text is not None]
        made = self.texts([text for _, text in wanted], dimension) if wanted else None
        own = {row: (made[at], self._digest(text)) for at, (row, text) in enumerate(wanted) if made is not None}
        caller = [row for row, stands in enumerate(scrubbed.given) if stands]
        if scrubbed.vectors is not None and caller:
            self._compare(scrubbed, caller[0])
        given = _digests_of_given(scrubbed, caller)
        rows = tuple(row for row in range(len(scrubbed.bodies)) if row not in scrubbed.kept)
        vectors: list[Floats] = []
        digests: list[bytes] = []
        sources: list[VectorSource] = []
        for row in rows:
            if row in own:
                vector, digest = own[row]
                sources.append("guard")
            else:
                assert scrubbed.vectors is not None  # noqa: S101 - a row without a text to embed has a vector or is kept
                vector, digest = scrubbed.vectors[row], given[row]
                sources.append("caller")
            vectors.append(vector)
            digests.append(digest)
        return Embedded(
            bodies=scrubbed.bodies,
            rows=rows,
            vectors=_stacked(vectors),
            sources=tuple(sources),
            digests=tuple(digests),
            kept=scrubbed.kept,
            originals=scrubbed.originals,
            held=scrubbed.held,
        )

    def _digest(self, text: str) -> bytes:
        """Digest of what decides a vector that the guard makes: the clean text and the embedder."""
        return hashlib.sha256(packed("guard", self._embedder_id(), text)).digest()[:16]

    def _embedder_id(self) -> str:
        with self._lock:
            if self._id is None:
                probe = self.texts([PROBE], None)[0]
                self._dimension = len(probe)
                self._id = self._identify(probe)
            return self._id

    def _compare(self, scrubbed: Scrubbed, row: int) -> None:
        """Compare one caller's vector with the guard's own, once: two models in one collection find nothing."""
        text = scrubbed.bodies[row].text
        if self._checked or not self.available or text is None or scrubbed.bodies[row].altered:
            return
        assert scrubbed.vectors is not None  # noqa: S101 - the caller looked
        given, own = scrubbed.vectors[row], self.texts([text], None)[0]
        if given.shape != own.shape or _cosine(given, own) < _SAME_TEXT:
            raise EmbedderMismatch(
                f"the vector of record {row} is not what the guard's embedder makes of its text: use one model for both"
            )
        self._checked = True


def _digests_of_given(scrubbed: Scrubbed, rows: list[int]) -> dict[int, bytes]:
    """Digests of callers' vectors and their texts, by row.

    Rounded to 1e-3: embedding a text again in another batch moves coordinates by 1e-7, and a fresh noise vector for
    every such jitter could be averaged away. What rounding lets two vectors share is no more than that jitter.
    """
    if scrubbed.vectors is None or not rows:
        return {}
    vectors = scrubbed.vectors[rows].astype(np.float64)
    # each by itself: the last bit of a sum over all rows at once depends on how many they are
    lengths = np.sqrt([each @ each for each in vectors])
    rounded = np.round(vectors / lengths[:, None] * 1000.0).astype("<i4")
    return {
        row: hashlib.sha256(packed("caller", scrubbed.bodies[row].text or "", each.tobytes())).digest()[:16]
        for row, each in zip(rows, rounded, strict=True)
    }


def _stacked(vectors: list[Floats]) -> Floats:
    if not vectors:
        return np.empty((0, 0), dtype=np.float32)
    if len({len(each) for each in vectors}) > 1:
        raise BadVector("the vectors of this call differ in dimension")
    return np.stack(vectors)


def _cosine(left: Floats, right: Floats) -> float:
    return float(left @ right / np.sqrt((left @ left) * (right @ right)))
