"""From what attacks returned to the figures of a document."""

from __future__ import annotations

from collections.abc import Sequence

from vecguard.redteam.attack import Result, Tried
from vecguard.redteam.findings import Figure


def figures(attack: str, setting: str, guarded: Sequence[Tried], bare: Sequence[Tried]) -> tuple[Figure, ...]:
    """Return the figures of a plan on one setting; `bare` has those of the same trials on undefended vectors.

    The first metric of a trial is its main one, with its variants ("id@1", "id@1, own noise off").
    """
    return tuple(
        _figure(attack, setting, result, ceiling.value, main=_is_main(result, mine.results[0]))
        for mine, without in zip(guarded, bare, strict=True)
        for result, ceiling in zip(mine.results, without.results, strict=True)
    )


def _is_main(result: Result, first: Result) -> bool:
    return result.metric.split(",")[0] == first.metric.split(",")[0]


def _figure(attack: str, setting: str, result: Result, ceiling: float, *, main: bool) -> Figure:
    return Figure(
        setting=setting,
        attack=attack,
        label=result.attack,
        knowledge=result.knowledge,
        adaptive=result.adaptive,
        metric=result.metric,
        main=main,
        value=result.value,
        floor=result.floor,
        ceiling=ceiling,
        n=result.n,
        pairs=result.pairs,
        cpu_s=result.cpu_s,
    )
