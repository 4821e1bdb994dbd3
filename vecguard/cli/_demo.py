"""The demonstration: notes of three owners, bare and guarded side by side, and what each attacker gets of either."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from vecguard import Guard, Keyring, Policy, Principal
from vecguard.arrays import Floats, norms
from vecguard.cli._corpus import OWNERS, DemoCorpus, Note
from vecguard.cli._sides import Side, Stored, side
from vecguard.protect.rotation import rotation
from vecguard.records import RecordId
from vecguard.redteam import dictionary, files

Embed = Callable[[Sequence[str]], Floats]
_TOP = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a store's table: what is tried, and what comes of it on the bare and on the guarded store."""

    who: str
    what: str
    bare: str
    guarded: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured on one store."""

    store: str
    lines: tuple[Line, ...]
    sample: tuple[str, str, str] = field(repr=False)  # as written, as its owner reads it, with pii:restore
    leaks: int  # secrets found in the guarded store's and the state's files
    highest_cosine: float  # of a stored vector to its exact one
    same_as_exact: float  # of the owner's own results, against exact search over the scrubbed notes
    seconds: float


def demonstrate(
    store: str,
    corpus: DemoCorpus,
    embed: Embed,
    folder: Path,
    policy: Policy,
) -> Evidence:
    """Run everything for one store, in folders of its own below `folder`."""
    started = time.perf_counter()
    texts = [note.text for note in corpus.notes]
    raw = embed(texts)
    safe = folder / store / "guarded"
    safe.mkdir(parents=True)
    keys = Keyring.generate(folder / f"{store}.key")
    guard = Guard(policy, keys=keys, state=f"sqlite:///{safe / 'vecguard.db'}", embedder=embed)
    (folder / store / "bare").mkdir()
    bare = side(store, folder / store / "bare", None, raw.shape[1])
    guarded = side(store, safe / "store", guard, raw.shape[1])
    for owner in OWNERS:
        mine = [i for i, note in enumerate(corpus.notes) if note.owner == owner]
        ids, own = [corpus.notes[i].id for i in mine], [texts[i] for i in mine]
        bare.write(owner, ids, own, raw[mine])
        guarded.write(owner, ids, own, raw[mine])

    shelves = bare.shelf(), _named(guarded.shelf(), guard, corpus.notes, store)
    exact = {note.id: vector for note, vector in zip(corpus.notes, raw, strict=True)}
    clean = _clean(corpus, guard, embed)
    owner_lines, same = _owner(bare, guarded, guard, corpus, embed, clean)
    lines = [*_tenant(bare, guarded, corpus), *owner_lines]
    vector_lines, highest = _vectors(shelves, exact, clean, corpus.notes)
    vector_lines.append(_without_rotation(shelves[1], clean, guard, store))
    first = corpus.notes[0]
    sample = (
        first.text,
        guarded.text_of(first.owner, first.id) or "",
        guarded.text_of(Principal(first.owner, permissions=frozenset({"pii:restore"})), first.id) or "",
    )
    secrets = {**corpus.secrets, "record ids": [bare.caller_id(note.id) for note in corpus.notes]}
    for each in (bare, guarded, guard):
        each.close()
    file_lines, leaks = _files(folder / store, secrets)
    return Evidence(
        store=store,
        lines=(*file_lines, *vector_lines, *lines),
        sample=sample,
        leaks=leaks,
        highest_cosine=highest,
        same_as_exact=same,
        seconds=time.perf_counter() - started,
    )


def _files(folder: Path, kinds: dict[str, list[str]]) -> tuple[list[Line], int]:
    """Search every file of both sides, the state database included."""
    lines, total = [], 0
    for kind, secrets in kinds.items():
        found = [len({leak.secret for leak in files.search(folder / each, secrets)}) for each in ("bare", "guarded")]
        total += found[1]
        shown = [f"{count}/{len(secrets)}" for count in found]
        lines.append(Line("thief of files", kind, *shown))
    return lines, total


def _vectors(
    shelves: tuple[list[Stored], list[Stored]],
    exact: dict[str, Floats],
    clean: dict[str, Floats],
    notes: Sequence[Note],
) -> tuple[list[Line], float]:
    """Read vectors off both shelves: how near they are to the exact ones, and what a dictionary recognises."""
    bare, safe = shelves
    cosines = _cosines(bare, exact), _cosines(safe, clean)
    order = {note.id: i for i, note in enumerate(notes)}
    guesses = np.stack([exact[note.id] for note in notes]), np.stack([clean[note.id] for note in notes])
    read = [
        dictionary.recognised(np.stack([row.vector for row in shelf]), guess, [order[row.id] for row in shelf])
        for shelf, guess in zip(shelves, guesses, strict=True)
    ]
    pairs = [_by_pairs(shelf, known, order) for shelf, known in zip(shelves, (exact, clean), strict=True)]
    thief = "thief of files"
    return [
        Line(thief, "mean cosine of stored to exact vector", *(f"{each.mean():.2f}" for each in cosines)),
        Line(thief, f"texts recognised by a dictionary of {len(notes)}", *(f"{each:.0%}" for each in read)),
        Line(thief, "... with clear texts as known pairs", *pairs),
    ], float(cosines[1].max())


def _clean(corpus: DemoCorpus, guard: Guard, embed: Embed) -> dict[str, Floats]:
    """Embed every note as its owner's guard does, with that owner's surrogates. No attacker could: it is a present."""
    vectors = {
        note.id: vector
        for owner in OWNERS
        for mine in [[note for note in corpus.notes if note.owner == owner]]
        for note, vector in zip(mine, guard.embeddings(embed, owner)([note.text for note in mine]), strict=True)
    }
    return {note.id: vectors[note.id] for note in corpus.notes}


def _without_rotation(shelf: list[Stored], exact: dict[str, Floats], guard: Guard, store: str) -> Line:
    """Give the attacker the rotation as a present: what is left is the noise, and r = 1 alone hides no known text."""
    if guard.policy.vectors.ranking == "guard":
        return Line("", "... by whoever also learnt the rotation", "", "none")
    stored = np.stack([row.vector for row in shelf])
    (uid,) = guard.state.uids(store)
    stored = (stored @ rotation(guard.state.collection_keys(uid).rotation, stored.shape[1])).astype(np.float32)
    order = {id_: i for i, id_ in enumerate(exact)}
    share = dictionary.recognised(stored, np.stack(list(exact.values())), [order[row.id] for row in shelf])
    return Line("", "... by whoever also learnt the rotation", "", f"{share:.0%}")


def _by_pairs(shelf: list[Stored], exact: dict[str, Floats], order: dict[str, int]) -> str:
    known = [i for i, row in enumerate(shelf) if row.text is not None]
    if not known:
        return "no pairs"
    stored = np.stack([row.vector for row in shelf])
    turned = dictionary.realigned(stored, known, np.stack([exact[shelf[i].id] for i in known]))
    guesses = np.stack([exact[id_] for id_ in order])
    return f"{dictionary.recognised(turned, guesses, [order[row.id] for row in shelf]):.0%}"


def _tenant(bare: Side, guarded: Side, corpus: DemoCorpus) -> list[Line]:
    """Act as the second owner and reach for the first one's notes."""
    me = OWNERS[1]
    foreign = [note.id for note in corpus.notes if note.owner == OWNERS[0]]
    own = sum(note.owner == me for note in corpus.notes)

    def tried(name: str, what: Callable[[Side], int], total: int) -> Line:
        return Line("another owner", name, *(f"{what(each)}/{total}" for each in (bare, guarded)))

    return [
        tried("others' notes read by id", lambda s: sum(s.text_of(me, i) is not None for i in foreign), len(foreign)),
        tried("... seen by a call without owner filter", lambda s: s.seen_by_filter(me) - own, len(corpus.notes) - own),
        tried("... vectors handed out", lambda s: sum(s.vectors_given(me, i) for i in foreign), len(foreign)),
    ]


