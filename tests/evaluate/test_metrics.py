"""nDCG@10, recall@10, MRR@10 and overlap, against figures worked out by hand."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from vecguard.evaluate import overlap_at_k, score

pytest.importorskip("ir_measures", reason="the extra vecguard[bench] is not installed")


def test_by_hand() -> None:
    """Grades 2 and 1 at ranks 3 and 1, one relevant document not found: the textbook sums."""
    qrels = {"q": {"a": 2, "b": 1, "c": 1, "x": 0}}
    got = score({"q": ["b", "x", "a"]}, qrels)
    dcg = 1 / math.log2(2) + 2 / math.log2(4)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert got.ndcg == pytest.approx([dcg / ideal])
    assert got.recall == pytest.approx([2 / 3])
    assert got.mrr == pytest.approx([1.0])


def test_depth_is_ten() -> None:
    """A relevant document at rank 10 counts, one at rank 11 does not."""
    fillers = [f"x{i}" for i in range(10)]
    qrels = {"tenth": {"a": 1}, "eleventh": {"a": 1}}
    got = score({"tenth": [*fillers[:9], "a"], "eleventh": [*fillers, "a"]}, qrels)
    assert got.query_ids == ("eleventh", "tenth")
    assert got.ndcg == pytest.approx([0, 1 / math.log2(11)])
    assert got.recall == pytest.approx([0, 1])
    assert got.mrr == pytest.approx([0, 0.1])


def test_the_order_of_the_list_decides() -> None:
    """Ids do not break ties: both orders of two documents are told apart."""
    qrels = {"q": {"a": 1}}
    assert score({"q": ["a", "b"]}, qrels).mrr == pytest.approx([1.0])
    assert score({"q": ["b", "a"]}, qrels).mrr == pytest.approx([0.5])
    assert score({"q": ["z", "a"]}, qrels).mrr == pytest.approx([0.5])


def test_unanswered_queries_score_zero() -> None:
    """A query without answer, or missing from the run, stays in the mean."""
    got = score({"q1": ["a"], "q2": []}, {"q1": {"a": 1}, "q2": {"a": 1}, "q3": {"a": 1}})
    assert got.ndcg.tolist() == [1.0, 0.0, 0.0]


def test_refuses_runs_that_cannot_be_judged() -> None:
    """A query without judgement and a document named twice are mistakes of the caller."""
    with pytest.raises(ValueError, match="no judgement"):
        score({"q": ["a"]}, {})
    with pytest.raises(ValueError, match="twice"):
        score({"q": ["a", "a"]}, {"q": {"a": 1}})


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `ir_measures` the error names the extra."""
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(ImportError, match=r"vecguard\[bench\]"):
        score({}, {})


def test_overlap() -> None:
    """Order is ignored, short answers are divided by the longer list, and two empty answers agree."""
    a = {"q1": list("abcd"), "q2": ["a"], "q3": [], "q4": ["a"]}
    b = {"q1": list("badx"), "q2": ["a", "b"], "q3": [], "q4": []}
    np.testing.assert_allclose(overlap_at_k(a, b), [0.75, 0.5, 1.0, 0.0])
    np.testing.assert_allclose(overlap_at_k(a, b, k=2), [1.0, 0.5, 1.0, 0.0])
    with pytest.raises(ValueError, match="different queries"):
        overlap_at_k(a, {"q1": []})
