"""What was read off stolen rows, beside the texts that they hide."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vecguard.redteam.findings import Findings, Sample
from vecguard.redteam.page._marks import marks, sign
from vecguard.redteam.page._words import text
from vecguard.redteam.words import is_content, words

_PIECE = re.compile(r"(\w+(?:['\u2019]\w+)?)")


def samples(findings: Findings) -> str:
    """Return the samples side by side, or a word on why there are none."""
    if not findings.samples:
        return '<p class="dim">No samples were kept in this run, or no attack that ran reads texts.</p>'
    shown = "".join(_card(findings, i, each) for i, each in enumerate(findings.samples, start=1))
    return (
        f"<p>{_mask(findings)} <mark>Marked</mark> are words of the original that carry content. What was read is a "
        f"guess: a word that is right may be so by chance.</p>{shown}"
    )


def _mask(findings: Findings) -> str:
    if findings.masked:
        return (
            "Texts of the corpus are masked. To see them as they are, on your own machine: "
            "the command below with <code>--show</code>."
        )
    return "<b>These are texts of the corpus as they are: whoever has this page reads them.</b>"


def _card(findings: Findings, i: int, sample: Sample) -> str:
    labels, looks = {each.name: each.label for each in findings.settings}, marks(findings.settings)
    target = frozenset(each for each in words(sample.original) if is_content(each))
    order = [name for name in labels if name in sample.told] + [name for name in sample.told if name not in labels]
    columns = "".join(
        f"<div><h4>{sign(looks[name]) if name in looks else ''}{text(labels.get(name, name))}</h4>"
        f"{_read(sample.told[name], target)}</div>"
        for name in order
    )
    return (
        f'<article class="sample" aria-label="sample {i}"><div class="original"><h4>original</h4>'
        f'<p dir="auto">{text(sample.original)}</p></div><div class="columns">{columns}</div></article>'
    )


def _read(told: Mapping[str, str], target: frozenset[str]) -> str:
    lines = "".join(
        f'<dt>{text(attacker)}</dt><dd dir="auto">{_marked(said, target) or "<span class=dim>nothing</span>"}</dd>'
        for attacker, said in told.items()
    )
    return f"<dl>{lines}</dl>" if lines else '<p class="dim">not read</p>'


def _marked(said: str, target: frozenset[str]) -> str:
    return "".join(
        f"<mark>{text(piece)}</mark>" if words(piece) & target else text(piece) for piece in _PIECE.split(said)
    )
