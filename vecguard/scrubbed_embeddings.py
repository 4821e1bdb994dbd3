"""An embedding object that scrubs before it embeds, in the shape of the one that it wraps.

A framework that embeds by itself hands the guard a raw text and a vector. If the vector came from here it is clean
although scrubbing changes the text, and the guard can tell: what was made here is remembered, as digests.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np

from vecguard.arrays import Floats
from vecguard.errors import EmbedderFailed, EmbedderNeeded, shielded
from vecguard.frameless import frameless_class
from vecguard.keys import packed

_REMEMBERED = 100_000  # vectors between embedding and writing; 32 bytes each


class CleanVectors:
    """The last vectors that were made of scrubbed texts here, by digest of text and exact float32 values."""

    def __init__(self) -> None:
        self._digests: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<CleanVectors: {len(self._digests)}>"

    def add(self, clean: Sequence[str], vectors: Floats) -> None:
        """Remember what the embedder made of clean texts: (n, d)."""
        with self._lock:
            for text, vector in zip(clean, vectors, strict=True):
                self._digests[_digest(text, vector)] = None
            while len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)

    def holds(self, clean: str, vector: Floats) -> bool:
        """Whether this vector was made here, of this clean text."""
        with self._lock:
            return _digest(clean, vector) in self._digests


def _digest(text: str, vector: Floats) -> bytes:
    return hashlib.sha256(packed(text, np.ascontiguousarray(vector, dtype=np.float32).tobytes())).digest()


@frameless_class
class ScrubbedEmbeddings:
    """Offers the calling conventions of LangChain, sentence-transformers, Chroma and plain callables.

    Whichever of them the inner object has is used; what it sees has personal data replaced by its kind (`<PERSON>`).
    """

    def __init__(self, inner: Any, scrub: Callable[[list[str]], list[str]], made_here: CleanVectors) -> None:
        self._inner = inner
        self._embed = _entrance(inner)
        self._scrub = scrub
        self._made_here = made_here

    def __repr__(self) -> str:
        return f"<ScrubbedEmbeddings over {type(self._inner).__name__}>"

    def __call__(self, input: Sequence[str]) -> Any:  # noqa: A002 - the name that Chroma calls it by
        """Embed texts: whatever the inner object returns for the scrubbed ones."""
        return self._run(list(input))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed documents, as LangChain asks for it."""
        return [[float(x) for x in row] for row in self._run(list(texts))]

    def embed_query(self, text: str | list[str]) -> Any:
        """Embed one query (LangChain) or several (Chroma)."""
        if isinstance(text, str):
            return [float(x) for x in self._run([text])[0]]
        return self._run(list(text))

    def encode(self, sentences: str | list[str], **options: Any) -> Any:
        """Embed as sentence-transformers does; options are passed on."""
        one = isinstance(sentences, str)
        texts = [sentences] if isinstance(sentences, str) else list(sentences)
        made = np.asarray(self._run(texts, **options), dtype=np.float32)
        return made[0] if one else made

    def _run(self, texts: list[str], **options: Any) -> Any:
        clean = self._scrub(texts)
        embed = self._embed
        made = shielded(lambda name: EmbedderFailed(f"the embedder raised {name}"), lambda: embed(clean, **options))
        vectors = shielded(_unusable, lambda: np.asarray(made, dtype=np.float32))
        if vectors.ndim != 2 or len(vectors) != len(clean):
            raise _unusable("shape")
        self._made_here.add(clean, vectors)
        return made


def _unusable(reason: str) -> EmbedderFailed:
    return EmbedderFailed(f"the embedder did not return one vector per text ({reason})")


def _entrance(inner: Any) -> Callable[..., Any]:
    for name in ("embed_documents", "encode"):
        if callable(found := getattr(inner, name, None)):
            return found  # type: ignore[no-any-return]  # a foreign object's method
    if callable(inner):
        return inner  # type: ignore[no-any-return]
    raise EmbedderNeeded("embeddings(...) takes a callable or an object with embed_documents or encode")
