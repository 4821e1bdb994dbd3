"""Texts and fields made to be slow, and what they cost: done within the limit, or refused with `ScrubFailed`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vecguard.errors import ScrubFailed
from vecguard.evaluate.pii.report import Block, Gate, Part
from vecguard.scrub import Mint
from vecguard.scrub.scrubber import PresidioScrubber

LIMIT_CPU_S = 5.0

Work: TypeAlias = "Callable[[PresidioScrubber, Mint], object]"


@dataclass(frozen=True, slots=True)
class Input:
    """A hostile input as the work to be done with it. Of those that are `promised` the limit is a gate."""

    name: str
    work: Work
    promised: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What one hostile input cost: CPU seconds, and whether it was "done" or "refused", or what else was raised."""

    name: str
    cpu_s: float
    outcome: str
    promised: bool

    @property
    def charged_s(self) -> float:
        """Return CPU seconds; without end for an input that ended in any other way than done or refused."""
        return self.cpu_s if self.outcome in {"done", "refused"} else float("inf")

    @property
    def holds(self) -> bool:
        """Whether the input was done with or refused in time."""
        return self.charged_s < LIMIT_CPU_S


def hostile() -> Iterator[Input]:
    """Yield the inputs about which something is promised, and then others of their kind."""
    yield Input('"a." x 10,000', _text("a." * 10_000), promised=True)
    yield Input("100k characters of dense data", _text(_dense(100_000)), promised=True)
    numbers = " ".join(f"{n % 899 + 1:03}-{n % 89 + 10}-{n + 1000:04}" for n in range(6_000))
    yield Input("6,000 values", _text(numbers), promised=True)
    yield Input("20k of %25", _text("%25" * 20_000), promised=True)
    yield Input("base64, 20 deep", _text(_wrapped("Jane Roe, SSN 219-09-8642", 20)), promised=True)
    yield Input("fields, 10k levels", _fields(_nested(10_000)), promised=True)
    yield Input("base64, 100k characters", _text(base64.b64encode(_dense(75_000).encode()).decode()))
    yield Input("HTML entities, 30k", _text("&amp;" * 30_000))
    yield Input("zero-width characters, 50k", _text("a\u200b" * 50_000))
    yield Input("digits, 100k", _text("1" * 100_000))
    yield Input("dashed digits, 100k", _text("1-" * 50_000))
    yield Input("@ signs, 50k", _text("a@" * 25_000))
    yield Input("capitals, 100k", _text("Aa " * 33_000))
    yield Input("combining marks, 100k", _text("e" + "\u0301" * 100_000))
    yield Input("one word, 1M characters", _text("x" * 1_000_000))
    yield Input("white space, 1M characters", _text(" \n" * 500_000))
    yield Input("fields, 10k levels of JSON text", _fields({"node": '{"a":' * 10_000 + "1" + "}" * 10_000}))
    yield Input("fields, JSON in JSON, 12 deep", _fields({"node": _json_in_json(12)}))
    yield Input("fields, 20k keys", _fields({f"key {n}": f"value {n}" for n in range(20_000)}))


def cost(each: Input, scrubber: PresidioScrubber, mint: Mint) -> Cost:
    """Do the work once and time it."""
    began = time.process_time()
    try:
        each.work(scrubber, mint)
        outcome = "done"
    except ScrubFailed:
        outcome = "refused"
    except Exception as foreign:  # noqa: BLE001 - anything else is a finding of the benchmark
        outcome = f"raised {type(foreign).__name__}"
    return Cost(each.name, time.process_time() - began, outcome, each.promised)


def costs(several: Sequence[Cost]) -> Part:
    """Return what the inputs cost, and a gate for each; where nothing was promised, an aim."""
    rows = tuple((each.name, f"{each.cpu_s:.2f}", each.outcome, "yes" if each.holds else "NO") for each in several)
    block = Block(
        "Hostile inputs", ("input", "CPU s", "outcome", "holds?"), rows, "The default entities; one call each."
    )
    gates = [
        Gate(f"CPU s: {each.name}", each.charged_s, LIMIT_CPU_S, at_most=True, strict=True, aim=not each.promised)
        for each in several
    ]
    return Part([block], gates, {f"limits: {each.name}, CPU s": each.cpu_s for each in several})


def _text(text: str) -> Work:
    return lambda scrubber, mint: scrubber.scrub([text], mint)


def _fields(fields: Mapping[str, Any]) -> Work:
    return lambda scrubber, mint: scrubber.scrub_fields([fields], mint)


def _dense(size: int) -> str:
    """Return that many characters in which nearly everything is personal, and nothing is repeated."""
    parts, length, number = [], 0, 0
    while length < size:
        number += 1
        part = (
            f"John Smith{number}, SSN {number % 899 + 1:03}-{number % 99 + 1:02}-{number % 9999:04}, "
            f"j{number}@mail{number}.com, (312) {number % 900 + 100}-{number % 10000:04}. "
        )
        parts.append(part)
        length += len(part)
    return "".join(parts)[:size]


def _wrapped(text: str, times: int) -> str:
    for _ in range(times):
        text = base64.b64encode(text.encode()).decode()
    return text


def _nested(levels: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": "Jane Roe"}
    for _ in range(levels):
        fields = {"a": fields}
    return fields


def _json_in_json(times: int) -> str:
    text = json.dumps({"name": "Jane Roe"})
    for _ in range(times):
        text = json.dumps({"a": text})
    return text
