"""Nobody sees or changes what is not theirs: every store, every guarded verb, everybody, sync and async.

Three owners have records in a collection: alice, who shares on terms that differ by reader, and dave and kate, who
share nothing. Whoever acts has some of its own. Then every case is tried as

    owner      alice, in her own space                     reads and writes all of it
    writer     acts in alice's space                       does what alice does
    reader     granted alice's records, some fields        reads them under names of their own, and writes none of them
    member     of a group that is granted, without texts   as above; two of them an answer
    stranger   never heard of her                          as if her records did not exist
    revoked    was reader and writer, and has read         as a stranger
    admin      has permissions such as "admin"             as a stranger

twice: among all these records, and again without those that it may not see, which must make no difference. The last
five try them a third time in alice's space, where they are refused. `oracle` says what counts as a leak.

Then with each layer alone, the others switched off, and with none: `layers` says what they are, which of them stand
before a call, and what each of them keeps.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from vecguard import NotEnforced
from vecguard.ports import Find, Request, Search
from vecguard.surface import GUARDED, Surface
from vecguard_chroma._surface import ASYNC_CLIENT, ASYNC_COLLECTION, CLIENT, COLLECTION
from vecguard_faiss._surface import COLLECTION_VERBS, INDEX
from vecguard_qdrant._surface import ASYNC, SYNC

from . import chroma_site, faiss_site, qdrant_site
from .case import NOTHING, SCAN, Case
from .cast import ROLES, Role, grant, revoke
from .layers import LAYERS, Layers, unowned
from .oracle import Bench, Leak


def _guarded(surface: Surface) -> set[str]:
    return {name for name, decision in surface.decisions.items() if decision is GUARDED}


CASES: dict[str, Sequence[Case]] = {
    "chroma": chroma_site.cases(),
    "chroma async": chroma_site.cases(),
    "qdrant": qdrant_site.cases(sync=True),
    "qdrant async": qdrant_site.cases(sync=False),
    "faiss positions": faiss_site.of_positions(),
    "faiss numbers": faiss_site.of_numbers(),
    "faiss collection": faiss_site.of_collections(),
}
SYNC_FACES = [each for each in CASES if not each.endswith("async")]
PLACES = [*((face, "guard") for face in CASES), *((face, "store") for face in SYNC_FACES)]
VERBS = {
    "chroma": {*_guarded(COLLECTION), *_guarded(CLIENT), "verify"},
    "chroma async": {*_guarded(ASYNC_COLLECTION), *_guarded(ASYNC_CLIENT), "verify"},
    "qdrant": {*_guarded(SYNC), "verify"},
    "qdrant async": {*_guarded(ASYNC), "verify"},
    "faiss positions": _guarded(INDEX),
    "faiss numbers": _guarded(INDEX),
    "faiss collection": {*COLLECTION_VERBS, "verify"} - {"open", "save"},  # these are about files, for administrators
}
OUTSIDERS = ("reader", "member", "stranger", "revoked", "admin")

everywhere = pytest.mark.parametrize(("face", "ranking"), PLACES)
in_every_role = pytest.mark.parametrize("role", ROLES, ids=lambda each: each.name)


async def _bench(site: Any, role: Role, layers: Layers, off: frozenset[str] = frozenset()) -> Bench:
    """Let everybody write, alice share, and rex read before he no longer may; layers are off for the role's calls."""
    for owner in role.owners:
        await site.write(owner)
    grant(site.guard)
    layers.know(site.guard, {owner: [site.named(each) for each in site.given(owner)] for owner in role.owners})
    bench = Bench(site, role, lambda: layers.without(off))
    if role.name == "revoked":
        await bench.look()
        revoke(site.guard)
    return bench


def _listed(leaks: Sequence[Leak]) -> str:
    return "\n".join([f"{len(leaks)} leaks: {dict(Counter(each.kind for each in leaks))}", *map(str, leaks[:20])])


# ---------------------------------------------------------------------------------------------------- all layers


def tried(face: str, role: Role) -> list[str]:
    """Return the names of all cases that a role tries at a face."""
    own = [case.name for case in CASES[face]]
    return own + [f"in alice's space: {each}" for each in own if role.name in OUTSIDERS and _about_records(face, each)]


def _about_records(face: str, name: str) -> bool:
    return next(case for case in CASES[face] if case.name == name).layers != NOTHING


