"""The frontier as small pictures, one per attack: change of utility across, leak upwards, one mark per setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vecguard.redteam.findings import Figure, Findings, Measured, Setting
from vecguard.redteam.page._marks import Mark, drawn, marks
from vecguard.redteam.page._scale import Changes, spread
from vecguard.redteam.page._words import cut, leaked, moved, moves, number, share, short, text
from vecguard.redteam.standing import Standing, attacks, change, judged, leak, standing

_WIDTH, _TOP, _BOTTOM = 400.0, 16.0, 44.0
_LEFT, _RIGHT = 40.0, 262.0  # of the plot; labels stand right of it
_LABELS, _GAP = 280.0, 15.0
_HEIGHT = 276.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """One setting against one attack, with its place on the picture."""

    setting: Setting
    mark: Mark
    change: Measured
    standing: Standing
    figure: Figure
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What all pictures share: the scales, and how high a picture is."""

    changes: Changes
    low: float
    high: float
    height: float

    def y(self, value: float) -> float:
        """Return the place of a leak; what lies far outside is put at the edge."""
        inside = min(max(value, self.low), self.high)
        return _TOP + (self.high - inside) / (self.high - self.low) * (self.height - _TOP - _BOTTOM)

    @property
    def bottom(self) -> float:
        """Return where the plot ends."""
        return self.height - _BOTTOM


def drawable(findings: Findings) -> bool:
    """Say whether utility was measured for a setting other than bare, so that there is a frontier to draw."""
    return findings.kind == "frontier" and any(each.change is not None for each in findings.settings)


def bent(findings: Findings) -> bool:
    """Say whether changes far beyond the margin are drawn nearer than they are."""
    return _frame(findings).changes.bent


def frontier(findings: Findings) -> list[tuple[str, str]]:
    """Return for each attack its name and its picture; empty where no attacker counts."""
    frame, looks = _frame(findings), marks(findings.settings)
    drawings: list[tuple[str, str]] = []
    for attack in attacks(findings):
        found = [_point(findings, attack, each, looks[each.name], frame) for each in findings.settings]
        points = [each for each in found if each is not None]
        drawings.append((attack, _picture(findings, attack, points, frame) if points else ""))
    return drawings


def _frame(findings: Findings) -> _Frame:
    found = [moving for each in findings.settings if (moving := change(each)) is not None]
    ends = [end for each in found for end in (each.low, each.high)]
    leaks = [
        leak(figure)
        for attack in attacks(findings)
        for each in findings.settings
        if (figure := standing(findings, each, attack).strongest) is not None
    ]
    return _Frame(
        changes=Changes.of(ends, findings.margin, _LEFT, _RIGHT),
        low=max(-0.2, min([-0.04, *(each.low for each in leaks)])),
        high=min(1.3, max([1.04, *(each.high for each in leaks)])),
        height=max(_HEIGHT, _TOP + _BOTTOM + _GAP * len(findings.settings)),
    )


def _point(findings: Findings, attack: str, setting: Setting, mark: Mark, frame: _Frame) -> _Point | None:
    moving, stands = change(setting), standing(findings, setting, attack)
    figure = stands.strongest
    if moving is None or figure is None:
        return None
    x, y = frame.changes(moving.estimate), frame.y(figure.leak)
    return _Point(setting=setting, mark=mark, change=moving, standing=stands, figure=figure, x=x, y=y)


def _picture(findings: Findings, attack: str, points: Sequence[_Point], frame: _Frame) -> str:
    ours = judged(findings)
    own = ours.name if ours is not None else ""
    ordered = sorted(points, key=lambda each: each.setting.name == own)  # the last one lies on top
    told = "; ".join(f"{each.setting.label} {leaked(each.figure)} at {moves(each.change)}" for each in points)
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {frame.height:.0f}" role="img" '
        f'aria-label="{text(f"Leak against {attack}, and change of {findings.measure}: {told}")}">'
        f"{_ground(findings, frame)}"
        f"{''.join(_mark(each, frame, findings.measure) for each in ordered)}{_labels(points, frame, own)}</svg>"
    )


