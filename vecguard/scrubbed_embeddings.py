"""An embedding object that scrubs before it embeds, in the shape of the one that it wraps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vecguard.errors import EmbedderFailed, EmbedderNeeded, shielded


class ScrubbedEmbeddings:
    """Offers the calling conventions of LangChain, sentence-transformers, Chroma and plain callables.

    Whichever of them the inner object has is used; what it sees has personal data replaced by its kind (`<PERSON>`).
    """

    def __init__(self, inner: Any, scrub: Callable[[list[str]], list[str]]) -> None:
        self._inner = inner
        self._embed = _entrance(inner)
        self._scrub = scrub

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
        return shielded(
            lambda name: EmbedderFailed(f"the embedder raised {name}"), lambda: self._embed(clean, **options)
        )


def _entrance(inner: Any) -> Callable[..., Any]:
    for name in ("embed_documents", "encode"):
        if callable(found := getattr(inner, name, None)):
            return found  # type: ignore[no-any-return]  # a foreign object's method
    if callable(inner):
        return inner  # type: ignore[no-any-return]
    raise EmbedderNeeded("embeddings(...) takes a callable or an object with embed_documents or encode")
