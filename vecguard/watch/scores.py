"""Shaping: how much of a score others get to see. It is done before anything is ordered, cut or compared with it.

    exact      the score itself
    rounded    to hundredths
    bucketed   to tenths
    rank       no score; the order follows it
    hidden     no score, and an order that says nothing: only which rows are among the k best shows

in the metric's own sense: cosine, inner product, squared L2 distance. None of these keeps a vector from whoever asks
often enough (at d = 384, two decimals give it away at cosine .998 after 2 d queries, order alone at .999); the blur of
`vecguard.protect.blur` does, and these limit what a single answer says.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from vecguard.arrays import Doubles

ScorePolicy: TypeAlias = Literal["exact", "rounded", "bucketed", "rank", "hidden"]

POLICIES: tuple[ScorePolicy, ...] = ("exact", "rounded", "bucketed", "rank", "hidden")
"""From the one that shows most to the one that shows least."""

_STEPS: dict[ScorePolicy, float] = {"rounded": 0.01, "bucketed": 0.1}


def step(policy: ScorePolicy) -> float:
    """Return how far apart two scores can be that become one; 0 where scores are not rounded."""
    return _STEPS.get(policy, 0.0)


def shaped(scores: Doubles, policy: ScorePolicy) -> Doubles:
    """Return scores (any shape) as rows are ordered by them: rounded half to even where the policy rounds."""
    width = step(policy)
    return scores if width == 0 else np.round(scores / width) * width


def shown(policy: ScorePolicy) -> bool:
    """Whether hits carry a score. Where they do not, they pass no threshold: its answer would be the score."""
    return policy not in ("rank", "hidden")


def strictest(*policies: ScorePolicy) -> ScorePolicy:
    """Return the one that shows least."""
    return max(policies, key=POLICIES.index)


def most_generous(*policies: ScorePolicy) -> ScorePolicy:
    """Return the one that shows most."""
    return min(policies, key=POLICIES.index)
