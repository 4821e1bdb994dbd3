"""How a setting is drawn: a colour and a shape of its own, so that neither has to be told apart alone.

The colours stand at 3:1 or more on their ground and stay apart under the common colour blindnesses (after Okabe & Ito
2008, darkened for white paper and lightened for the night).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from vecguard.redteam.findings import Setting

Shape: TypeAlias = Literal["circle", "square", "diamond", "up", "down", "cross", "left", "plus"]


@dataclass(frozen=True, slots=True)
class Mark:
    """The look of one setting: its place among the styles, and a shape."""

    style: int
    shape: Shape

    @property
    def light(self) -> str:
        """Its colour on white."""
        return COLOURS[self.style][0]


COLOURS: Final = (
    ("#5b6472", "#a9b2c0"),
    ("#c4500b", "#f5934f"),
    ("#9a3a7e", "#e391c6"),
    ("#1f86b5", "#67c3ee"),
    ("#0b4f9e", "#86aef9"),
    ("#00795c", "#46c79d"),
    ("#7a5c00", "#d9b84a"),
)
"""For each style the colour on white and at night."""

_SHAPES: Final[tuple[Shape, ...]] = ("circle", "square", "diamond", "up", "down", "cross", "left", "plus")


def marks(settings: Sequence[Setting]) -> dict[str, Mark]:
    """Return the mark of each setting by name. 7 colours and 8 shapes: no two of 56 settings look alike."""
    return {each.name: Mark(i % len(COLOURS), _SHAPES[i % len(_SHAPES)]) for i, each in enumerate(settings)}


def drawn(mark: Mark, x: float, y: float, size: float = 5.0, *, hollow: bool = False) -> str:
    """Return a mark as SVG, about `size` around its middle."""
    look = f'class="{"hollow" if hollow else "solid"} c{mark.style}"'
    if mark.shape == "circle":
        return f'<circle {look} cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}"/>'
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in _OUTLINES[mark.shape])
    return f'<polygon {look} points="{points}"/>'


def sign(mark: Mark) -> str:
    """Return a mark to stand beside a name in a sentence or a table."""
    return f'<svg class="sign" viewBox="0 0 16 16" aria-hidden="true">{drawn(mark, 8, 8, 5.5)}</svg>'


_OUTLINES: Final[dict[Shape, tuple[tuple[float, float], ...]]] = {
    "square": ((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)),
    "diamond": ((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)),
    "up": ((0, -1.2), (1.15, 0.9), (-1.15, 0.9)),
    "down": ((0, 1.2), (1.15, -0.9), (-1.15, -0.9)),
    "left": ((-1.2, 0), (0.9, -1.15), (0.9, 1.15)),
    "cross": (
        (-1.1, -0.6), (-0.6, -1.1), (0, -0.5), (0.6, -1.1), (1.1, -0.6), (0.5, 0),
        (1.1, 0.6), (0.6, 1.1), (0, 0.5), (-0.6, 1.1), (-1.1, 0.6), (-0.5, 0),
    ),
    "plus": (
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4),
        (0.4, 1.2), (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
    ),
}  # fmt: skip