def _owner(
    bare: Side, guarded: Side, guard: Guard, corpus: DemoCorpus, embed: Embed, clean: dict[str, Floats]
) -> tuple[list[Line], float]:
    """Search as each owner: what of the bare store's results comes back, and whether masking changes any of it.

    The last line compares with an exact search over the scrubbed notes, so that what scrubbing costs (names no longer
    pull texts together) and what masking costs stand apart.
    """
    first, as_bare, as_scrubbed = [], [], []
    for owner, query in corpus.queries:
        mine = [note.id for note in corpus.notes if note.owner == owner]
        asked = embed(guard.scrubbed([query], owner))
        found = guarded.search(owner, asked, _TOP)[0]
        before = bare.search(owner, embed([query]), _TOP)[0]
        order = np.argsort(-(np.stack([clean[id_] for id_ in mine]) @ asked[0]))
        first.append(_shared(before[:1], found[:1]))
        as_bare.append(_shared(before, found))
        as_scrubbed.append(_shared([mine[i] for i in order[:_TOP]], found))
    masked = float(np.mean(as_scrubbed))
    return [
        Line("its owner", "best hit is the bare store's", "", f"{np.mean(first):.0%}"),
        Line("", f"top {_TOP} shared with the bare store", "", f"{np.mean(as_bare):.0%}"),
        Line("", f"top {_TOP} shared with exact, scrubbed search", "", f"{masked:.0%}"),
    ], masked


def _shared(left: list[str], right: list[str]) -> float:
    return len(set(left) & set(right)) / max(len(left), 1)


def _named(shelf: list[Stored], guard: Guard, notes: Sequence[Note], store: str) -> list[Stored]:
    """Give rows of a guarded shelf the ids of the notes they hold; only the guard's keys can."""
    names: dict[str, str] = {}
    for uid in guard.state.uids(store):
        keys = guard.state.collection_keys(uid)
        for note in notes:
            space = guard.state.space(uid, note.owner, keys)
            for record in _record_ids(note.id):
                names[space.backend_id(record)] = note.id
    return [Stored(names[row.id], row.text, row.vector) for row in shelf]


def _record_ids(id_: str) -> list[RecordId]:
    """Return an id as Chroma and FAISS have it, and as Qdrant does."""
    point = uuid5(NAMESPACE_URL, id_)
    return [RecordId.text(id_), RecordId("uuid", str(point), point.hex)]


def _cosines(shelf: list[Stored], exact: dict[str, Floats]) -> Floats:
    stored, wanted = np.stack([row.vector for row in shelf]), np.stack([exact[row.id] for row in shelf])
    products = np.einsum("ij,ij->i", stored, wanted, dtype=np.float64)
    cosines: Floats = (products / (norms(stored) * norms(wanted))).astype(np.float32)
    return cosines
