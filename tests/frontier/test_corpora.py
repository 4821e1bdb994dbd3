"""Corpora from folders: BEIR layout, or notes that somebody has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vecguard.evaluate import BadCorpus
from vecguard.frontier import Labelled, cut, read

from .conftest import DOCUMENTS, QUERIES, SMALL

Notes = Callable[[list[dict[str, object]]], Path]


@pytest.fixture
def notes(tmp_path: Path) -> Notes:
    def make(rows: list[dict[str, object]]) -> Path:
        folder = tmp_path / "notes"
        folder.mkdir()
        (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return folder

    return make


ROWS: list[dict[str, object]] = [
    {"note": f"Patient {at} has a cough. It began on day {at}.", "section": "A" if at % 2 else "B", "ask": f"who {at}"}
    for at in range(100)
]


def test_notes_without_judgements_are_searched_by_those_held_out(notes: Notes) -> None:
    """A quarter is held out, asks with its first sentence, and is not in the collection."""
    corpus = read(notes([*ROWS, ROWS[0]])).corpus
    assert (len(corpus.texts), len(corpus.queries), dict(corpus.qrels)) == (75, 25, {})
    assert all(query.endswith("has a cough.") for query in corpus.queries)
    assert not any(text.startswith(query) for text in corpus.texts for query in corpus.queries)


def test_notes_that_somebody_asks_for_are_known_items(notes: Notes) -> None:
    """Each query has one right answer, its own note; attributes go with the notes."""
    given = read(notes(ROWS), labels=["section"], asked_by="ask")
    assert len(given.corpus.texts) == len(given.corpus.queries) == 100
    assert given.corpus.qrels["q7"] == {"d7": 1}
    assert given.corpus.queries[7] == "who 7"
    assert given.labels["section"][:2] == ("B", "A")


def test_a_cut_corpus_keeps_what_is_judged(folder: Path) -> None:
    """Every n-th query, all its answers, other documents up to the number, and texts that end at a word."""
    given = read(folder)
    labelled = Labelled(given.corpus, {"place": given.corpus.doc_ids})
    small = cut(labelled, replace(SMALL, rows=150, queries=60, characters=20))
    assert len(small.corpus.queries) == 60
    assert len(small.corpus.texts) == 150
    assert {document for each in small.corpus.qrels.values() for document in each} <= set(small.corpus.doc_ids)
    assert small.labels["place"] == small.corpus.doc_ids
    whole = dict(zip(given.corpus.doc_ids, given.corpus.texts, strict=True))
    for name, text in zip(small.corpus.doc_ids, small.corpus.texts, strict=True):
        assert len(text) <= 20
        assert whole[name].startswith(f"{text} ")


def test_a_corpus_that_is_not_cut_stays_whole(folder: Path) -> None:
    given = read(folder)
    kept = cut(given, SMALL).corpus
    assert (len(kept.texts), len(kept.queries)) == (DOCUMENTS, QUERIES)
    assert kept == given.corpus


@pytest.mark.parametrize("line", ["secret text", '["secret text"]', '{"note": "secret text"'])
def test_a_bad_line_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    """The error has the number of the line, and nothing of what is in it."""
    (tmp_path / "notes.jsonl").write_text(f'{{"note": "fine"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(BadCorpus, match="line 2") as raised:
        read(tmp_path)
    assert "secret" not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCorpus):
        read(tmp_path)
