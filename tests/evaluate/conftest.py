"""Corpora to read: a tiny one made here, and real ones where VECGUARD_DATA says they lie."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = [
    {"_id": "d1", "title": "Wards", "text": "The ward opens at six."},
    {"_id": "d2", "title": "", "text": "Nobody smokes here."},
    {"_id": "d3", "text": "Visitors sign the book."},
]
QUERIES = [
    {"_id": "q1", "text": "when does the ward open?"},
    {"_id": "q2", "text": "who signs the book?"},
    {"_id": "q3", "text": "a query of another split"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td3\t1\n"


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A folder in BEIR layout with three documents, three queries and a test split that judges two of them."""
    folder = tmp_path / "tiny"
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus.jsonl", DOCS), ("queries.jsonl", QUERIES)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text(QRELS, encoding="utf-8")
    return folder


@pytest.fixture
def data() -> Callable[[str], Path]:
    """The folder of a real corpus, or a skipped test."""

    def find(name: str) -> Path:
        root = os.environ.get("VECGUARD_DATA")
        if not root:
            pytest.skip("VECGUARD_DATA does not name a folder with real corpora")
        folder = Path(root) / name
        if not folder.is_dir():
            pytest.skip(f"VECGUARD_DATA has no {name}/")
        return folder

    return find