@everywhere
@in_every_role
async def test_nobody_sees_or_changes_what_is_not_theirs(
    face: str, ranking: str, role: Role, open_site: Callable[..., Any], layers: Layers
) -> None:
    """No content, presence or change of another owner's record, in no case; and all that is one's own or shared."""
    bench = await _bench(await open_site(face, ranking), role, layers)
    cases = CASES[face]
    leaks = await bench.among_others(cases)
    if role.name in OUTSIDERS:
        leaks += await bench.trespassing([case for case in cases if case.layers != NOTHING])
    leaks += await bench.of_missing(cases)
    leaks += await bench.without_others(cases)
    assert not leaks, _listed(leaks)


def test_the_matrix_has_two_thousand_cases_and_every_guarded_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """They are counted as they are tried, each by its own name; a guarded verb without a case fails."""
    names = [(*place, role.name, each) for place in PLACES for role in ROLES for each in tried(place[0], role)]
    assert len(set(names)) == len(names) >= 2_000
    for face, guarded in VERBS.items():
        assert {each.verb for each in CASES[face]} >= guarded, face
    with capsys.disabled():
        print(f"{len(names)} cases ", end="")  # noqa: T201 - for the record of a run


# ------------------------------------------------------------------------------------------- some layers, and none

WHOLE = os.environ.get("VECGUARD_MATRIX") == "whole"
"""Whether layers are switched off in every role and for async faces too, which takes minutes, or where they differ."""

TOLD_APART = tuple(each for each in ROLES if WHOLE or each.name in ("reader", "stranger", "revoked"))
BY_LAYER = [
    (face, ranking, layer)
    for face, ranking in PLACES
    for layer in sorted(LAYERS)
    if WHOLE or (face in SYNC_FACES and (ranking == "guard" or layer in SCAN))
]
ONLY_TRESPASSING = {face: {"add", "remove_ids"} if face == "faiss positions" else {"verify"} for face in CASES}
"""Verbs that tell nothing unless they act in the other's space: `verify` compares digests under the acting owner's key,
and positions are those in one's own index, which the store looks up by the owner."""


@pytest.mark.parametrize(("face", "ranking", "layer"), BY_LAYER)
async def test_each_layer_alone_keeps_what_it_stands_before(
    face: str, ranking: str, layer: str, open_site: Callable[..., Any], layers: Layers
) -> None:
    """With all others off: no content, and no change, of another owner's record."""
    leaks: list[Leak] = []
    for role in TOLD_APART:
        bench = await _bench(await open_site(face, ranking), role, layers, LAYERS - {layer})
        if layer != "access":
            leaks += await bench.among_others([case for case in CASES[face] if layer in case.layers])
        elif role.name in OUTSIDERS:
            leaks += await bench.trespassing([case for case in CASES[face] if case.layers != NOTHING])
    leaks = [each for each in leaks if each.kind in ("content", "integrity", "trespass")]
    assert not leaks, _listed(leaks)


@pytest.mark.parametrize("face", CASES if WHOLE else SYNC_FACES)
async def test_without_any_layer_the_matrix_sees_every_verb_leak(
    face: str, open_site: Callable[..., Any], layers: Layers
) -> None:
    """The matrix can fail: whatever verb it tries gives something away, or does harm, when nothing stands before it."""
    cases = [case for case in CASES[face] if case.layers != NOTHING]
    last = [case for case in cases if case.verb == "delete_collection"]  # then it is gone, with everybody's records
    cases = [case for case in cases if case not in last]
    (stranger,) = (each for each in ROLES if each.name == "stranger")
    trespasser = await _bench(await open_site(face, "guard"), stranger, layers, LAYERS)
    refused = {each.verb for each in await trespasser.trespassing(cases) if each.kind == "trespass"}
    bench = await _bench(await open_site(face, "guard"), stranger, layers, LAYERS)
    leaks = await bench.among_others(cases)
    leaks += await bench.without_others(cases)
    leaks += await bench.among_others(last)
    assert refused == {case.verb for case in cases}
    assert {each.verb for each in leaks} >= {case.verb for case in (*cases, *last)} - ONLY_TRESPASSING[face]


@pytest.mark.parametrize("face", SYNC_FACES)
async def test_a_store_that_ignores_the_owner_is_not_used_at_all(
    face: str, open_site: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts and pages have no second layer but this: whoever touches such a store first is refused."""
    real = Request.on

    def ignoring(request: Request, store: Any) -> Any:
        if isinstance(request, Find | Search):
            request = replace(request, where=unowned(request.where))
        return real(request, store)

    site = await open_site(face, "guard")
    monkeypatch.setattr(Request, "on", ignoring)
    with pytest.raises(NotEnforced):
        await site.write("alice")
