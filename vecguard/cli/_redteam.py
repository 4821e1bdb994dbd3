"""`vecguard redteam`: attacks a bare and a guarded store with the user's own texts in them, and says what each gave."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from vecguard import Guard, Keyring, Policy
from vecguard.arrays import Floats
from vecguard.cli._calibrate import embedder_of, name_of, progress_on
from vecguard.cli._redteam_table import table, verdict
from vecguard.cli._shelved import Shelved
from vecguard.errors import BadInput
from vecguard.evaluate import paired_bootstrap, versions
from vecguard.evaluate.notes import Notes, read
from vecguard.frontier.attackers import figures
from vecguard.frontier.samples import samples, told
from vecguard.redteam import PLANS, Attack, Material, Planned, Scene, Thief, Tried, files, tried
from vecguard.redteam.findings import Figure, Findings, Measured, Setting, Skipped
from vecguard.redteam.mine import plan_of
from vecguard.redteam.page import page

SECONDS = ("dictionary", "words", "gram", "documents", "queries", "tenant", "membership", "attributes")
BARE, GUARDED = "bare", "guarded"
FILES = "files"
_PAIRS = (64, 384)
_SAMPLES = 8
_QUERIES, _DEPTH = 200, 10
_SOUGHT = 100  # texts
_SENTENCE = 48  # characters of a text that are looked for in files

Embed = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a run is asked to do. `rows` is how many texts are used, `stolen` how many of them at most are stolen."""

    data: Path
    store: str
    policy: Policy
    label: str
    attacks: tuple[str, ...]
    mine: tuple[Attack, ...]
    attributes: tuple[str, ...]
    embedder: str
    rows: int
    stolen: int
    seed: int
    show: bool


def chosen(names: str, *, has_mine: bool) -> tuple[str, ...]:
    """Return the attacks that `--attacks` names; without it those that take seconds, or none beside one's own."""
    if not names:
        return () if has_mine else (FILES, *(each for each in SECONDS if each in PLANS))
    if names == "all":
        return (FILES, *PLANS)
    wanted = tuple(each.strip() for each in names.split(",") if each.strip())
    if unknown := [each for each in wanted if each not in PLANS and each != FILES]:
        raise BadInput(f"{len(unknown)} of these attacks there is not; there are {FILES}, {', '.join(PLANS)}")
    return wanted


def run(console: Console, orders: Orders, out: Path | None) -> Findings:
    """Attack, print, and write the document and the page."""
    started = time.perf_counter()
    notes = _some(read(orders.data, attributes=orders.attributes), orders.rows, orders.seed)
    console.print(
        f"{escape(notes.name)}: {len(notes.texts):,} texts; store {orders.store}, {escape(orders.label)}, "
        f"a quarter of them stolen (at most {orders.stolen:,})."
    )
    with progress_on(console) as progress, tempfile.TemporaryDirectory(prefix="vecguard-redteam-") as scratch:
        embed = embedder_of(orders.embedder, progress)
        with closing(Guard(orders.policy, keys=Keyring.ephemeral(), state=":memory:")) as guard:
            material = _material(notes, guard, embed, progress)
            with closing(_Bout.of(orders, material, embed, Path(scratch))) as bout:
                found = bout.fought(progress)
    findings = replace(found, seconds=time.perf_counter() - started)
    console.print(table(findings))
    console.print(verdict(findings), highlight=False)
    if out is not None:
        _written(console, findings, out)
    return findings


