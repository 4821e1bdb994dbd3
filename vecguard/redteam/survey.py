"""What a setting buys against each attacker: every attack on one defence, beside the same attack on none.

Vectors are divided by a seed: some are stolen, the others are the attacker's own, to train on, to guess with, and to
know pairs of. No pair is of a stolen row. Each attack then runs twice with the same knowledge, on what the defence
makes of the stolen vectors and on the vectors as they are; the second gives the ceiling of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from vecguard.arrays import Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Result, Tried, tried
from vecguard.redteam.defence import Defence
from vecguard.redteam.known_pairs import COUNTS
from vecguard.redteam.plans import PLANS
from vecguard.redteam.scene import Material, Scene
from vecguard.redteam.thief import Thief

AttackName: TypeAlias = str
"""A key of `PLANS`."""
Progress: TypeAlias = Callable[[int, int, str], None]

ATTACKS: tuple[AttackName, ...] = (
    "dictionary",
    "words",
    "gram",
    "documents",
    "queries",
    "both",
    "averaging",
    "tenant",
)
"""What a survey runs by default: what takes seconds on a thousand rows."""


def survey(
    material: Material | Floats,
    defence: Defence,
    *,
    noise: float,
    texts: Sequence[str] = (),
    attacks: Sequence[AttackName] = ATTACKS,
    seeds: Sequence[int] = (0,),
    stolen: int = 500,
    counts: Sequence[int] = COUNTS,
    progress: Progress | None = None,
) -> tuple[Result, ...]:
    """Attack what `defence` makes of a corpus, and return every figure with its measured ceiling.

    A corpus is a `Material`, or exact vectors (n, d), n >= 80, with `texts`, one per vector, or none. `noise` is r,
    which attackers know. Attacks that need what is not there are left out: "words" without texts, "queries" and "both"
    where the store is never asked. A quarter of the rows is stolen, at most `stolen`. `counts` are the numbers of pairs
    tried. Results come by seed and attack, each attack's metrics together. `progress(done, total, name)` is told before
    each attack and once at the end.

    Raises `BadInput` for fewer rows, for texts that are not one per vector, and for an attack that there is not.
    """
    of = material if isinstance(material, Material) else Material(exact=material, texts=tuple(texts))
    plan = [(seed, name) for seed in seeds for name in attacks]
    results: list[Result] = []
    for done, (seed, name) in enumerate(plan):
        if progress is not None:
            progress(done, len(plan), name)
        thief = Thief.of(Scene.of(of, stolen, seed), defence, noise)
        guarded, bare = (attacked(name, each, counts) for each in (thief, thief.undefended))
        results += [result for pair in zip(guarded, bare, strict=True) for result in beside(*pair)]
    if progress is not None:
        progress(len(plan), len(plan), "")
    return tuple(results)


def attacked(name: AttackName, thief: Thief, counts: Sequence[int] = COUNTS, *, samples: int = 0) -> list[Tried]:
    """Run the attack of a name on what a thief has; of the first `samples` rows keep what was read off them.

    The ceilings of the figures are their metrics' own. Raises `BadInput` for an attack that there is not.
    """
    if name not in PLANS:
        raise BadInput(f"there is no attack of that name; there are {', '.join(PLANS)}")
    return [
        tried(each.attack, each.known, each.stolen, each.hidden or thief.scene.hidden, samples=samples)
        for each in PLANS[name](thief, counts)
    ]


def beside(guarded: Tried, bare: Tried) -> list[Result]:
    """Return the figures of an attack, with those of the same attack on undefended vectors as their ceilings."""
    pairs = zip(guarded.results, bare.results, strict=True)
    return [replace(result, ceiling=ceiling.value) for result, ceiling in pairs]
