"""The attackers of a run, and the figures that their results become.

Which metric of an attack summaries show is fixed here, before any run; an attacker that gets next to nothing of bare
vectors is in none of them, for its leak says nothing. An interval is over stolen rows where a metric
is a share of them, whose outcomes the share says (Wilson 1927); over seeds, by Student's t, for other metrics from
three seeds on; and else there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from types import MappingProxyType
from typing import Final

import numpy as np

from vecguard.redteam import PLANS, Result, Thief, Tried
from vecguard.redteam.findings import Figure, Skipped
from vecguard.redteam.standing import TELLS

USUAL: Final = ("dictionary", "words", "gram", "documents", "both")
"""Who attacks by default."""

MAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dictionary": "id@1",
        "words": "content-recall@10",
        "gram": "id@1",
        "documents": "id@1",
        "queries": "id@1",
        "both": "id@1",
        "averaging": "id@1",
        "tenant": "id@1",
        "sentences": "ROUGE-L",
        "search": "ROUGE-L",
        "few-shot": "ROUGE-L",
        "membership": "AUC",
        "gradient": "token F1",
        "prior": "id@1",
    }
)
"""The metric that summaries show; of an attack that is not here, the first that it returns."""

SHARES: Final = frozenset({"id@1", "id@10", "exact match"})
"""Metrics that are shares of the stolen rows."""

_Z = 1.959964  # of a two-sided 95 % interval


def known(names: Sequence[str]) -> tuple[list[str], list[Skipped]]:
    """Divide names of attacks into those that there are and those that there are not."""
    there = [name for name in dict.fromkeys(names) if name in PLANS]
    missing = [Skipped(what=name, why="there is no attack of that name") for name in names if name not in PLANS]
    return there, missing


def same_plan(attack: str, one: Thief, other: Thief, counts: Sequence[int]) -> bool:
    """Say whether two thieves of the same vectors would try the same, knowing the same."""
    plans = [
        [(repr(each.attack), each.known.described()) for each in PLANS[attack](thief, counts)] for thief in (one, other)
    ]
    return plans[0] == plans[1]


def figures(
    setting: str, attack: str, guarded: Sequence[Sequence[Tried]], bare: Sequence[Sequence[Tried]]
) -> list[Figure]:
    """Make figures of one attack on one setting, seed by seed, with the same on undefended vectors for their ceilings.

    Values are means over seeds. Of a plan that tried more under one seed than another, only what all tried counts.
    """
    trials = min((len(each) for each in guarded), default=0)
    found: list[Figure] = []
    for trial in range(trials):
        columns = zip(*(each[trial].results for each in guarded), strict=True)
        ceilings = zip(*(each[trial].results for each in bare), strict=True)
        found += [_figure(setting, attack, results, top) for results, top in zip(columns, ceilings, strict=True)]
    main = _main(attack, [each.metric for each in found])
    return [
        replace(each, main=each.metric.partition(",")[0] == main and each.ceiling - each.floor >= TELLS)
        for each in found
    ]


def _figure(setting: str, attack: str, results: Sequence[Result], bare: Sequence[Result]) -> Figure:
    first = results[0]
    values = [each.value for each in results]
    low, high = first.interval if first.interval and len(values) == 1 else _interval(first.metric, values, first.n)
    return Figure(
        setting=setting,
        attack=attack,
        label=first.attack,
        knowledge=first.knowledge,
        adaptive=first.adaptive,
        metric=first.metric,
        main=False,
        value=_mean(values),
        floor=_mean([each.floor for each in results]),
        ceiling=_mean([each.value for each in bare]),
        low=low,
        high=high,
        n=first.n,
        pairs=first.pairs,
        cpu_s=_mean([each.cpu_s for each in results]),
    )


def _main(attack: str, metrics: Sequence[str]) -> str:
    wanted = MAIN.get(attack, "")
    return wanted if wanted in metrics else next((each.partition(",")[0] for each in metrics), "")


def _interval(metric: str, values: Sequence[float], rows: int) -> tuple[float | None, float | None]:
    if metric.partition(",")[0] in SHARES and rows:
        return _wilson(_mean(values), rows * len(values))
    return _student(values) if len(values) > 2 else (None, None)


def _wilson(share: float, n: int) -> tuple[float, float]:
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    width = _Z / (1 + _Z**2 / n) * sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - width), min(1.0, middle + width)


def _student(values: Sequence[float]) -> tuple[float, float]:
    from scipy.special import stdtrit  # noqa: PLC0415 - only runs of several seeds need it

    width = float(stdtrit(len(values) - 1, 0.975)) * float(np.std(values, ddof=1)) / sqrt(len(values))
    return _mean(values) - width, _mean(values) + width


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
