"""What the red team gets of a corpus: unprotected, under the setting that was chosen, and if the guard ranks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from vecguard.arrays import Floats
from vecguard.protect.mask import Mask
from vecguard.redteam import AttackName, Keyed, Result, survey
from vecguard.redteam.survey import Progress

_ATTACKS: tuple[AttackName, ...] = ("dictionary", "gram", "documents", "queries", "both", "tenant")
_PAIRS = (64, 128, 384)
_STOLEN = 500
_GUARD = 100.0  # r of `Policy.strict()`
_NAMES = {"dictionary": "guesses texts", "gram": "aligns shapes", "tenant": "a tenant"}
_MECHANISM = re.compile(r"(^|, )the mechanism(?=,|$)")


@dataclass(frozen=True, slots=True)
class Recognised:
    """Shares of the stolen rows that an attacker recognises; `guard` is None where a guard that ranks sends nothing."""

    who: str
    knows: str
    bare: float
    store: float
    guard: float | None
    chance: float


def attacked(exact: Floats, noise: float, progress: Progress | None = None) -> list[Recognised]:
    """Attack exact vectors (n, d), as a store that ranks holds them with r = `noise`, and as one that does not."""
    total = 2 * len(_ATTACKS)

    def told(start: int) -> Progress:
        return lambda done, _, name: progress(start + done, total, name) if progress is not None else None

    ranking = Keyed(Mask(noise=noise, turned=True), asks=True)
    resting = Keyed(Mask(noise=_GUARD, turned=False), asks=False)
    store, guard = (
        _strongest(
            survey(exact, defence, noise=r, attacks=_ATTACKS, stolen=_STOLEN, counts=_PAIRS, progress=told(start))
        )
        for defence, r, start in ((ranking, noise, 0), (resting, _GUARD, len(_ATTACKS)))
    )
    return [
        Recognised(*key, best.ceiling, best.value, guard[key].value if key in guard else None, best.floor)
        for key, best in store.items()
    ]


def table(found: Sequence[Recognised], noise: float) -> Table:
    """Show who recognises how many of the stolen rows."""
    title = f"Of up to {_STOLEN} stolen rows, a thief without the keys recognises"
    grid = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold")
    grid.add_column("who")
    grid.add_column("and knows")
    for header in ("bare", f"ranked by the store, r={noise:g}", f"by the guard, r={_GUARD:g}", "chance"):
        grid.add_column(header, justify="right")
    before = ""
    for each in found:
        guard = "nothing sent" if each.guard is None else f"{each.guard:.1%}"
        who = "" if each.who == before else each.who
        grid.add_row(who, each.knows, f"{each.bare:.1%}", f"{each.store:.1%}", guard, f"{each.chance:.1%}")
        before = each.who
    return grid


def _strongest(found: Sequence[Result]) -> dict[tuple[str, str], Result]:
    """Return per attacker and knowledge the better of the ways that it has."""
    strongest: dict[tuple[str, str], Result] = {}
    for each in found:
        key = (_NAMES.get(each.attack, "knows pairs"), _known(each.knowledge))
        if each.metric == "id@1" and (key not in strongest or each.value > strongest[key].value):
            strongest[key] = each
    return strongest


def _known(knowledge: str) -> str:
    """Say what an attacker knows beside how masking works, which all of them do."""
    said = _MECHANISM.sub("", knowledge).strip(", ")
    return said.replace("noiseless pairs", "query pairs") or "how masking works"