def _some(notes: Notes, most: int, seed: int) -> Notes:
    """Draw texts at random: exports are often sorted."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(notes.texts))[:most])
    labels = {name: tuple(values[i] for i in chosen) for name, values in notes.labels.items()}
    return Notes(notes.name, tuple(notes.texts[i] for i in chosen), labels)


def _material(notes: Notes, guard: Guard, embed: Embed, progress: Progress) -> Material:
    """Embed the texts as they are, and as a guard embeds them after scrubbing."""
    exact = embed(notes.texts)
    bar = progress.add_task("scrubbing", total=None)
    clean = tuple(guard.scrubbed(notes.texts))
    progress.update(bar, total=1, completed=1)
    embedded, scrub = (exact, None) if clean == notes.texts else (embed(clean), guard.scrubbed)
    return Material(exact=exact, texts=notes.texts, embedded=embedded, labels=notes.labels, encode=embed, scrub=scrub)


@dataclass(frozen=True, slots=True)
class _Bout:
    """Both stores, robbed by the same thief."""

    orders: Orders
    material: Material
    scene: Scene
    bare: Shelved
    guarded: Shelved
    folder: Path
    skipped: list[Skipped] = field(default_factory=list)

    @classmethod
    def of(cls, orders: Orders, material: Material, embed: Embed, folder: Path) -> _Bout:
        scene = Scene.of(material, orders.stolen, orders.seed)
        dimension = material.exact.shape[1]
        texts = _by_vector(material)
        bare, guarded = (
            Shelved(orders.store, policy, folder / name, dimension, texts, embed)
            for name, policy in ((BARE, None), (GUARDED, orders.policy))
        )
        return cls(orders, material, scene, bare, guarded, folder)

    def fought(self, progress: Progress) -> Findings:
        """Run every attack on both."""
        orders = self.orders
        vectors = orders.policy.vectors
        thief = Thief.of(self.scene, self.guarded, vectors.noise if vectors.mask else 0.0)
        undefended = Thief(self.scene.bare, self.bare, 0.0, thief.asked)
        plans = {name: PLANS[name] for name in orders.attacks if name != FILES and name in PLANS}
        plans |= {each.name: plan_of(each) for each in orders.mine}
        bar = progress.add_task("attacking", total=len(plans) + 2)
        found: list[Figure] = []
        read: dict[str, dict[str, Sequence[str]]] = {BARE: {}, GUARDED: {}}
        for name, plan in plans.items():
            progress.update(bar, description=f"attacking: {name}")
            planned = [list(plan(each, _PAIRS)) for each in (undefended, thief)]
            if not planned[0]:
                self.skipped.append(Skipped(what=name, why=_WHY.get(name, "it lacks what it needs here")))
            without, mine = ([self._tried(each) for each in side] for side in planned)
            for side, tries in ((BARE, without), (GUARDED, mine)):
                found += figures(side, name, [tries], [without])
                read[side] |= told(tries)
            progress.advance(bar)
        found += self._files() if FILES in orders.attacks else []
        progress.advance(bar)
        change, shared = self._overlap()
        progress.advance(bar)
        progress.update(bar, description="attacking")
        return self._findings(found, read, change, shared)

    def close(self) -> None:
        """Close both."""
        self.bare.close()
        self.guarded.close()

    def _tried(self, planned: Planned) -> Tried:
        hidden = planned.hidden or self.scene.hidden
        return tried(planned.attack, planned.known, planned.stolen, hidden, samples=_SAMPLES)

    def _files(self) -> list[Figure]:
        """Look for the stolen texts in the files themselves: whoever reads them needs no attack."""
        texts = [text[:_SENTENCE] for text in self.scene.taken.texts[:_SOUGHT]]
        shares = {
            side: len({leak.secret for leak in files.search(self.folder / side, texts)}) / len(texts)
            for side in (BARE, GUARDED)
        }
        return [
            Figure(
                setting=side,
                attack=FILES,
                label="a look at the files",
                knowledge="nothing",
                adaptive=False,
                metric="texts found",
                main=True,
                value=shares[side],
                floor=0.0,
                ceiling=shares[BARE],
                n=len(texts),
            )
            for side in (BARE, GUARDED)
        ]

    def _overlap(self) -> tuple[Measured, float]:
        """Search both stores for texts like those that are not in them; compare the best ten."""
        own = self.scene.own
        bare, guarded = (
            store.found(asked[:_QUERIES], _DEPTH)
            for store, asked in ((self.bare, own.exact), (self.guarded, own.embedded))
        )
        shares = np.array([len(set(a) & set(b)) / max(1, len(a)) for a, b in zip(bare, guarded, strict=True)])
        change = paired_bootstrap(np.ones_like(shares), shares, seed=self.orders.seed)
        return Measured(estimate=change.estimate, low=change.low, high=change.high), float(shares.mean())

    def _findings(
        self,
        found: Sequence[Figure],
        read: Mapping[str, Mapping[str, Sequence[str]]],
        change: Measured,
        shared: float,
    ) -> Findings:
        orders, vectors = self.orders, self.orders.policy.vectors
        scrubbed = self.material.embedded is not self.material.exact
        settings = (
            Setting(name=BARE, label="bare", words=f"{orders.store} as it is", quality={_MEASURE: 1.0}),
            Setting(
                name=GUARDED,
                label=orders.label,
                words=_words(orders.policy),
                noise=vectors.noise if vectors.mask else None,
                over_fetch=vectors.over_fetch if isinstance(vectors.over_fetch, int) else None,
                scrubbed=scrubbed,
                quality={_MEASURE: shared},
                change=change,
                within=change.estimate >= -_MARGIN,
            ),
        )
        return Findings(
            kind="redteam",
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            command=" ".join(["vecguard", *sys.argv[1:]]),
            versions=versions(),
            corpus={
                "name": orders.data.resolve().name,
                "rows": len(self.material.exact),
                "stolen": len(self.scene.taken),
                "d": self.material.exact.shape[1],
                "embedder": name_of(orders.embedder),
                "store": orders.store,
                "texts changed by scrubbing": scrubbed,
            },
            seeds=(orders.seed,),
            measure=_MEASURE,
            margin=_MARGIN,
            settings=settings,
            figures=tuple(found),
            samples=samples(self.scene.taken.texts[:_SAMPLES], read, show=orders.show),
            skipped=tuple(self.skipped),
            masked=not orders.show,
        )


_MEASURE = f"overlap@{_DEPTH}"
_MARGIN = 0.02
_WHY = {
    "queries": "the store is never asked: the guard ranks",
    "both": "the store is never asked: the guard ranks",
    "attributes": "the texts have no attributes (--attribute names a field)",
}


def _words(policy: Policy) -> str:
    vectors = policy.vectors
    scrub = "scrubbed" if policy.scrub.enabled else "not scrubbed"
    if not vectors.mask:
        return f"texts {scrub}, vectors not masked"
    return f"texts {scrub}, vectors masked with noise of r={vectors.noise:g}, ranked by the {vectors.ranking}"


def _by_vector(material: Material) -> Mapping[bytes, str]:
    """Return the text of each vector, by its bytes: what an application writes with it."""
    embedded = material.exact if material.embedded is None else material.embedded
    found = dict(zip((row.tobytes() for row in material.exact), material.texts, strict=True))
    return found | dict(zip((row.tobytes() for row in embedded), material.texts, strict=True))


def _written(console: Console, findings: Findings, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"redteam-{findings.corpus['name']}.json"
    path.write_text(findings.to_json(), encoding="utf-8")
    path.with_suffix(".html").write_text(page(findings), encoding="utf-8")
    console.print(f"Wrote {escape(str(path))} and the page beside it", highlight=False)
