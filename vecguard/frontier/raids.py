"""Attackers let at settings: cells, made or taken, become figures, samples, and a word on what was not possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from vecguard.errors import BadInput
from vecguard.frontier import attackers
from vecguard.frontier.cells import Cells, digest
from vecguard.frontier.effort import Effort
from vecguard.frontier.samples import told
from vecguard.frontier.subject import Subject, Vectors
from vecguard.frontier.way import Way
from vecguard.policy import Scrub
from vecguard.redteam import Material, Scene, Thief, Tried, attacked
from vecguard.redteam.findings import Figure, Skipped


@dataclass(frozen=True, slots=True)
class Raided:
    """What came of all attacks: figures, and what was read off the first rows by setting and attacker."""

    figures: tuple[Figure, ...]
    originals: tuple[str, ...] = field(repr=False)
    read: Mapping[str, Mapping[str, Sequence[str]]] = field(repr=False)
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class _Raid:
    """A thief of one setting under one seed, and a digest of all that it could get hold of."""

    thief: Thief = field(repr=False)
    deciding: str


def raided(
    subject: Subject,
    effort: Effort,
    cells: Cells,
    ways: Sequence[Way],
    vectors: Mapping[Scrub | None, Vectors],
    attacks: Sequence[str],
    progress: Callable[[int, int, str], None],
) -> Raided:
    """Let each attack at each setting; the first setting is bare. `progress` is told before each, and at the end."""
    raids = {way.name: list(_raids(subject, effort, way, vectors[way.scrub])) for way in ways}
    plain = raids[ways[0].name]
    pairs = [(attack, way) for attack in attacks for way in ways]
    figures: list[Figure] = []
    read: dict[str, dict[str, Sequence[str]]] = {}
    skipped: list[tuple[str, Way, str]] = []
    for at, (attack, way) in enumerate(pairs):
        progress(at, len(pairs), f"{attack} on {way.label}")
        guarded, bare, why = _beside(partial(_tried, cells, effort, attack), raids[way.name], plain, attack, effort)
        made = attackers.figures(way.name, attack, guarded, bare)
        figures += made
        if not made:
            skipped.append((attack, way, why))
        elif said := told(guarded[0]):
            read.setdefault(way.name, {}).update(said)
    progress(len(pairs), len(pairs), "")
    originals = plain[0].thief.scene.taken.texts[: effort.samples]
    return Raided(tuple(figures), originals, read, tuple(_summed(skipped, attacks, len(ways))))


def _raids(subject: Subject, effort: Effort, way: Way, vectors: Vectors) -> Iterator[_Raid]:
    """Yield what is stolen of a setting, seed by seed; the rows are the same for all settings."""
    order = np.random.default_rng(0).permutation(len(subject.task.documents))
    material = subject.material(vectors, np.sort(order[: effort.attacked]))
    deciding = _deciding(material, subject.embedder)
    for seed in range(effort.seeds):
        yield _Raid(Thief.of(Scene.of(material, effort.stolen, seed), way.defence, way.noise or 0.0), deciding)


def _deciding(material: Material, embedder: str) -> str:
    stored = material.exact if material.embedded is None else material.embedded
    labels = [f"{name}\0{value}" for name, values in material.labels.items() for value in values]
    encoder = embedder if material.encode is not None else ""
    return digest(material.exact, stored, encoder, *material.texts, "labels", *labels)


def _beside(
    tried: Callable[[_Raid], tuple[Tried, ...]],
    raids: Sequence[_Raid],
    plain: Sequence[_Raid],
    attack: str,
    effort: Effort,
) -> tuple[list[tuple[Tried, ...]], list[tuple[Tried, ...]], str]:
    """Return what an attack got by seed, what it gets of bare vectors knowing the same, and why if that is nothing."""
    try:
        guarded = [tried(each) for each in raids]
        bare = [tried(_ceiling(*each, attack, effort)) for each in zip(raids, plain, strict=True)]
    except (ImportError, BadInput) as failure:
        return [], [], str(failure)
    asked = raids[0].thief.asked
    return guarded, bare, "it lacks something it needs" if asked else "the store is never asked"


def _ceiling(raid: _Raid, plain: _Raid, attack: str, effort: Effort) -> _Raid:
    """Return the same thief where there is no defence; the one of the bare setting, if that one tries the same."""
    own = _Raid(raid.thief.undefended, plain.deciding)
    same = own.thief.asked == plain.thief.asked
    return plain if same or attackers.same_plan(attack, own.thief, plain.thief, effort.counts) else own


def _tried(cells: Cells, effort: Effort, attack: str, raid: _Raid) -> tuple[Tried, ...]:
    thief = raid.thief
    deciding = {
        "attack": attack,
        "counts": effort.counts,
        "stolen": effort.stolen,
        "samples": effort.samples,
        "seed": thief.scene.seed,
        "defence": repr(thief.defence),
        "noise": thief.noise,
        "asked": thief.asked,
        "material": raid.deciding,
    }
    return cells.tried(deciding, partial(attacked, attack, thief, effort.counts, samples=effort.samples))


def _summed(skipped: Sequence[tuple[str, Way, str]], attacks: Sequence[str], ways: int) -> Iterator[Skipped]:
    """Say of each attack, and each reason once, on which settings it was not possible."""
    for attack in attacks:
        found = [(way, why) for name, way, why in skipped if name == attack]
        for reason in dict.fromkeys(why for _, why in found):
            labels = [way.label for way, why in found if why == reason]
            yield Skipped(what=attack if len(labels) == ways else f"{attack} on {', '.join(labels)}", why=reason)
