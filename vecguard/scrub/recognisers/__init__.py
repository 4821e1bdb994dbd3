"""What to look for besides names: Presidio's check digits and forms where they are right, ours where they are not.

One file per family of numbers; each lists its rules. Nothing here opens a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from vecguard.scrub.recognisers import (
    contact,
    credentials,
    dates,
    finance,
    government,
    health,
    legal,
    network,
    people,
    places,
    things,
)
from vecguard.scrub.recognisers.rules import Rule, Rules

Recogniser: TypeAlias = Any  # presidio_analyzer.EntityRecognizer, which has no types

_FAMILIES = (contact, credentials, dates, finance, government, health, legal, network, people, places, things)

RULES: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in family.RULES)


def structured(entities: Iterable[str]) -> list[Recogniser]:
    """Return one recogniser for all of these types that have rules: it looks at a text once for all of them."""
    wanted = frozenset(entities)
    rules = [rule for rule in RULES if rule.entity in wanted]
    return [Rules(rules)] if rules else []


def _only(entity: str) -> list[Recogniser]:
    return structured([entity])


# One entry per type. Each call gives new recognisers: Presidio's interface lets callers change them.
CATALOGUE: dict[str, Callable[[], list[Recogniser]]] = {
    entity: partial(_only, entity) for entity in sorted({rule.entity for rule in RULES})
}

__all__ = ["CATALOGUE", "RULES", "Recogniser", "structured"]
