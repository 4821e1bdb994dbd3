"""What must hold in a store and a state that were opened again after a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import func, select

from vecguard import Principal
from vecguard.entry import MARKER
from vecguard.rules import OWNER_FIELD
from vecguard.scrub.tokens import tokens_of
from vecguard.sealing import SEAL_FIELD
from vecguard.state import tables

from .sites import EMBED, ChromaSite, named
from .world import OWNERS, PEOPLE, World

_CLOSE = 1e-4  # what float32 and unmasking leave of a score


def broken(site: ChromaSite, world: World) -> list[str]:
    """Return every way in which what is there is not this world; an empty list is good."""
    found = ["a stranger sees rows"] if site.listed(named("mallory")) else []
    if site.shelf() is None or site.shelf().collection is None:
        return found if not any(world.rows.values()) else ["there is no guarded collection, and there were records"]
    return [
        *found,
        *_records(site, world),
        *_vectors(site, world),
        *_shelf(site, world),
        *_state(site, world),
        *_log(site, world),
    ]


def _records(site: ChromaSite, world: World) -> list[str]:
    """Everybody sees their own records exactly, with originals, and those that others share with them."""
    found: list[str] = []
    for owner in OWNERS:
        seen = site.listed(named(owner))
        own = {number: (text, fields) for name, text, fields in seen if (number := site.number(name)) is not None}
        if own != {number: (text, dict(fields)) for number, (text, fields) in world.of(owner).items()}:
            found.append(f"{owner} sees other records of its own: {_difference(own, world.of(owner))}")
        found += _shared(site, world, owner, [text for name, text, _ in seen if site.number(name) is None])
    return found


def _difference(own: Mapping[int, Any], wanted: Mapping[int, Any]) -> str:
    lost, extra = sorted(set(wanted) - set(own)), sorted(set(own) - set(wanted))
    other = [number for number in set(own) & set(wanted) if own[number] != (wanted[number][0], dict(wanted[number][1]))]
    return f"lost {lost[:5]}, extra {extra[:5]}, changed {[(n, own[n], wanted[n]) for n in other[:2]]}"


def _shared(site: ChromaSite, world: World, reader: str, texts: Sequence[str | None]) -> list[str]:
    wanted = [row[0] for owner, who in world.grants if who == reader for row in world.of(owner).values()]
    if site.guard.policy.scrub.enabled:  # a reader gets tokens of another owner's, and no originals
        same, leaked = len(texts) == len(wanted), [name for text in texts for name, *_ in PEOPLE if name in str(text)]
        return [*([] if same else [f"{reader} sees other shared rows"]), *(["an original is shared"] if leaked else [])]
    return [] if Counter(texts) == Counter(wanted) else [f"{reader} sees other shared rows"]


def _vectors(site: ChromaSite, world: World) -> list[str]:
    """Every vector unmasks to that of its text: its exact score says so, along two directions."""
    found: list[str] = []
    for owner in OWNERS:
        rows = world.of(owner)
        if not rows:
            continue
        clean = EMBED(site.guard.scrubbed([text for text, _ in rows.values()], owner)).astype(np.float64)
        for asked in ("a report about lungs", next(iter(rows.values()))[0]):
            query = EMBED(site.guard.scrubbed([asked], owner)).astype(np.float64)[0]
            wanted = dict(zip(rows, clean @ query, strict=True))
            scores = site.scores(named(owner), asked)
            if set(scores) != set(wanted):
                found.append(f"{owner}: {len(set(wanted) ^ set(scores))} rows are listed and not ranked")
            elif worst := max(abs(scores[each] - wanted[each]) for each in wanted) > _CLOSE:
                found.append(f"{owner}: a vector is not that of its text, by {worst}")
    return found


def _shelf(site: ChromaSite, world: World) -> list[str]:
    """The store holds the marker and one row per record: none without owner and seal, none that no call wrote."""
    there = site.raw()
    state, collection = site.guard.state, site.shelf().collection
    wanted = {MARKER}
    for owner in OWNERS:
        space = state.find_space(collection.uid, owner, collection.keys)
        wanted |= {space.backend_id(site.record(each)) for each in world.of(owner)} if space is not None else set()
    found = []
    if set(there) != wanted:
        found.append(f"the store lacks {len(wanted - set(there))} rows and has {len(set(there) - wanted)} of nobody")
    if any(not {OWNER_FIELD, SEAL_FIELD} <= set(fields) for each, fields in there.items() if each != MARKER):
        found.append("a row has no owner or no seal")
    return found


def _state(site: ChromaSite, world: World) -> list[str]:
    """Nothing is open; every token in a record has its original, and every original a record."""
    state, uid = site.guard.state, site.shelf().collection.uid
    found = []
    if open_ := len(state.intents.open(uid)):
        found.append(f"{open_} intents are open")
    references, vault = tables.references, tables.vault
    with state.database.begin() as connection:
        held: dict[str, int] = dict(
            connection.execute(select(vault.c.owner, func.count()).group_by(vault.c.owner)).tuples().all()
        )
        referred = connection.execute(select(references.c.uid, references.c.row).distinct()).tuples().all()
    rows = set(site.raw())
    if stray := [row for _, row in referred if row not in rows]:
        found.append(f"{len(stray)} rows that are not there refer to originals")
    for owner in OWNERS:
        tokens = _tokens(site, owner)
        if len(tokens) != held.get(state.digest(owner), 0):
            found.append(f"{owner}: {len(tokens)} tokens in records, {held.get(state.digest(owner), 0)} originals")
    return found


def _tokens(site: ChromaSite, owner: str) -> set[str]:
    """Return the tokens in an owner's records, as somebody sees them who may not have the originals."""
    seen = [row for row in site.listed(Principal(owner)) if site.number(row[0]) is not None]
    return {token for _, text, fields in seen for token in (*tokens_of(text), *tokens_of(fields))}


def _log(site: ChromaSite, world: World) -> list[str]:
    """The log verifies, and every write and delete that happened has its line; none has one that did not."""
    state = site.guard.state
    lines: Counter[tuple[str, str]] = Counter()
    breaks = state.audit.examined(beside=lambda row: lines.update([(str(row["action"]), str(row["owner"]))])).breaks
    found = [f"the audit log has {len(breaks)} breaks"] if breaks else []
    for owner in OWNERS:
        stand_for = state.pseudonyms.owner(owner)
        for action, counted in (("write", world.writes), ("delete", world.deletes)):
            written = sum(lines[action, each] for each in stand_for)
            if written != counted.get(owner, 0):
                found.append(f"{owner}: {written} {action} lines for {counted.get(owner, 0)} calls")
    return found
