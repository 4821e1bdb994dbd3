"""Who attacks under which name, knowing what. A plan lists the same trials for every defence, naive ones first.

A plan that lacks something (texts, attributes, an encoder, a store that is asked) lists nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

from vecguard.redteam.attack import Attack, Hidden, Knowledge, Pairs, Stolen
from vecguard.redteam.attributes import Attributes
from vecguard.redteam.averaging import Averaging
from vecguard.redteam.bag_of_words import BagOfWords
from vecguard.redteam.decoder import Sentences
from vecguard.redteam.dictionary import Dictionary
from vecguard.redteam.facts import guesses, people, stated
from vecguard.redteam.few_shot import LEAKED, FewShot, Trained
from vecguard.redteam.gradient import Gradient
from vecguard.redteam.gram import Gram
from vecguard.redteam.known_pairs import KnownPairs
from vecguard.redteam.membership import Membership
from vecguard.redteam.search import Search
from vecguard.redteam.slots import Slots
from vecguard.redteam.tenant import Tenant
from vecguard.redteam.thief import Thief
from vecguard.redteam.white_box import opened

_DRAWS = (1, 4, 16)
_PERSONS = 60
_FACTS = 200


@dataclass(frozen=True, slots=True)
class Planned:
    """One attack, what it knows and what it stole. `hidden` is the judge's, where it is not simply the stolen texts."""

    attack: Attack
    known: Knowledge
    stolen: Stolen
    hidden: Hidden | None = None


Plan: TypeAlias = Callable[[Thief, Sequence[int]], Iterator[Planned]]
"""Takes a thief and the numbers of pairs to try."""


def _dictionary(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    yield Planned(Dictionary(), thief.knows(), Stolen(thief.rows()))


def _words(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    if not thief.scene.own.texts:
        return
    inverter, stolen = BagOfWords(seed=thief.scene.seed), Stolen(thief.rows())
    yield Planned(inverter, thief.naive(), stolen)
    yield Planned(inverter, thief.domain(), stolen)
    yield Planned(replace(inverter, undo="turned by shape"), thief.domain(), stolen)


def _gram(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    stolen = Stolen(thief.rows())
    for known in (thief.very_texts(), thief.texts_among_others(), thief.domain()):
        yield Planned(Gram(), known, stolen)


def _documents(thief: Thief, counts: Sequence[int]) -> Iterator[Planned]:
    return _by_pairs(thief, counts, [thief.documents])


def _queries(thief: Thief, counts: Sequence[int]) -> Iterator[Planned]:
    return _by_pairs(thief, counts, [thief.queries])


def _both(thief: Thief, counts: Sequence[int]) -> Iterator[Planned]:
    return _by_pairs(thief, counts, [thief.documents, thief.queries])


def _by_pairs(thief: Thief, counts: Sequence[int], kinds: Sequence[Callable[[int], Pairs]]) -> Iterator[Planned]:
    stolen = Stolen(thief.rows())
    for count in thief.affordable(counts, kinds):
        known = thief.knows(*(kind(count) for kind in kinds))
        yield Planned(KnownPairs("procrustes"), known, stolen)
        yield Planned(KnownPairs("ridge"), known, stolen)


def _averaging(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    then, known = thief.dictionary()
    for draws in _DRAWS:
        yield Planned(Averaging(draws, then), known, Stolen(thief.rows("0/"), thief.copies(draws - 1)))


def _tenant(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    yield Planned(Tenant(), thief.knows(thief.tenancy()), Stolen(thief.rows()))


def _sentences(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    if not thief.scene.own.texts:
        return
    decoder, stolen = Sentences.quick(seed=thief.scene.seed), Stolen(thief.rows())
    yield Planned(decoder, thief.naive(), stolen)
    yield Planned(decoder, thief.domain(), stolen)
    yield Planned(replace(decoder, undo="turned by shape"), thief.domain(), stolen)


def _search(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    if not thief.scene.own.texts or thief.scene.encode is None:
        return
    seed, stolen = thief.scene.seed, Stolen(thief.rows())
    search = Search(decoder=Sentences.quick(seed=seed), inverter=BagOfWords(seed=seed))
    yield Planned(search, thief.naive(), stolen)
    yield Planned(search, thief.domain(), stolen)
    yield Planned(replace(search, undo="turned by shape"), thief.domain(), stolen)


def _few_shot(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    if not thief.scene.own.texts:
        return
    stolen = Stolen(thief.rows())
    for known in (thief.naive(), thief.domain()):
        attack = FewShot(Trained.on(Sentences.quick(seed=thief.scene.seed), known))
        for count in thief.affordable(LEAKED, [thief.documents]):
            yield Planned(attack, replace(known, pairs=(thief.documents(count),)), stolen)


def _attributes(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    own, taken = thief.scene.own.labels, thief.scene.taken.labels
    if not any(len({*own[name]} - {""}) > 1 and any(taken[name]) for name in own):
        return
    linear, mlp = (Attributes(probe, seed=thief.scene.seed) for probe in ("linear", "MLP"))
    stolen = Stolen(thief.rows())
    for known in (thief.naive(), thief.domain()):
        yield Planned(linear, known, stolen)
        yield Planned(mlp, known, stolen)
    yield Planned(replace(mlp, undo="turned by shape"), thief.domain(), stolen)


def _membership(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    stolen = Stolen(thief.rows())
    yield Planned(Membership(), *_asking(thief.candidates(scrubbed=False), stolen))
    asking = _asking(thief.candidates(scrubbed=True), stolen)
    yield Planned(Membership("likelihood ratio"), *asking)
    yield Planned(Membership("likelihood ratio", "turned by shape"), *asking)


def _asking(candidates: tuple[Knowledge, Hidden], stolen: Stolen) -> tuple[Knowledge, Stolen, Hidden]:
    return candidates[0], stolen, candidates[1]


def _slots(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    if not thief.scene.writable:
        return
    persons = people(_PERSONS, seed=thief.scene.seed)
    stolen, hidden = thief.writes(stated(persons, _FACTS, seed=thief.scene.seed))
    known = thief.guesses(guesses(persons), naive=False)
    yield Planned(Slots(), thief.guesses(guesses(persons), naive=True), stolen, hidden)
    yield Planned(Slots(), known, stolen, hidden)
    yield Planned(Slots("turned by shape"), known, stolen, hidden)


def _gradient(thief: Thief, _: Sequence[int]) -> Iterator[Planned]:
    if opened(thief.scene.encode) is None or not thief.scene.taken.texts:
        return
    searcher, stolen = Gradient(seed=thief.scene.seed), Stolen(thief.rows())
    yield Planned(searcher, thief.naive(), stolen)
    if thief.asked:  # there may be a rotation to undo; noise changes nothing in this search
        yield Planned(replace(searcher, undo="turned by shape"), thief.domain(), stolen)


PLANS: Final[Mapping[str, Plan]] = MappingProxyType(
    {
        "dictionary": _dictionary,
        "words": _words,
        "gram": _gram,
        "documents": _documents,
        "queries": _queries,
        "both": _both,
        "averaging": _averaging,
        "tenant": _tenant,
        "sentences": _sentences,
        "search": _search,
        "few-shot": _few_shot,
        "attributes": _attributes,
        "membership": _membership,
        "slots": _slots,
        "gradient": _gradient,
    }
)
"""Every attack by name."""
