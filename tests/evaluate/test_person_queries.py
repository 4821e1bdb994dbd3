"""Queries that name a person, made from tiny files of both layouts, and what is measured with them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from vecguard.evaluate import BadCorpus, Corpus
from vecguard.evaluate.pii.person_queries import judgments, visits
from vecguard.evaluate.pii.retrieval import Bare, scrubbed, scrubbed_scores, utility, worst
from vecguard.scrub import Finding, mint_token
from vecguard.scrub.operators import Operators
from vecguard.testing.embedder import word_hash

pytest.importorskip("ir_measures", reason="the extra vecguard[bench] is not installed")

FILLER = " ".join(f"word{n}" for n in range(130))
ENCOUNTERS = [
    {"_id": "V1", "patient_firstname": "Martha", "patient_familyname": "Collins", "patient_gender": "female",
     "note": f"Martha Collins takes lasix. {FILLER} Ms. Collins agrees."},
    {"_id": "V2", "patient_firstname": "John", "patient_familyname": "Perry", "patient_gender": "male",
     "note": "The patient is well."},
    {"_id": "V3", "patient_firstname": "", "patient_familyname": "", "patient_gender": "male", "note": "No name."},
]  # fmt: skip


def mint(entity: str, original: str) -> str:
    return mint_token(b"k" * 32, entity, original)


def entity(text: str, words: str, key: str, kind: str = "PERSON", after: int = 0) -> dict[str, object]:
    start = text.index(words, after)
    end = start + len(words)
    return {
        "span_text": words, "entity_type": kind, "entity_id": key, "start_offset": start, "end_offset": end
    }  # fmt: skip


@pytest.fixture
def encounters(tmp_path):
    """An ACI-Bench file of three encounters: one note has its patient's name, one has not, one patient has none."""
    path = tmp_path / "encounters.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ENCOUNTERS), encoding="utf-8")
    return path


@pytest.fixture
def cases(tmp_path):
    """A TAB file of two judgments that share a lawyer."""
    one = f"Mrs Anna Christou, of Nicosia, was represented by Mr A. Demetriades. {FILLER} Christou won."
    two = "Mr A. Demetriades represented Klein."
    rows = [
        {"metadata": {"data_id": "TAB-1"}, "text": one, "entities": [
            entity(one, "Mrs Anna Christou", "p1"), entity(one, "Mr A. Demetriades", "p2"),
            entity(one, "Nicosia", "l1", "LOC"), entity(one, "Christou", "p1", after=100)]},
        {"metadata": {"data_id": "TAB-2"}, "text": two, "entities": [
            entity(two, "Mr A. Demetriades", "q1"), entity(two, "Klein", "q2")]},
    ]  # fmt: skip
    path = tmp_path / "tab_144.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_patient_is_asked_for_in_full_and_by_last_name(encounters):
    """Two patients with names give four queries, and each is answered by the passages that mention the patient."""
    corpus = (people := visits(encounters)).corpus
    assert people.last == (False, True, False, True)
    assert corpus.queries[:2] == ("What was Martha Collins prescribed?", "What was Ms Collins prescribed?")
    assert corpus.queries[3] == "What medication does Mr Perry take?"
    assert [sorted(corpus.qrels[query]) for query in corpus.query_ids] == [["V1-0", "V1-1"]] * 2 + [["V2-0"]] * 2


def test_a_name_is_planted_where_a_note_has_none(encounters):
    """A note without its patient's name gets a first line that says it, as a chart has."""
    corpus = visits(encounters).corpus
    assert corpus.texts[corpus.doc_ids.index("V2-0")] == "Patient: John Perry\n\nThe patient is well."


