"""Leaks as bars, one picture per attack and one bar per setting: for runs that say nothing of utility."""

from __future__ import annotations

from vecguard.redteam.findings import Findings
from vecguard.redteam.page._marks import drawn, marks
from vecguard.redteam.page._words import leaked, number, short, text
from vecguard.redteam.standing import Standing, attacks, judged, leak, standing

_WIDTH, _LEFT, _RIGHT = 400.0, 104.0, 336.0
_ROW, _TOP, _BOTTOM = 30.0, 6.0, 36.0


def bars(findings: Findings) -> list[tuple[str, str]]:
    """Return for each attack its name and its picture; empty where no attacker counts."""
    drawings: list[tuple[str, str]] = []
    for attack in attacks(findings):
        found = [standing(findings, each, attack) for each in findings.settings]
        rows = [each for each in found if each.strongest is not None]
        drawings.append((attack, _picture(findings, attack, rows) if rows else ""))
    return drawings


def _x(value: float) -> float:
    return _LEFT + min(max(value, 0.0), 1.1) / 1.1 * (_RIGHT - _LEFT)


def _picture(findings: Findings, attack: str, rows: list[Standing]) -> str:
    looks, ours = marks(findings.settings), judged(findings)
    height = _TOP + _BOTTOM + _ROW * len(rows)
    told: list[str] = []
    parts = [_ground(height)]
    for i, each in enumerate(rows):
        worst = each.strongest
        if worst is None:
            continue
        told.append(f"{each.setting.label} {leaked(worst)}")
        y, around, mark = _TOP + _ROW * (i + 0.5), leak(worst), looks[each.setting.name]
        name = "name own" if ours is not None and ours.name == each.setting.name else "name"
        whisker = f'<path class="bar c{mark.style}" d="M{_x(around.low):.1f} {y:.1f}H{_x(around.high):.1f}"/>'
        weaker = each.naive if worst is each.adaptive else None
        parts.append(
            f'<g class="point" data-setting="{text(each.setting.name)}"><title>{text(_hover(each))}</title>'
            f'<text class="{name}" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{text(short(each.setting))}</text>"
            f'<rect class="fill c{mark.style}" x="{_LEFT}" y="{y - 6:.1f}" '
            f'width="{_x(worst.leak) - _LEFT:.1f}" height="12"/>'
            f"{whisker if around.low < around.high else ''}"
            f"{drawn(mark, _x(weaker.leak), y, 4.2, hollow=True) if weaker is not None else ''}"
            f"{drawn(mark, _x(worst.leak), y, hollow=not worst.adaptive)}"
            f'<text class="{name}" x="{_WIDTH}" y="{y + 4:.1f}" text-anchor="end">'
            f"{number(100 * worst.leak, 1)}\u00a0%</text></g>"
        )
    said = text(f"Leak against {attack}: {'; '.join(told)}")
    return f'<svg viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="{said}">{"".join(parts)}</svg>'


def _ground(height: float) -> str:
    bottom = height - _BOTTOM + 2
    lines = "".join(
        f'<path class="grid" d="M{_x(level):.1f} {_TOP}V{bottom}"/>'
        f'<text class="tick" x="{_x(level):.1f}" y="{bottom + 14}" text-anchor="middle">{100 * level:.0f}</text>'
        for level in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    middle = (_x(0) + _x(1)) / 2
    return f'{lines}<text class="tick" x="{middle:.1f}" y="{height - 4}" text-anchor="middle">leak, %</text>'


def _hover(each: Standing) -> str:
    lines = [each.setting.label]
    lines += [
        f"{how}: leak {leaked(found)} ({found.label}, {found.metric} {number(found.value)})"
        for how, found in (("adaptive", each.adaptive), ("naive", each.naive))
        if found is not None
    ]
    return "\n".join(lines)
