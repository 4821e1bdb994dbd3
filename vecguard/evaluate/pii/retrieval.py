"""What scrubbing costs retrieval: the same corpus and queries, embedded as they are and as a scrubber leaves them.

Search is exact, by cosine, over vectors of length 1, so that the difference is the scrubber's alone. Documents and
queries are scrubbed under one owner's key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vecguard.evaluate.corpus import Corpus
from vecguard.evaluate.intervals import Interval, paired_bootstrap
from vecguard.evaluate.metrics import DEPTH, Scores, score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vecguard.scrub import Finding, Mint
    from vecguard.scrub.operators import EmbeddedForm, Operators

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]
Findings = Sequence[Sequence["Finding"]]

_ROWS = 512  # queries compared with the whole corpus at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """One corpus under one choice of entities and one form for the embedder.

    `ndcg` and `recall` are means over queries at depth 10, 0..1; the changes are relative to the unscrubbed corpus,
    with 95 % paired bootstrap intervals. Shares are of texts in which something was found.
    """

    corpus: str
    entities: str
    form: str
    n_docs: int
    n_queries: int
    docs_changed: float
    queries_changed: float
    ndcg_bare: float
    ndcg: float
    ndcg_change: Interval
    recall_bare: float
    recall: float
    recall_change: Interval


@dataclass(frozen=True, slots=True)
class Loss:
    """A query that lost: by how much nDCG@10, and what was found in it and in the passages that answer it.

    `causes` counts findings by where they stand, type and rule; texts are kept for `--show` and stay out of the repr.
    """

    query_id: str
    lost: float
    causes: Mapping[tuple[str, str, str], int]
    shown: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bare:
    """The unscrubbed side, embedded and scored once for all forms."""

    corpus: Corpus
    scores: Scores

    @classmethod
    def of(cls, corpus: Corpus, embed: Embed) -> Bare:
        """Embed and judge a corpus as it is."""
        return cls(corpus, judged(corpus, embed(corpus.texts), embed(corpus.queries)))


def judged(corpus: Corpus, documents: NDArray[np.float32], queries: NDArray[np.float32]) -> Scores:
    """Score exact search by cosine. Rows are vectors of length 1, in the corpus's order."""
    ranked: dict[str, list[str]] = {}
    for start in range(0, len(queries), _ROWS):
        close = queries[start : start + _ROWS] @ documents.T
        top = np.argsort(-close, axis=1, kind="stable")[:, :DEPTH]  # ties by the corpus's order, on both sides alike
        for query_id, row in zip(corpus.query_ids[start : start + _ROWS], top, strict=True):
            ranked[query_id] = [corpus.doc_ids[at] for at in row]
    return score(ranked, corpus.qrels)


def scrubbed(
    texts: Sequence[str], findings: Findings, operators: Operators, mint: Mint, form: EmbeddedForm
) -> list[str]:
    """Return the texts as the embedder sees them."""
    return [operators.embedded(text, found, mint, form) for text, found in zip(texts, findings, strict=True)]


def scrubbed_scores(
    corpus: Corpus, documents: Findings, queries: Findings, operators: Operators, mint: Mint, form: EmbeddedForm,
    embed: Embed,
) -> Scores:  # fmt: skip
    """Judge a corpus whose texts and queries went through the scrubber."""
    return judged(
        corpus,
        embed(scrubbed(corpus.texts, documents, operators, mint, form)),
        embed(scrubbed(corpus.queries, queries, operators, mint, form)),
    )


def utility(
    bare: Bare, after: Scores, documents: Findings, queries: Findings, *, entities: str, form: str, seed: int,
    only: Sequence[bool] | None = None, name: str | None = None,
) -> Utility:  # fmt: skip
    """Compare two sides; `only` picks queries, in the order of the corpus."""
    corpus, before = bare.corpus, bare.scores
    picked = dict(zip(corpus.query_ids, only or [True] * len(corpus.query_ids), strict=True))
    rows = np.array([picked[query_id] for query_id in before.query_ids])  # scores are sorted by id
    return Utility(
        corpus=name or corpus.name,
        entities=entities,
        form=form,
        n_docs=len(corpus.doc_ids),
        n_queries=int(rows.sum()),
        docs_changed=_share(documents),
        queries_changed=_share([found for found, keep in zip(queries, picked.values(), strict=True) if keep]),
        ndcg_bare=float(before.ndcg[rows].mean()),
        ndcg=float(after.ndcg[rows].mean()),
        ndcg_change=paired_bootstrap(before.ndcg[rows], after.ndcg[rows], seed=seed),
        recall_bare=float(before.recall[rows].mean()),
        recall=float(after.recall[rows].mean()),
        recall_change=paired_bootstrap(before.recall[rows], after.recall[rows], seed=seed),
    )


def _share(findings: Findings) -> float:
    return sum(map(bool, findings)) / len(findings)


def worst(bare: Bare, after: Scores, documents: Findings, queries: Findings, count: int = 10) -> list[Loss]:
    """Return the queries that lost most, worst first, with what was found where it matters."""
    corpus = bare.corpus
    lost = bare.scores.ndcg - after.ndcg
    order = [at for at in np.argsort(-lost, kind="stable")[:count] if lost[at] > 0]
    query_at = {query_id: at for at, query_id in enumerate(corpus.query_ids)}
    doc_at = {doc_id: at for at, doc_id in enumerate(corpus.doc_ids)}
    losses: list[Loss] = []
    for at in order:
        query_id = bare.scores.query_ids[at]
        here = query_at[query_id]
        answers = [doc_at[doc_id] for doc_id, grade in corpus.qrels[query_id].items() if grade > 0 and doc_id in doc_at]
        places = [("query", corpus.queries[here], queries[here])]
        places += [("answer", corpus.texts[answer], documents[answer]) for answer in answers]
        causes = Counter((where, f.entity, f.rule) for where, _, found in places for f in found)
        words = tuple(f"{where}: {text[f.start : f.end]}" for where, text, found in places for f in found)
        losses.append(Loss(query_id, float(lost[at]), causes, (f"asked: {corpus.queries[here]}", *words)))
    return losses