def test_names_are_marked_where_they_stand(encounters, cases):
    """Every mark in a passage or a query covers the words of a name, and passages make up the whole document."""
    for people in (visits(encounters), judgments(cases)):
        corpus = people.corpus
        marked = [t[f.start : f.end] for t, found in zip(corpus.texts, people.doc_names, strict=True) for f in found]
        asked = [t[f.start : f.end] for t, found in zip(corpus.queries, people.query_names, strict=True) for f in found]
        assert len(asked) == len(corpus.queries)
        assert set(asked) <= {"Martha Collins", "Collins", "John Perry", "Perry",
                              "Anna Christou", "Christou", "A. Demetriades", "Demetriades"}  # fmt: skip
        assert set(marked) <= {*asked, "Mrs Anna Christou", "Mr A. Demetriades", "Klein"}
        assert marked
    assert "".join(visits(encounters).corpus.texts[:2]) == ENCOUNTERS[0]["note"]


def test_a_person_is_one_in_all_judgments(cases):
    """The lawyer of two judgments is found in both, the applicant by either mention, the title before the last name."""
    corpus = judgments(cases).corpus
    assert corpus.queries == (
        "Who is Anna Christou?",
        "Who is Mrs Christou?",
        "What did A. Demetriades complain about?",
        "What did Mr Demetriades complain about?",
    )
    assert [sorted(corpus.qrels[query]) for query in corpus.query_ids] == [["TAB-1-0", "TAB-1-1"]] * 2 + [
        ["TAB-1-0", "TAB-2-0"]
    ] * 2


def test_a_missing_file_is_said(tmp_path):
    """There is no measurement on nothing."""
    with pytest.raises(BadCorpus):
        visits(tmp_path / "none.jsonl")


def test_what_a_form_costs(encounters):
    """With an embedder of words: kinds lose every query by name, tokens and surrogates none, and the loss is told."""
    people, embed = visits(encounters), word_hash(256)
    bare = Bare.of(people.corpus, embed)
    cost = {}
    for form in ("kind", "token", "surrogate"):
        after = scrubbed_scores(people.corpus, people.doc_names, people.query_names, Operators({}), mint, form, embed)
        cost[form] = utility(bare, after, people.doc_names, people.query_names, entities="gold", form=form, seed=1)
        if form == "kind":
            (loss, *_) = worst(bare, after, people.doc_names, people.query_names)
    assert cost["surrogate"].ndcg_change.estimate == pytest.approx(0, abs=0.01)
    assert cost["kind"].ndcg < cost["surrogate"].ndcg
    assert cost["kind"].queries_changed == 1
    assert loss.lost > 0
    assert loss.causes["query", "PERSON", ""] == 1
    assert "Collins" not in repr(loss)
    assert "Perry" not in repr(loss)


def test_only_some_queries_can_be_compared(encounters):
    """`only` picks queries in the corpus's order, though scores are in order of ids."""
    people, embed = visits(encounters), word_hash(256)
    bare = Bare.of(people.corpus, embed)
    halves = [
        utility(bare, bare.scores, people.doc_names, people.query_names, entities="x", form="x", seed=1, only=only)
        for only in ([True, True, False, False], [False, False, True, True])
    ]
    by_id = dict(zip(bare.scores.query_ids, bare.scores.ndcg, strict=True))
    for half, ids in zip(halves, (people.corpus.query_ids[:2], people.corpus.query_ids[2:]), strict=True):
        assert half.n_queries == 2
        assert half.ndcg == pytest.approx(np.mean([by_id[each] for each in ids]))


def test_search_is_exact_and_stable():
    """Nearest first; ties in the order of the corpus, so that two equal sides are equal."""
    corpus = Corpus("c", "s", ("b", "a", "c"), ("x", "x", "y"), ("q",), ("x",), {"q": {"a": 1}})

    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if text == "x" else [0.0, 1.0] for text in texts], dtype=np.float32)

    assert Bare.of(corpus, embed).scores.mrr[0] == pytest.approx(1 / 2)


def test_texts_are_scrubbed_one_by_one():
    """Each text goes with its own findings."""
    found = [[Finding(0, 3, "PERSON", 1.0)], []]
    assert scrubbed(["Ann sat", "Ann sat"], found, Operators({}), mint, "kind") == ["<PERSON> sat", "Ann sat"]
