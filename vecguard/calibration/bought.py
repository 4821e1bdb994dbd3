"""What a setting costs and buys, by attacker: what follows from r, K, N and d alone.

Attacks say more: `vecguard.cli._attacked` runs the red team on the corpus and returns facts of the same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from vecguard.calibration.result import Calibration

_MARGIN = 0.05  # ADR 7: no row is nearer to its exact vector than the mean by more than this
_ALIKE = 0.9


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: who, what it is about, and the figure in words."""

    who: str
    what: str
    figure: str


def closed_form(found: Calibration) -> list[Fact]:
    """Return what is known without an attack. Raises `PolicyError` after a refusal."""
    return [*_costs(found), *_buys(found)]


def _costs(found: Calibration) -> list[Fact]:
    k, share = found.over_fetch, found.over_fetch / found.rows
    megabytes = k * found.dimension * 4 / 1e6
    return [
        Fact("you", "rows fetched and re-ranked per search", f"{k} of {found.rows} ({share:.0%})"),
        Fact("you", "vectors from the store per search", f"{megabytes:.2f} MB"),
    ]


def _buys(found: Calibration) -> list[Fact]:
    r, cosine = found.noise, remaining_cosine(found.noise)
    learned = f"knows Q, after some {found.dimension // 3} guessed texts or queries"
    guessed = "" if found.guessed is None else f"{found.guessed:.2f}"
    return [
        Fact(learned, "cosine of a stored vector", f"{cosine:.2f}, none above {min(1.0, cosine + _MARGIN):.2f}"),
        Fact(learned, "cosine of the best linear guess", guessed),
        Fact(learned, f"mistakes two texts of cosine {_ALIKE:g}", f"{confusion(r, found.dimension):.1%}"),
        Fact(learned, "as differential privacy", "vacuous"),
    ]  # fmt: skip


def remaining_cosine(noise: float) -> float:
    """Mean cosine between a masked vector and the exact one for whoever knows Q: 1 / sqrt(1 + r^2)."""
    return 1.0 / sqrt(1.0 + noise * noise)


def confusion(noise: float, dimension: int, cosine: float = _ALIKE) -> float:
    """How often whoever knows Q mistakes one of two guessed texts for the other, given one masked vector: 0..0.5.

    The best test decides by the nearer exact vector and errs in Phi(-distance / 2 sigma) of all cases, with the
    distance sqrt(2 - 2 cosine) of the two and sigma = r / sqrt(d).
    """
    if noise == 0:
        return 0.0
    return NormalDist().cdf(-sqrt(2.0 - 2.0 * cosine) * sqrt(dimension) / (2.0 * noise))
