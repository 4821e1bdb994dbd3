"""What a run measures on: a corpus with its exact vectors, and the same as a guard would embed it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.calibration import Task, grades_of
from vecguard.evaluate import Corpus
from vecguard.frontier.cells import code, digest, put
from vecguard.frontier.corpora import Labelled
from vecguard.guard import Guard
from vecguard.keys import Keyring
from vecguard.policy import Policy, Scrub
from vecguard.redteam import Material
from vecguard.redteam.attack import NO_LABELS, Encode, Labels

Told: TypeAlias = Callable[[int, int], None]
_OWNER = "benchmark"
_AT_ONCE = 200  # texts scrubbed between two reports


@dataclass(frozen=True, slots=True)
class Vectors:
    """Documents (N, d) and queries (m, d) as somebody embedded them; `changed` is the share of documents scrubbed."""

    documents: Floats = field(repr=False)
    queries: Floats = field(repr=False)
    changed: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A corpus and its exact vectors, in `task`. `embed` makes more of them, `embedder` is its name.

    `encode` is what attackers embed their guesses with; theirs are not kept on disk.
    """

    corpus: Corpus
    labels: Labels = field(default_factory=lambda: NO_LABELS, repr=False)
    task: Task = field(repr=False)
    embed: Encode = field(repr=False)
    encode: Encode | None = field(default=None, repr=False)
    embedder: str

    @classmethod
    def of(cls, given: Labelled, embed: Encode, *, embedder: str, encode: Encode | None = None) -> Subject:
        """Embed a corpus. Without judgements, a ranking is worth the share of the exact top ten that it keeps."""
        corpus = given.corpus
        task = Task.of(
            embed(corpus.texts),
            embed(corpus.queries),
            grades=grades_of(corpus) if corpus.qrels else None,
            corpus=corpus.name,
            embedder=embedder,
        )
        return cls(corpus=corpus, labels=given.labels, task=task, embed=embed, encode=encode, embedder=embedder)

    @property
    def exact(self) -> Vectors:
        """The vectors of the texts as they are."""
        return Vectors(self.task.documents, self.task.queries)

    def scrubbed(self, scrub: Scrub, folder: Path | None = None, told: Told | None = None) -> Vectors:
        """Return what a guard embeds: texts and queries as its own `scrubbed` gives them to the embedder.

        Surrogates depend on keys, which are drawn at random; what was embedded once is kept in `folder`, so that a run
        that is taken up again goes on with the same vectors.
        """
        kept = None if folder is None else folder / f"scrubbed-{self._name(scrub)}.npz"
        found = None if kept is None else _read(kept)
        if found is None:
            found = self._scrubbed(scrub, told)
            if kept is not None:
                put(kept, _written(found))
        return found

    def _scrubbed(self, scrub: Scrub, told: Told | None) -> Vectors:
        guard = Guard(Policy(scrub=scrub), keys=Keyring.ephemeral(), state=":memory:", embedder=self.embed)
        texts = (*self.corpus.texts, *self.corpus.queries)
        clean: list[str] = []
        for start in range(0, len(texts), _AT_ONCE):
            clean += guard.scrubbed(texts[start : start + _AT_ONCE], _OWNER)
            if told is not None:
                told(len(clean), len(texts))
        guard.close()
        count = len(self.corpus.texts)
        changed = np.mean([after != before for after, before in zip(clean[:count], texts, strict=False)])
        return Vectors(self.embed(clean[:count]), self.embed(clean[count:]), float(changed))

    def _name(self, scrub: Scrub) -> str:
        return digest(
            code("scrub"), scrub.model_dump_json(), self.embedder, *self.corpus.texts, "queries", *self.corpus.queries
        )

    def material(self, vectors: Vectors, rows: NDArray[np.intp]) -> Material:
        """Return what attackers are let at: these rows of the corpus, stored as `vectors`."""
        return Material(
            exact=self.task.documents[rows],
            texts=_picked(self.corpus.texts, rows),
            embedded=None if vectors.documents is self.task.documents else vectors.documents[rows],
            labels={name: _picked(values, rows) for name, values in self.labels.items()},
            encode=self.encode,
        )


def _picked(values: Sequence[str], rows: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(values[int(row)] for row in rows)


def _written(found: Vectors) -> bytes:
    file = io.BytesIO()
    np.savez(file, documents=found.documents, queries=found.queries, changed=np.array(found.changed))
    return file.getvalue()


def _read(path: Path) -> Vectors | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            return Vectors(file["documents"], file["queries"], float(file["changed"]))
    except (OSError, ValueError, KeyError):
        return None
