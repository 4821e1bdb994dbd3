"""How much is measured: three presets, from a look to everything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """The size of a run.

    `rows` documents of at most `characters` each are searched by `queries` (None: all, whole), under `keys` throw-away
    keys. Attackers get `attacked` of the documents, of which a quarter is stolen, at most `stolen` rows. `counts` are
    the numbers of known pairs, `seeds` the divisions into stolen rows and the attacker's own. Of the first division
    the first `samples` rows are kept with what was read off them.
    """

    rows: int | None = None
    queries: int | None = None
    characters: int | None = None
    keys: int = 5
    attacked: int = 2_000
    stolen: int = 500
    counts: tuple[int, ...] = (64, 384)
    seeds: int = 1
    samples: int = 6


QUICK = Effort(rows=1_000, queries=400, characters=320, keys=2, attacked=800, stolen=200, counts=(64, 384))
USUAL = Effort()
FULL = Effort(attacked=4_000, stolen=1_000, counts=(64, 128, 384, 768), seeds=3)
