"""Findings as a run would make them, of a corpus that does not exist: figures are drawn, and none was measured."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from vecguard.redteam.findings import Figure, Findings, Measured, Sample, Setting, Skipped

# name, label, words, r, K, change of utility (estimate, half the interval), share of a leak that gets through
_SETTINGS = (
    ("bare", "bare", "Vectors and texts lie in the store as they are.", None, None, None, 1.0),
    (
        "noise",
        "noise only",
        "Noise that stays, as much as is borne.",
        0.25,
        None,
        (-0.0041, 0.006),
        0.96,
    ),
    ("rotation", "rotation only", "A secret rotation of the whole collection.", None, None, (0.0, 0.0), 0.9),
    ("store", "ranked in the store", "Rotated and masked; the store ranks.", 1.0, 235, (-0.0031, 0.002), 0.55),
    ("balanced", "balanced", "Masked with much noise; the guard ranks.", 100.0, None, (-0.0006, 0.0009), 0.004),
    ("strict", "strict", "Masked, everything sealed; the guard ranks.", 100.0, None, (-0.0006, 0.0009), 0.002),
)
_ATTACKS = (
    ("dictionary", "dictionary", "id@1", "the mechanism", 0.004, 0.998, False),
    ("words", "bag of words", "content-recall@10", "9,000 other texts of the domain, the encoder", 0.116, 0.706, True),
    ("gram", "gram", "id@1", "2,000 texts, the stolen ones among them", 0.002, 0.99, False),
    ("documents", "procrustes", "id@1", "256 document pairs", 0.002, 1.0, False),
    ("attributes", "linear probe", "accuracy", "500 labelled texts of the domain", 0.21, 0.83, True),
)
_WORDS = ("my sister keeps bees", "he plays the cello badly", "we moved to Oslo in 1994", "ships sink & rats <swim>")


def invented(kind: str = "frontier", *, attacks: int = 5, intervals: bool = True, seed: int = 0) -> Findings:
    """Return a document of so many attacks on six settings, or for "redteam" on bare and a policy."""
    draw = random.Random(seed)
    rows = _SETTINGS if kind == "frontier" else (_SETTINGS[0], ("policy", "your policy", *_SETTINGS[4][2:]))
    settings = tuple(_setting(row) for row in rows)
    chosen = [_ATTACKS[i % len(_ATTACKS)] for i in range(attacks)]
    named = [(f"{name}-{i}" if i >= len(_ATTACKS) else name, *rest) for i, (name, *rest) in enumerate(chosen)]
    figures = tuple(
        figure
        for name, label, metric, knows, floor, ceiling, both in named
        for row in rows
        for adaptive in ((False, True) if both else (True,))
        for figure in _figures(draw, row, (name, label, metric, knows, floor, ceiling), adaptive, intervals)
    )
    return Findings(
        kind="frontier" if kind == "frontier" else "redteam",
        made="2026-11-22T00:00:00+00:00",
        command="vecguard bench frontier --data notes --quick --out out",
        versions={"vecguard": "0.1.0", "numpy": "2.4.6", "python": "3.11.7"},
        corpus={"name": "invented notes", "rows": 4_000, "d": 384, "embedder": "all-MiniLM-L6-v2", "queries": 300},
        seeds=(0, 1, 2),
        measure="nDCG@10",
        margin=0.01,
        settings=settings,
        figures=figures,
        samples=tuple(_sample(draw, each, settings) for each in _WORDS[:2]),
        skipped=(
            Skipped(what="vec2text", why="no weights at hand"),
            Skipped(what="hadamask", why="the package is not installed"),
        ),
        seconds=171.3,
    )


def stripped(findings: Findings) -> Findings:
    """Return the same without samples, quality, changes and what was not run."""
    bare = tuple(replace(each, quality={}, change=None, within=None) for each in findings.settings)
    return replace(findings, settings=bare, samples=(), skipped=())


def _setting(row: tuple[str, str, str, float | None, int | None, tuple[float, float] | None, float]) -> Setting:
    name, label, words, noise, over_fetch, moving, _ = row
    change = Measured(estimate=moving[0], low=moving[0] - moving[1], high=moving[0] + moving[1]) if moving else None
    utility = 0.6566 * (1 + (moving[0] if moving else 0))
    return Setting(
        name=name,
        label=label,
        words=words,
        noise=noise,
        over_fetch=over_fetch,
        scrubbed=name in ("balanced", "strict", "policy"),
        quality={"nDCG@10": utility, "recall@10": utility + 0.12, "MRR@10": utility - 0.03},
        change=change,
        within=None if change is None else change.low >= -0.01,
    )


def _figures(
    draw: random.Random,
    row: tuple[str, str, str, float | None, int | None, tuple[float, float] | None, float],
    attack: tuple[str, str, str, str, float, float],
    adaptive: bool,
    intervals: bool,
) -> list[Figure]:
    name, label, metric, knows, floor, ceiling = attack
    through = row[-1] * (1 if row[0] == "bare" else draw.uniform(0.7, 1.0))
    through *= 1 if adaptive or row[0] == "bare" else 0.5
    # a rotation stops who compares with exact vectors, and nobody who looks at shapes or pairs
    through = draw.uniform(-0.01, 0.01) if row[0] == "rotation" and name in ("dictionary", "words") else through
    value = floor + through * (ceiling - floor)
    made = Figure(
        setting=row[0],
        attack=name,
        label=label,
        knowledge=f"{knows}, the mechanism" if adaptive and "mechanism" not in knows else knows,
        adaptive=adaptive,
        metric=metric,
        main=True,
        value=value,
        floor=floor,
        ceiling=ceiling,
        low=value - 0.02 if intervals else None,
        high=value + 0.02 if intervals else None,
        n=500,
        pairs=256 if name == "documents" else 0,
        cpu_s=draw.uniform(0.1, 40),
    )
    return [made, replace(made, metric="cosine", main=False, value=value * 0.9, low=None, high=None)]


def _sample(draw: random.Random, original: str, settings: tuple[Setting, ...]) -> Sample:
    pieces = original.split()
    told = {}
    for each in settings:
        right = list(pieces) if each.name in ("bare", "noise") else ["dog", "like", "work"]
        draw.shuffle(right)
        told[each.name] = {"bag of words": ", ".join(right), "sentences": " ".join([*pieces[:2], "a", "dog"])}
    return Sample(original=original, told=told)


HOSTILE = "\"'></script></style><img src=http://elsewhere.test/x onerror=alert(1)>&amp;\u202egnp.\u2066\x07\ud800$_{x}"


def hostile(findings: Findings) -> Findings:
    """Return the same where every text is followed by one that tries to become markup, or to turn the line around."""
    return Findings(**{each.name: _hostile(getattr(findings, each.name), each.name) for each in fields(findings)})


def _hostile(value: Any, name: str = "") -> Any:
    if isinstance(value, str):
        return value if name == "kind" else value + HOSTILE
    if isinstance(value, Mapping):
        kept = {"name", "rows", "d", "embedder"}  # the page looks for these
        return {key if key in kept else _hostile(key): _hostile(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_hostile(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{each.name: _hostile(getattr(value, each.name)) for each in fields(value)})
    return value
