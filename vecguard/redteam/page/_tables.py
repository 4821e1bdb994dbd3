"""The tables: every attack against every setting, and below that every figure of the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from vecguard.redteam.findings import Figure, Findings, Setting
from vecguard.redteam.page._marks import marks, sign
from vecguard.redteam.page._words import (
    NONE,
    interval,
    leaked,
    moves,
    number,
    plain,
    processor_time,
    share,
    text,
)
from vecguard.redteam.standing import TELLS, attacks, standing

_COLUMNS = ("setting", "value", "95 % interval", "floor", "ceiling", "leak", "n", "pairs", "CPU s")


class _Attacker(NamedTuple):
    """What figures have in common that stand under one heading."""

    label: str
    adaptive: bool
    metric: str
    knowledge: str


def wide(label: str, table: str) -> str:
    """Let a wide table scroll by itself, with the keyboard too."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{text(label)}">{table}</div>'


def overview(findings: Findings) -> str:
    """Return the leak of each attack on each setting: the same as the pictures, as a table."""
    looks = marks(findings.settings)
    head = "".join(
        f'<th scope="col" class="n">{sign(looks[each.name])}{text(each.label)}</th>' for each in findings.settings
    )
    rows = "".join(
        f'<tr><th scope="row"><a href="#attack-{i}">{text(attack)}</a></th>'
        f"{''.join(_cell(findings, each, attack) for each in findings.settings)}</tr>"
        for i, attack in enumerate(attacks(findings))
    )
    return wide(
        "Leak by attack and setting",
        "<table><caption>Leak of the strongest adaptive attacker; below it the strongest naive one. "
        "–: not run there, or nothing there to run it on.</caption>"
        f'<thead><tr><th scope="col">attack</th>{head}</tr></thead><tbody>{rows}</tbody></table>',
    )


def _cell(findings: Findings, setting: Setting, attack: str) -> str:
    stands = standing(findings, setting, attack)
    adaptive = share(stands.adaptive.leak) if stands.adaptive is not None else NONE
    naive = f"<small>naive {share(stands.naive.leak)}</small>" if stands.naive is not None else ""
    return f'<td class="n">{adaptive}{naive}</td>'


def figures(findings: Findings) -> str:
    """Return every figure of every attack."""
    return "".join(_attack(findings, i, attack) for i, attack in enumerate(attacks(findings)))


def _attack(findings: Findings, i: int, attack: str) -> str:
    found = [each for each in findings.figures if each.attack == attack]
    first, others = [each for each in found if each.main], [each for each in found if not each.main]
    main = wide(f"Figures of {attack}", _table(findings, first)) if first else ""
    rest = (
        f"<details><summary>{len(others):,} figures of other metrics</summary>"
        f"{wide(f'Other metrics of {attack}', _table(findings, others))}</details>"
        if others
        else ""
    )
    weak = (
        f'<p class="dim">† From undefended vectors this attacker gets less than {number(TELLS, 2)} above its floor: '
        "too weak for its leak to say anything, and left out of the summaries.</p>"
        if any(_weak(each) for each in found)
        else ""
    )
    return f'<h3 id="attack-{i}">{text(attack)}</h3>{main}{rest}{weak}'


def _table(findings: Findings, found: Sequence[Figure]) -> str:
    groups: dict[_Attacker, list[Figure]] = {}
    for each in sorted(found, key=lambda each: each.adaptive):
        groups.setdefault(_Attacker(each.label, each.adaptive, each.metric, each.knowledge), []).append(each)
    head = "".join(f'<th scope="col"{" class=n" if i else ""}>{each}</th>' for i, each in enumerate(_COLUMNS))
    bodies = "".join(_group(findings, attacker, rows) for attacker, rows in groups.items())
    return f'<table class="figures"><thead><tr>{head}</tr></thead>{bodies}</table>'


def _group(findings: Findings, attacker: _Attacker, rows: Iterable[Figure]) -> str:
    how = "adaptive" if attacker.adaptive else "naive"
    labels, looks = {each.name: each.label for each in findings.settings}, marks(findings.settings)
    places = {each.name: i for i, each in enumerate(findings.settings)}
    lines = "".join(
        f'<tr><th scope="row">{sign(looks[each.setting]) if each.setting in looks else ""}'
        f"{text(labels.get(each.setting, each.setting))}</th>{_cells(each)}</tr>"
        for each in sorted(rows, key=lambda each: places.get(each.setting, len(places)))
    )
    return (
        f'<tbody><tr class="group"><th scope="rowgroup" colspan="{len(_COLUMNS)}"><span class="stay">'
        f'{text(attacker.label)} <span class="pill">{how}</span> {text(attacker.metric)}'
        f"<small>knows {text(attacker.knowledge)}</small></span></th></tr>{lines}</tbody>"
    )


def _cells(figure: Figure) -> str:
    said = (
        number(figure.value),
        interval(figure),
        number(figure.floor),
        number(figure.ceiling),
        leaked(figure) + ("&nbsp;†" if _weak(figure) else ""),
        f"{figure.n:,}",
        f"{figure.pairs:,}" if figure.pairs else NONE,
        processor_time(figure.cpu_s),
    )
    return "".join(f'<td class="n">{each}</td>' for each in said)


def _weak(figure: Figure) -> bool:
    return figure.ceiling - figure.floor < TELLS


def settings(findings: Findings) -> str:
    """Return the settings in words, with what their search is worth."""
    measures = list(dict.fromkeys(name for each in findings.settings for name in each.quality))
    looks = marks(findings.settings)
    head = "".join(
        f'<th scope="col" class="n">{text(each)}</th>'
        for each in ("r", "K", *measures, f"change of {findings.measure}")
    )
    rows = "".join(
        f'<tr><th scope="row">{sign(looks[each.name])}{text(each.label)}'
        f'{_key(each)}</th><td class="said">{text(each.words)}'
        f"{'<small>texts are scrubbed before they are embedded</small>' if each.scrubbed else ''}</td>"
        f'<td class="n">{plain(each.noise)}</td><td class="n">{plain(each.over_fetch)}</td>'
        f"{''.join(_quality(each, name) for name in measures)}"
        f'<td class="n nobr">{NONE if each.change is None else moves(each.change)}</td></tr>'
        for each in findings.settings
    )
    return wide(
        "Settings",
        "<table><caption>r: length of the noise relative to the vector; K: rows fetched and ranked again.</caption>"
        f'<thead><tr><th scope="col">setting</th><th scope="col">what it does</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table>",
    )


def _key(setting: Setting) -> str:
    return f"<small>{text(setting.name)}</small>" if setting.name != setting.label else ""


def _quality(setting: Setting, name: str) -> str:
    value = setting.quality.get(name)
    return f'<td class="n">{NONE if value is None else number(value)}</td>'
