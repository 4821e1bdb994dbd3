"""Attackers of one's own: a Python file beside the package's own attacks, run on the same stolen rows.

    attack = MyAttack()            # or: attacks = [MyAttack(), Another()]

An attack has a `name` and `fit(known)`, which returns something with `run(stolen, hidden)`, as every attack here
(`vecguard.redteam.Attack`). It is tried twice: naive, and knowing the mechanism. `pairs = 128`, if it has that, is how
many stored rows of the victim's other documents it knows too.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from vecguard.errors import BadInput
from vecguard.redteam.attack import Attack, Knowledge, Stolen
from vecguard.redteam.plans import Plan, Planned
from vecguard.redteam.thief import Thief


def load(path: Path) -> tuple[Attack, ...]:
    """Return the attacks of a file; raise `BadInput` if it cannot be run or has none. The file is run as it is."""
    module = _run(path)
    found: Any = getattr(module, "attacks", None) or [getattr(module, "attack", None)]
    attacks: tuple[Any, ...] = tuple(found) if isinstance(found, list | tuple) else ()
    if not attacks or not all(_is_attack(each) for each in attacks):
        raise BadInput("the file of an attack has `attack = ...` or `attacks = [...]`, each with a name and fit(known)")
    return attacks


def plan_of(attack: Attack) -> Plan:
    """Return the plan of an attack of one's own: naive, then adaptive."""

    def plan(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
        stolen, pairs = Stolen(thief.rows()), int(getattr(attack, "pairs", 0))
        for known in (thief.naive(), thief.domain()):
            yield Planned(attack, _with_pairs(known, thief, pairs), stolen)

    return plan


def _with_pairs(known: Knowledge, thief: Thief, count: int) -> Knowledge:
    return replace(known, pairs=(thief.documents(count),)) if count else known


def _run(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("vecguard_attack_of_ones_own", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise BadInput("the file of an attack is a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    raised = _failure(lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]  # it was looked at above
    if raised:
        raise BadInput(f"the file of an attack could not be run ({raised})")
    return module


def _failure(call: Callable[[], object]) -> str:
    """Return what a call of somebody else's code raised, and on which line; what it says may hold a text."""
    try:
        call()
    except Exception as failure:  # noqa: BLE001 - theirs
        frame = failure.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        return f"{type(failure).__name__}, line {frame.tb_lineno if frame is not None else 0}"
    return ""


def _is_attack(each: object) -> bool:
    return isinstance(getattr(each, "name", None), str) and callable(getattr(each, "fit", None))
