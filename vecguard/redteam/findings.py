"""What a run of the red team found, as one document: a table, a page and a test are made of it, and never more.

    Findings = settings x attacks -> figures, with samples of what was read, what it took to find them, what was not run

The document is JSON. Everything in it was measured in the run that it names; what a reader needs to run it again is in
it too: command, seeds, versions, margin. Samples are of real texts: they are masked unless somebody asked for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError

from vecguard.errors import BadInput

FORMAT = "vecguard.findings/1"
Plain: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A figure with its 95 % interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One way to keep vectors, and what searching through it is worth.

    `name` is its key ("bare", "noise", "rotation", "balanced", ...), `label` what a table calls it, `words` one
    sentence of what it does. `noise` is r, `over_fetch` K; None where there is no such thing. `scrubbed` is whether
    texts were scrubbed before they were embedded. `quality` has the measures by name ("nDCG@10", "recall@10",
    "MRR@10", "overlap@10"), `change` that of the run's measure relative to bare (a fraction, -.01 is one per cent
    less), None for bare itself. `within` says whether the change is within the run's margin.
    """

    name: str
    label: str
    words: str
    noise: float | None = None
    over_fetch: int | None = None
    scrubbed: bool = False
    quality: Mapping[str, float] = field(default_factory=dict)
    change: Measured | None = None
    within: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of one attack on one setting.

    `attack` is a name of a plan, `label` that of the attacker as tables call it, `knowledge` what it knows, in words.
    `adaptive` attackers know the mechanism. `floor` is what somebody gets who never sees a stolen row, `ceiling` the
    same attacker on undefended vectors. `low` and `high` are the 95 % interval of `value` over stolen rows, None where
    there is none. `main` marks the one metric of an attack that summaries show. `n` stolen rows were judged.
    """

    setting: str
    attack: str
    label: str
    knowledge: str
    adaptive: bool
    metric: str
    main: bool
    value: float
    floor: float
    ceiling: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    pairs: int = 0
    cpu_s: float = 0.0

    @property
    def leak(self) -> float:
        """(value - floor) / (ceiling - floor): 0 for nothing, 1 for as much as from undefended vectors.

        0 where ceiling and floor are one, which is where the attack gets nothing from undefended vectors either.
        """
        span = self.ceiling - self.floor
        return (self.value - self.floor) / span if span > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One stolen text, and what was read off its row: by setting, the attackers' labels and what each said."""

    original: str
    told: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What was not run, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that a run found. `made` is its time (ISO 8601), `command` the command line that finds it again.

    `kind` is "redteam" (a user's own policy, beside no protection) or "frontier" (settings at equal utility). `margin`
    is the loss of `measure` that was fixed before the run (a fraction). `corpus` says what was attacked: its name,
    rows, dimension, embedder and whatever else a reader must know.
    """

    kind: Literal["redteam", "frontier"]
    made: str
    command: str
    versions: Mapping[str, str]
    corpus: Mapping[str, Plain]
    seeds: tuple[int, ...]
    measure: str
    margin: float
    settings: tuple[Setting, ...]
    figures: tuple[Figure, ...]
    samples: tuple[Sample, ...] = field(default=(), repr=False)
    skipped: tuple[Skipped, ...] = ()
    seconds: float = 0.0
    masked: bool = True

    def setting(self, name: str) -> Setting:
        """Return the setting of a name; `KeyError` if there is none."""
        return {each.name: each for each in self.settings}[name]

    def of(self, setting: str) -> tuple[Figure, ...]:
        """Return the figures of one setting."""
        return tuple(each for each in self.figures if each.setting == setting)

    def worst(self, setting: str, attack: str) -> Figure | None:
        """Return the main figure of the strongest attacker of a name, adaptive or not; None if it was not run."""
        found = [each for each in self.of(setting) if each.attack == attack and each.main]
        return max(found, key=lambda each: each.leak, default=None)

    def to_json(self) -> str:
        """Return the document, with its format's name."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2, allow_nan=False, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Findings:
        """Read a document; raise `BadInput` for anything else."""
        try:
            document = json.loads(text)
            if isinstance(document, dict) and document.pop("format", None) == FORMAT:
                return _READER.validate_python(document, strict=False)
        except (ValueError, ValidationError):
            pass
        raise BadInput(f"this is no document of findings ({FORMAT})")

    @classmethod
    def read(cls, path: str | Path) -> Findings:
        """Read a document from a file; raise `BadInput` for anything else."""
        try:
            text = Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as failure:
            why = type(failure).__name__
        else:
            return cls.from_json(text)
        raise BadInput(f"the file of findings cannot be read ({why})")


_READER = TypeAdapter(Findings)
