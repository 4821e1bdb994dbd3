"""One way to keep vectors: what the store gets, who ranks, and what is scrubbed before anything is embedded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vecguard.arrays import Floats
from vecguard.calibration.simulate import Ranks, View, exact_ranks, ranks
from vecguard.policy import Policy, Scrub
from vecguard.ports import Protector
from vecguard.protect.mechanism import mechanism
from vecguard.ranking.store import candidates_of
from vecguard.redteam import Defence, Key, Keyed
from vecguard.redteam.defence import space

_WANTED = 10
_AT_ONCE = 4_096  # rows masked at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A setting before it is measured; `name`, `label` and `words` are those of `vecguard.redteam.findings.Setting`.

    `defence` is what a store gets; `noise` is r, which attackers know, None where there is no such thing. `over_fetch`
    is K: that many are ranked exactly again, None where the store's own order stands. `mask` takes the noise off where
    the guard ranks. `scrub` is what a guard takes out of texts, None where they are embedded as they are.
    """

    name: str
    label: str
    words: str
    defence: Defence
    noise: float | None = None
    over_fetch: int | None = None
    mask: Protector | None = field(default=None, repr=False)
    scrub: Scrub | None = field(default=None, repr=False)

    @classmethod
    def of(cls, policy: Policy, *, name: str, label: str, words: str, rows: int) -> Way:
        """Return what a policy does to a collection of so many rows: its own mechanism, and its own K."""
        vectors = policy.vectors
        does, asks = mechanism(vectors), vectors.ranking == "store"
        return cls(
            name=name,
            label=label,
            words=words,
            defence=Keyed(does, asks=asks),
            noise=vectors.noise if vectors.mask else None,
            over_fetch=min(rows, candidates_of(vectors, rows, _WANTED)) if asks else None,
            mask=None if asks else does,
            scrub=policy.scrub if policy.scrub.enabled else None,
        )

    def ranked(self, documents: Floats, queries: Floats, seed: int) -> Ranks:
        """Return the best ten rows per query that somebody gets who searches, under the keys of a number."""
        key = Key(seed)
        if self.mask is not None:
            return exact_ranks(_unmasked(self.mask, documents, key), queries)
        asked = self.defence.asked(queries, key)
        view = View(_stored(self.defence, documents, key), queries if asked is None else asked)
        if self.over_fetch is None:
            return exact_ranks(view.stored, view.asked)
        return ranks(documents, queries, view, over_fetch=(self.over_fetch,))[self.over_fetch]


def _stored(defence: Defence, documents: Floats, key: Key) -> Floats:
    return np.concatenate([defence.stored(documents[part], key, ids) for part, ids in _parts(len(documents))])


def _unmasked(mask: Protector, documents: Floats, key: Key) -> Floats:
    """Mask documents and unmask what a float32 store keeps of them."""
    keyed, back = Keyed(mask, asks=False), []
    for part, ids in _parts(len(documents)):
        done = keyed.protected(documents[part], key, ids)
        rows = np.stack([each.values for each in done.vectors if each is not None])
        back.append(mask.unmask(rows, done.seals, [body.backend_id for body in done.bodies], space(key))[0])
    return np.concatenate(back)


def _parts(count: int) -> list[tuple[slice, list[str]]]:
    starts = range(0, count, _AT_ONCE)
    return [
        (slice(start, start + _AT_ONCE), [str(row) for row in range(start, min(count, start + _AT_ONCE))])
        for start in starts
    ]
