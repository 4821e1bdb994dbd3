"""How an attacker gets a victim's rows back into the space that it knows, before it does anything else with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, assert_never

from vecguard.arrays import Floats
from vecguard.redteam.alignment import procrustes
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.geometry import align

Unturned: TypeAlias = Literal["as stolen", "turned by pairs", "turned by shape"]
"""Not at all; by Procrustes from known pairs; by the shape of the corpus, which needs no pair."""

Turn: TypeAlias = Callable[[Floats], Floats]


def turned_back(how: Unturned, known: Knowledge) -> Turn:
    """Return what turns stolen rows (n, d) back. Raises `BadInput` without the pairs or the corpus that it takes."""
    match how:
        case "as stolen":
            return _same
        case "turned by pairs":
            matrix = procrustes(known.pairs)
            return lambda rows: rows @ matrix
        case "turned by shape":
            corpus = known.needed_corpus()
            return lambda rows: rows @ align(rows, corpus).matrix
        case _:
            assert_never(how)


def _same(rows: Floats) -> Floats:
    return rows
