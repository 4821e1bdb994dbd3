"""A corpus of made texts under an embedder without a model, small enough to be measured in a second."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vecguard.frontier import Cells, Effort, Frontier, Subject, read
from vecguard.testing import word_hash

WORDS = [f"{first}{last}" for first in ("amber", "birch", "cedar", "delta", "ember") for last in "abcdefghijklmnop"]
DOCUMENTS, QUERIES, DIMENSION = 400, 240, 64
SMALL = Effort(keys=2, attacked=400, stolen=80, counts=(32, 128), samples=2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A corpus in BEIR layout: documents of eight words, queries of four of them; one tells a name."""
    draw = np.random.default_rng(0)
    place = tmp_path / "made"
    (place / "qrels").mkdir(parents=True)
    texts = [" ".join(draw.choice(WORDS, 8, replace=False)) for _ in range(DOCUMENTS)]
    asked = [" ".join(draw.permutation(texts[at].split())[:4]) for at in range(QUERIES)]
    for name, rows, letter in (("corpus", texts, "d"), ("queries", asked, "q")):
        lines = [json.dumps({"_id": f"{letter}{at}", "text": text}) for at, text in enumerate(rows)]
        (place / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    judged = ["query-id\tcorpus-id\tscore", *(f"q{at}\td{at}\t1" for at in range(QUERIES))]
    (place / "qrels" / "test.tsv").write_text("\n".join(judged), encoding="utf-8")
    return place


@pytest.fixture
def subject(folder: Path) -> Subject:
    """The corpus, embedded."""
    embed = word_hash(DIMENSION)
    return Subject.of(read(folder), embed, embedder="words", encode=embed)


@pytest.fixture
def frontier(subject: Subject, tmp_path: Path) -> Callable[..., Frontier]:
    """A factory of small runs that all keep their cells in one folder."""

    def make(**settings: object) -> Frontier:
        given = {"effort": SMALL, "margin": 0.05, "cells": Cells(tmp_path / "cells"), "folder": tmp_path / "cells"}
        return Frontier(subject=subject, **{**given, **settings})  # type: ignore[arg-type]

    return make
