"""Named entities by a trained model: the one that is shipped, or a spaCy pipeline of the user's own.

A model reads texts in batches, one thread at a time: spaCy's vocabulary grows with every new word it sees, and the zone
that takes the growth back belongs to one reader.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from threadpoolctl import ThreadpoolController

from vecguard.errors import PolicyError
from vecguard.scrub.findings import Finding

SHIPPED = "vecguard"
NONE = "none"

_SCORE = 0.8  # a transition model has no probabilities; patterns that check a digit or a form stand above this
_BATCH = 64  # texts that a pipeline is given at once
_WORDS = 500_000  # after which a pipeline is read anew: its tables of words keep a mark for each that they forgot

# What models of other makers call what we look for. A date or a sum of money is not among it.
_LABELS = {
    "PERSON": "PERSON",
    "PER": "PERSON",
    "LOCATION": "LOCATION",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "FAC": "LOCATION",
    "ORGANIZATION": "ORGANIZATION",
    "ORG": "ORGANIZATION",
    "ADDRESS": "ADDRESS",
    "NRP": "NRP",
    "NORP": "NRP",
}


Read: TypeAlias = Callable[[Sequence[str]], Iterable[list[tuple[int, int, str]]]]
"""Returns first character, the one after the last, and label of each entity, for each text in order."""


class NamedEntities(Protocol):
    """Reads texts and says which named entities are in them."""

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return findings per text, in order."""
        ...


class NoModel:
    """Finds nothing: `model = "none"`."""

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return no finding for any text."""
        return [[] for _ in texts]


class SpacyModel:
    """A spaCy pipeline that is loaded with its first text, in a forked child again, and once it has read enough.

    In a memory zone spaCy forgets the words of a text, but its hash tables keep a mark for each and grow with them.
    """

    def __init__(self, name: str, load: Callable[[], Any], reads: Callable[[Any], Read] | None = None) -> None:
        """Read with the pipeline itself, or with what `reads` makes of it."""
        self._rule = f"model {name}"
        self._load = load
        self._reads = reads or _piped
        self._forget()
        if hasattr(os, "register_at_fork"):  # not where processes are never forked
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """Start afresh: a fork may have caught another thread in the middle of a reading, with the lock held."""
        self._lock = threading.Lock()
        self._pipeline: Any = None
        self._entities: Read | None = None
        self._threads: Any = None
        self._worn = 0

    def read(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return findings per text, in order."""
        with self._lock:
            if self._pipeline is None or self._entities is None:
                self._pipeline = self._load()
                self._entities = self._reads(self._pipeline)
                self._worn = self._pipeline.vocab.length + _WORDS
                self._threads = ThreadpoolController()
            pipeline, read = self._pipeline, self._entities
            if pipeline.vocab.length > self._worn:
                self._pipeline = self._entities = None
            # Matrices this small are multiplied by one thread in the time that two take to agree on who does what.
            with self._threads.limit(limits=1, user_api="blas"), pipeline.memory_zone():
                return [self._findings(entities) for entities in read(texts)]

    def _findings(self, entities: Iterable[tuple[int, int, str]]) -> list[Finding]:
        return [
            Finding(start, end, _LABELS[label], _SCORE, self._rule)
            for start, end, label in entities
            if label in _LABELS
        ]


def _piped(pipeline: Any) -> Read:
    """Have a pipeline read by itself, in batches."""
    quick = _on_numpy(pipeline)
    return lambda texts: (
        [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
        for doc in quick.pipe(texts, batch_size=_BATCH)
    )


def _on_numpy(pipeline: Any) -> Any:
    """Let a pipeline multiply matrices with numpy's BLAS: thinc's own takes three times as long on current CPUs."""
    from thinc.api import NumpyOps  # noqa: PLC0415 - comes with spaCy

    ops = NumpyOps(use_blis=False)
    models = [getattr(component, "model", None) for _, component in pipeline.pipeline]
    for model in models:
        for node in model.walk() if model is not None else ():
            if isinstance(node.ops, NumpyOps):  # and not a GPU's
                node.ops = ops
    return pipeline


@lru_cache(maxsize=4)
def model_of(name: str) -> NamedEntities:
    """Return the model of a policy's `scrub.model`; one per process and name.

    "vecguard" is the shipped one, "spacy:" and a package name or a path is the user's own, and "gliner:" or
    "transformers:" is read by a Presidio recogniser instead (`presidio_model`). Raises `PolicyError` where nothing of
    that name is installed: a model is never downloaded behind anybody's back.
    """
    kind, _, source = name.partition(":")
    if kind == "spacy" and source:
        return SpacyModel(name, _spacy_loader(source))
    if name == SHIPPED:
        from vecguard.scrub.model import load  # noqa: PLC0415 - spaCy takes a second to import
        from vecguard.scrub.model.network import Network  # noqa: PLC0415 - as above

        return SpacyModel(name, load, lambda pipeline: Network.of(pipeline).read)
    if name == NONE or kind in _PRESIDIO:
        return NoModel()
    raise PolicyError('scrub.model is "vecguard", "none", "spacy:NAME", "gliner:NAME" or "transformers:NAME"')


def _spacy_loader(source: str) -> Callable[[], Any]:
    import spacy  # noqa: PLC0415 - as above

    if not spacy.util.is_package(source) and not Path(source).is_dir():
        raise PolicyError("scrub.model: that spaCy pipeline is not installed; `python -m spacy download NAME` gets one")
    return lambda: spacy.load(source, exclude=["parser", "lemmatizer", "tagger", "attribute_ruler"])


_PRESIDIO = {"gliner": "GLiNERRecognizer", "transformers": "HuggingFaceNerRecognizer"}


def presidio_model(name: str) -> Any | None:
    """Return the Presidio recogniser that reads a "gliner:" or "transformers:" model, or None for other names."""
    kind, _, source = name.partition(":")
    if kind not in _PRESIDIO:
        return None
    from presidio_analyzer import predefined_recognizers as stock  # noqa: PLC0415 - seconds

    try:
        return getattr(stock, _PRESIDIO[kind])(model_name=source)
    except Exception as failure:  # noqa: BLE001 - whatever a foreign library raises about a missing part of itself
        reason = type(failure).__name__
    raise PolicyError(f"scrub.model: Presidio cannot set up a {kind} model here ({reason}): is {kind} installed?")
