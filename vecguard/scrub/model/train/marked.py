"""A text and the spans in it that the recogniser has to find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Marked:
    """`text` with disjoint spans (start, end, label) in order."""

    text: str
    spans: tuple[Span, ...] = ()

    def kinds(self) -> frozenset[str]:
        """Return the labels that occur."""
        return frozenset(label for _, _, label in self.spans)


def joined(pieces: Iterable[tuple[str, str]]) -> Marked:
    """Return the text of all (piece, label) pairs, one after another; an empty label marks nothing."""
    text, spans, at = [], [], 0
    for piece, label in pieces:
        if label and piece:
            spans.append((at, at + len(piece), label))
        text.append(piece)
        at += len(piece)
    return Marked("".join(text), tuple(spans))


def cut(marked: Marked) -> list[tuple[str, str]]:
    """Return the (piece, label) pairs that `joined` would put together again."""
    pieces, at = [], 0
    for start, end, label in marked.spans:
        pieces += [(marked.text[at:start], ""), (marked.text[start:end], label)]
        at = end
    return [*pieces, (marked.text[at:], "")]
