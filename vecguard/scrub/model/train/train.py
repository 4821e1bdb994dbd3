"""Train the pipeline, score it, and write it where `vecguard.scrub.model` reads it.

python -m vecguard.scrub.model.train --data FOLDER --out FOLDER
"""

from __future__ import annotations

import random
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vecguard.scrub.model.train.corpus import SEED, Corpus
from vecguard.scrub.model.train.marked import Marked

EPOCHS = 4
DROPOUT = 0.1
RATE = 0.0015
WORDS_PER_BATCH = 700, 2000  # at the start and at the end: small steps first


def blank(config: Path | None = None, **overrides: Any) -> Any:
    """Return the untrained pipeline."""
    from spacy.util import load_config, load_model_from_config  # noqa: PLC0415

    import vecguard.scrub.model.language  # noqa: F401, PLC0415 - registers the language

    path = config or Path(__file__).with_name("config.cfg")
    return load_model_from_config(load_config(path, overrides=overrides), auto_fill=True)


def example(nlp: Any, marked: Marked) -> Any:
    """Return a spaCy example; a span that ends inside a token is left open, so that nothing wrong is learnt."""
    from spacy.training import Example, offsets_to_biluo_tags  # noqa: PLC0415

    doc = nlp.make_doc(marked.text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        tags = offsets_to_biluo_tags(doc, list(marked.spans))
    return Example.from_dict(doc, {"entities": tags})


def _batches(nlp: Any, texts: list[Marked], words: float) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for text in texts:
        one = example(nlp, text)
        if not len(one):
            continue
        batch.append(one)
        size += len(one)
        if size >= words:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def train(
    data: Path, *, seed: int = SEED, epochs: int = EPOCHS, report: Callable[[str], None] = print, **overrides: Any
) -> tuple[Any, Corpus]:
    """Return the trained pipeline and the corpus that it was trained on; `report` gets a line after each epoch."""
    import numpy  # noqa: PLC0415
    from thinc.api import Adam, fix_random_seed  # noqa: PLC0415

    fix_random_seed(seed)
    numpy.random.seed(seed)
    random.seed(seed)
    corpus = Corpus(data, seed)
    nlp = blank(**overrides)
    texts = corpus.epoch()
    nlp.initialize(lambda: [example(nlp, text) for text in texts[:2000]])
    adam = Adam(RATE, L2=0.01, L2_is_weight_decay=True, grad_clip=1.0, use_averages=True)
    started, low, high = time.process_time(), *WORDS_PER_BATCH
    for epoch in range(epochs):
        texts = texts if epoch == 0 else corpus.epoch()
        losses: dict[str, float] = {}
        done = 0
        for batch in _batches(nlp, texts, low + (high - low) * epoch / epochs):
            done += len(batch)
            at = (epoch + done / len(texts)) / epochs
            adam.learn_rate = RATE * min(1.0, 20 * at) * max(0.03, 1 - at)
            nlp.update(batch, sgd=adam, drop=DROPOUT, losses=losses)
        spent = time.process_time() - started
        report(f"epoch {epoch + 1} of {epochs}: {len(texts):,} texts, loss {losses['ner']:,.0f}, {spent:,.0f} CPU s")
    with nlp.use_params(adam.averages):
        weights = nlp.get_pipe("ner").to_bytes(exclude=["vocab"])
    return _with_weights(weights, overrides), corpus


def _with_weights(weights: bytes, overrides: dict[str, Any]) -> Any:
    """Return a fresh pipeline with these weights: its vocabulary holds no word of the training texts."""
    nlp = blank(**overrides)
    nlp.get_pipe("ner").from_bytes(weights, exclude=["vocab"])
    return nlp
