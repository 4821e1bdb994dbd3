"""Corpora in BEIR layout: what is read, and what is refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from vecguard.errors import VecGuardError
from vecguard.evaluate import BadCorpus, load


def test_reads_texts_queries_and_grades(beir: Path) -> None:
    """Titles and texts are joined by one space, grades are kept, ids and texts stand at the same place."""
    corpus = load(beir)
    assert corpus.name == "tiny"
    assert corpus.doc_ids == ("d1", "d2", "d3")
    assert corpus.texts == ("Wards The ward opens at six.", "Nobody smokes here.", "Visitors sign the book.")
    assert {key: dict(grades) for key, grades in corpus.qrels.items()} == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1}}


def test_keeps_only_judged_queries(beir: Path) -> None:
    """A query that the split does not judge is left out."""
    assert load(beir).query_ids == ("q1", "q2")


def test_is_frozen_and_silent(beir: Path) -> None:
    """Nothing of a corpus can be changed, and its repr shows no text."""
    corpus = load(str(beir))
    with pytest.raises(FrozenInstanceError):
        corpus.name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        corpus.qrels["q1"]["d1"] = 0  # type: ignore[index]
    assert "ward" not in repr(corpus)
    assert "d1" not in repr(corpus)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_reads_gzipped_files(beir: Path, name: str) -> None:
    """Each file may be gzipped."""
    expected = load(beir)
    plain = beir / name
    (beir / f"{name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert load(beir) == expected


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_names_the_missing_file(beir: Path, name: str) -> None:
    """A missing file is refused by its name."""
    (beir / name).unlink()
    with pytest.raises(BadCorpus, match=name):
        load(beir)


def test_names_the_splits_there_are(beir: Path) -> None:
    """An unknown split is refused with the ones that exist."""
    with pytest.raises(BadCorpus, match=r"dev\.tsv.*splits found: test"):
        load(beir, split="dev")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("corpus.jsonl", '{"_id": "d1", "text": "SECRET"}\nSECRET{', "corpus.jsonl line 2"),
        ("corpus.jsonl", '{"_id": "d1", "body": "SECRET"}', "corpus.jsonl line 1"),
        ("corpus.jsonl", '{"_id": 7, "text": "SECRET"}', "corpus.jsonl line 1"),
        ("corpus.jsonl", '["SECRET"]', "corpus.jsonl line 1"),
        ("corpus.jsonl", '{"_id": "d", "text": "SECRET"}\n' * 2, "corpus.jsonl line 2.*already used"),
        ("corpus.jsonl", "\n", r"0 document\(s\)"),
        ("queries.jsonl", '{"_id": "q1", "text": "SECRET"}', "1 judged query.* no text"),
        ("queries.jsonl", '{"_id": "other", "text": "SECRET"}', r"0 judged query"),
        ("qrels/test.tsv", "q1\td1\t1\n", "no column query-id, corpus-id, score"),
        ("qrels/test.tsv", "query-id\tscore\nq1\t1\n", "no column corpus-id"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\tSECRET\n", "test.tsv line 2"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1 d1 1\n", "test.tsv line 2"),
        ("qrels/test.tsv", "", "no column"),
    ],
)
def test_refuses_bad_content_without_repeating_it(beir: Path, name: str, content: str, message: str) -> None:
    """Bad content raises BadCorpus with the place and never the content, in no chained cause either."""
    (beir / name).write_text(content, encoding="utf-8")
    with pytest.raises(BadCorpus, match=message) as caught:
        load(beir)
    assert isinstance(caught.value, VecGuardError)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("packed", [False, True])
def test_refuses_bytes_that_are_no_text(beir: Path, packed: bool) -> None:
    """A file that is not UTF-8, or not the gzip that its name promises, is a BadCorpus."""
    (beir / "corpus.jsonl").unlink()
    (beir / ("corpus.jsonl.gz" if packed else "corpus.jsonl")).write_bytes(b"\xff\xfe\x00SECRET")
    with pytest.raises(BadCorpus, match=r"corpus\.jsonl") as caught:
        load(beir)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("where", ["./nowhere", "~/nowhere-at-all", "/nowhere/at/all"])
def test_a_path_is_never_taken_for_a_name(where: str) -> None:
    """What looks like a path and is no folder is refused without asking a hub."""
    with pytest.raises(BadCorpus, match="no folder"):
        load(where)


@pytest.mark.parametrize(
    ("name", "docs", "queries"), [("scifact", 5183, 300), ("chroma_chunking", 1279, 471), ("xquad_en", 240, 1190)]
)
def test_reads_real_corpora(data: Callable[[str], Path], name: str, docs: int, queries: int) -> None:
    """Real corpora have the sizes that their sources state."""
    corpus = load(data(name))
    assert (len(corpus.texts), len(corpus.queries)) == (docs, queries)
    assert all(corpus.texts)