def _ground(findings: Findings, frame: _Frame) -> str:
    """Return what lies under the marks: the margin, the grid, the axes and their names."""
    changes, bottom = frame.changes, frame.bottom
    allowed, middle = changes(-findings.margin), (_TOP + bottom) / 2
    size = f'width="{_RIGHT - allowed:.1f}" height="{bottom - _TOP:.1f}"'
    levels = "".join(
        f'<path class="grid" d="M{_LEFT} {frame.y(level):.1f}H{_RIGHT}"/>'
        f"{_tick(_LEFT - 6, frame.y(level) + 4, f'{100 * level:.0f}', 'end')}"
        for level in (0.0, 0.25, 0.5, 0.75, 1.0)
    )
    ticks = "".join(_tick(changes(each), bottom + 15, _round(each)) for each in changes.ticks())
    return (
        f'<rect class="allowed" x="{allowed:.1f}" y="{_TOP}" {size}/>{levels}'
        f'<path class="margin" d="M{allowed:.1f} {_TOP}V{bottom:.1f}"/>'
        f'<path class="axis" d="M{changes(0):.1f} {_TOP}V{bottom:.1f}M{_LEFT} {bottom:.1f}H{_RIGHT}"/>{ticks}'
        f"{_tick((_LEFT + _RIGHT) / 2, bottom + 33, f'change of {cut(findings.measure, 18)}, %')}"
        f'<g transform="rotate(-90 10 {middle:.1f})">{_tick(10, middle, "leak, %")}</g>'
    )


def _tick(x: float, y: float, said: str, anchor: str = "middle") -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text(said)}</text>'


def _round(change: float) -> str:
    said = number(100 * change, 2).rstrip("0").rstrip(".")
    return f"+{said}" if change > 0 else said


def _mark(point: _Point, frame: _Frame, measure: str) -> str:
    setting, look, around = point.setting, f'class="bar c{point.mark.style}"', leak(point.figure)
    parts = [f"<title>{text(_hover(point, measure))}</title>"]
    if around.low < around.high:
        parts.append(f'<path {look} d="M{point.x:.1f} {frame.y(around.low):.1f}V{frame.y(around.high):.1f}"/>')
    if point.change.low < point.change.high:
        low, high = (frame.changes(each) for each in (point.change.low, point.change.high))
        parts.append(f'<path {look} d="M{low:.1f} {point.y:.1f}H{high:.1f}"/>')
    weaker = point.standing.naive if point.figure is point.standing.adaptive else None
    if weaker is not None:
        y = frame.y(weaker.leak)
        parts.append(f'<path class="link c{point.mark.style}" d="M{point.x:.1f} {y:.1f}V{point.y:.1f}"/>')
        parts.append(drawn(point.mark, point.x, y, 4.2, hollow=True))
    parts.append(drawn(point.mark, point.x, point.y, hollow=not point.figure.adaptive))
    return f'<g class="point" data-setting="{text(setting.name)}">{"".join(parts)}</g>'


def _hover(point: _Point, measure: str) -> str:
    lines = [point.setting.label, f"{measure}: {moves(point.change)}"]
    lines += [
        f"{how}: leak {leaked(each)} ({each.label}, {each.metric} {number(each.value)})"
        for how, each in (("adaptive", point.standing.adaptive), ("naive", point.standing.naive))
        if each is not None
    ]
    return "\n".join(lines)


def _labels(points: Sequence[_Point], frame: _Frame, own: str) -> str:
    ordered = sorted(points, key=lambda each: (each.y, -each.x))
    places = spread([each.y for each in ordered], _GAP, _TOP + 4, frame.bottom - 2)
    parts: list[str] = []
    for each, y in zip(ordered, places, strict=True):
        classes = "name own" if each.setting.name == own else "name"
        line = f"M{each.x + 8:.1f} {each.y:.1f}L{_LABELS - 4:.1f} {y:.1f}"
        name, said = short(each.setting, 12), _brief(each.figure.leak)
        parts.append(
            f'<g class="point" data-setting="{text(each.setting.name)}">'
            f"<title>{text(each.setting.label)}, {moved(each.change.estimate)}</title>"
            f'<path class="lead-line c{each.mark.style}" d="{line}"/>{drawn(each.mark, _LABELS + 3, y, 3.4)}'
            f'<text class="{classes}" x="{_LABELS + 11}" y="{y + 4:.1f}"{_squeezed(name)}>{text(name)}</text>'
            f'<text class="{classes}" x="{_WIDTH}" y="{y + 4:.1f}" text-anchor="end">{said}</text></g>'
        )
    return "".join(parts)


def _squeezed(name: str) -> str:
    """Hold a long name to the room that there is, whatever the font."""
    return f' textLength="{6 * len(name)}" lengthAdjust="spacingAndGlyphs"' if len(name) > 10 else ""


def _brief(value: float) -> str:
    return share(value) if abs(value) < 0.0995 else f"{number(100 * value, 0)}\u00a0%"
