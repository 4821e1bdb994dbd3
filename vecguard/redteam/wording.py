"""How recovered texts are judged: by their words, their order, and the vector that they have.

Token F1, content-word F1 and recall over sets of words; ROUGE-L (Lin 2004: the longest common subsequence); BLEU
(Papineni et al. 2002) of the whole set as sacrebleu counts it (Post 2018: 4-grams, exponential smoothing), divided by
100; exact match; cosine of the re-embedded text, where the encoder is known. All without case. Both libraries bring
five and more packages along for what is thirty lines here; tests hold the lines against them.

Every figure has its floor: the better of what the attacker's texts score against rows that they were not read from,
and what one sentence scores that is said of every row, the most usual one that the attacker knows.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.attack import Encode, Hidden, Score
from vecguard.redteam.judging import unit
from vecguard.redteam.phrases import tokens
from vecguard.redteam.words import Vocabulary, is_content, words

_ORDER = 4
_APART = re.compile(r"[^a-z0-9]+")
_KNOWN = 2000  # texts among which the most usual one is looked for


def judged(read: Sequence[str], hidden: Hidden, *, usual: str, encode: Encode | None = None) -> tuple[Score, ...]:
    """Judge texts read off rows, one per row, with their floors. `usual` is what is said of every row alike.

    Figures lie between 0 and 1. Content words count over texts that have any. "re-embedded cosine" needs `encode`.
    """
    truth = hidden.needed_texts()
    blind, half = [usual] * len(truth), len(read) // 2
    others = [*read[half:], *read[:half]] if half else blind
    vectors = _embedded([*read, usual], encode) if encode is not None else {}
    figures, *floors = ({**worded(said, truth), **_cosine(said, hidden, vectors)} for said in (read, others, blind))
    return tuple(Score(name, value, max(floor[name] for floor in floors)) for name, value in figures.items())


def worded(read: Sequence[str], truth: Sequence[str]) -> dict[str, float]:
    """Return every figure of texts (n,) against the true ones (n,) by name, without floors."""
    pairs = list(zip(read, truth, strict=True))
    shared = [_shared(words(said), words(text)) for said, text in pairs]
    content = [_shared(_content(said), _content(text)) for said, text in pairs if _content(text)]
    return {
        "token F1": _mean([_f1(*each) for each in shared]),
        "content F1": _mean([_f1(*each) for each in content]),
        "content recall": _mean([both / there for both, _, there in content]),
        "ROUGE-L": _mean([rouge_l(said, text) for said, text in pairs]),
        "BLEU": bleu(read, truth),
        "exact": _mean([float(tokens(said) == tokens(text)) for said, text in pairs]),
    }


def rouge_l(read: str, truth: str) -> float:
    """Return the F-measure of the longest common subsequence of two texts, as the package rouge-score counts it."""
    said, there = (_APART.sub(" ", each.lower()).split() for each in (read, truth))
    return _f1(_common(said, there), len(said), len(there))


def bleu(read: Sequence[str], truth: Sequence[str]) -> float:
    """Return BLEU / 100 of texts (n,), one reference each, over lower-case tokens.

    The same as sacrebleu's over its own tokens but for texts with hyphens or decimal numbers, which we take apart.
    """
    pairs = [(tokens(said), tokens(text)) for said, text in zip(read, truth, strict=True)]
    length, reference = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    counts = [[_matched(*pair, order) for pair in pairs] for order in range(1, _ORDER + 1)]
    totals = np.array([np.sum(each, axis=0) for each in counts]).reshape(_ORDER, 2) if pairs else np.zeros((_ORDER, 2))
    if not totals[:, 0].any() or not totals[:, 1].all():
        return 0.0
    missed = np.cumsum(totals[:, 0] == 0)
    right = np.where(totals[:, 0] > 0, totals[:, 0], 0.5**missed)
    brevity = min(1.0, float(np.exp(1 - reference / length)))
    return brevity * float(np.exp(np.mean(np.log(right / totals[:, 1]))))


def most_usual(texts: Sequence[str]) -> str:
    """Return the text that is most like all others in its words: the best guess of somebody who sees nothing."""
    some = list(texts[:: -(-len(texts) // _KNOWN)]) if texts else [""]
    marked = Vocabulary.of(some, least=1).marked(some)
    sizes = marked.sum(axis=1)
    alike = 2 * (marked @ marked.T) / np.maximum(sizes[:, None] + sizes[None, :], 1)
    return some[int(np.argmax(alike.mean(axis=1)))]


def _embedded(texts: Sequence[str], encode: Encode) -> dict[str, Floats]:
    distinct = sorted(set(texts))
    return dict(zip(distinct, unit(encode(distinct)), strict=True))


def _cosine(read: Sequence[str], hidden: Hidden, vectors: Mapping[str, Floats]) -> dict[str, float]:
    if not vectors:
        return {}
    rows = np.stack([vectors[text] for text in read])
    return {"re-embedded cosine": float(np.mean(np.sum(rows * unit(hidden.exact), axis=1)))}


def _content(text: str) -> frozenset[str]:
    return frozenset(filter(is_content, words(text)))


def _shared(said: frozenset[str], there: frozenset[str]) -> tuple[int, int, int]:
    return len(said & there), len(said), len(there)


def _f1(both: int, said: int, there: int) -> float:
    return 2 * both / (said + there) if both else 0.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the length of the longest common subsequence, a column of the table at a time as bits (Hyyrö 2004)."""
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    whole = (1 << len(one)) - 1
    column = whole
    for word in other:
        match = column & places.get(word, 0)
        column = (column + match | column - match) & whole
    return len(one) - column.bit_count()


def _matched(said: tuple[str, ...], there: tuple[str, ...], order: int) -> tuple[int, int]:
    """Return how many n-grams of a text are in its reference, each at most as often as there, and how many it has."""
    grams, reference = (Counter(zip(*(text[i:] for i in range(order)), strict=False)) for text in (said, there))
    return (grams & reference).total(), grams.total()
