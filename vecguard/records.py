"""Frozen values in the order in which they flow. Each stage of a path takes its predecessor's type and makes its own.

    WRITE   Draft -> Admitted -> Scrubbed -> Embedded -> Protected -> Sealed
    READ    Ask -> Scoped;   Row -> Opened -> Record

A `Record` is what a caller may see, and it has no field that could hold a vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.errors import OutOfOrder
from vecguard.filters import EVERYTHING, Predicate
from vecguard.protect.masked import Masked

Fields: TypeAlias = Mapping[str, Any]  # JSON values; what an adapter cannot express in JSON it refuses
Verb: TypeAlias = Literal["insert", "upsert", "update"]
Metric: TypeAlias = Literal["cosine", "dot", "l2"]

S = TypeVar("S")


def made_by(stage: type[S], value: object) -> S:
    """Return `value` if the preceding stage made it. The order of the paths is a security property, so this raises."""
    if type(value) is not stage:
        raise OutOfOrder(f"this stage takes {stage.__name__} and was given {type(value).__name__}")
    return value


# ---------------------------------------------------------------------------------------------------- identifiers


@dataclass(frozen=True, slots=True)
class RecordId:
    """An id as a caller gave it. `kind` keeps 7 and "7" apart; `canonical` makes every spelling of a UUID one id."""

    kind: Literal["str", "int", "uuid"]
    given: str | int = field(repr=False)
    canonical: str = field(repr=False)

    @classmethod
    def text(cls, given: str) -> RecordId:
        """Make an id of a string, compared character by character."""
        return cls("str", given, given)

    @classmethod
    def number(cls, given: int) -> RecordId:
        """Make an id of an integer."""
        return cls("int", given, str(given))


# ---------------------------------------------------------------------------------------------------- write path


@dataclass(frozen=True, slots=True)
class Draft:
    """A native write, in neutral form: n records, column by column.

    `texts[i]` is None where a record has no text or (update) keeps the one it has; the same goes for `fields`.
    `vectors` is (n, d) or None. `text_fields[i]` names the payload key that a text came from ("" in stores with a
    document of their own). `merge` says whether fields are merged into those that an existing record has,
    `days` for how long the records are kept at most.
    """

    verb: Verb
    ids: tuple[RecordId, ...]
    texts: tuple[str | None, ...] = field(repr=False)
    fields: tuple[Fields | None, ...] = field(repr=False)
    vectors: NDArray[Any] | None = field(default=None, repr=False)
    text_fields: tuple[str, ...] = ()
    merge: bool = False
    days: float | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A draft that was found sound: ids unique and mapped, vectors finite, no reserved field."""

    draft: Draft = field(repr=False)
    backend_ids: tuple[str, ...]
    vectors: Floats | None = field(repr=False)
    held: Mapping[str, Opened] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Body:
    """One record without its vector, clean: what will be sealed."""

    id: RecordId
    backend_id: str
    text: str | None = field(repr=False)
    text_field: str
    fields: Fields = field(repr=False)
    altered: bool  # whether scrubbing ever changed this text: then no caller's vector of it may be stored
    version: int
    original: str = field(default="", repr=False)  # keyed digest of the text before it was scrubbed


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """Clean records. `embed[i]` is the text to embed, or None where a vector is at hand or the old one is kept."""

    bodies: tuple[Body, ...]
    embed: tuple[str | None, ...] = field(repr=False)
    vectors: Floats | None = field(repr=False)
    given: tuple[bool, ...]  # which rows of `vectors` stand
    kept: Mapping[int, VectorSeal] = field(repr=False)
    originals: tuple[tuple[str, str], ...] = field(repr=False)
    held: Mapping[int, VectorSeal] = field(default_factory=dict, repr=False)  # of previous versions, by row


@dataclass(frozen=True, slots=True)
class Embedded:
    """Clean records with their exact vectors: (m, d) for the m records named by `rows`; the others keep theirs."""

    bodies: tuple[Body, ...]
    rows: tuple[int, ...]
    vectors: Floats = field(repr=False)
    sources: tuple[VectorSource, ...]
    digests: tuple[bytes, ...] = field(repr=False)
    kept: Mapping[int, VectorSeal] = field(repr=False)
    originals: tuple[tuple[str, str], ...] = field(repr=False)
    held: Mapping[int, VectorSeal] = field(default_factory=dict, repr=False)  # of previous versions, by row


VectorSource: TypeAlias = Literal["guard", "caller"]


@dataclass(frozen=True, slots=True)
class VectorSeal:
    """What it takes to get an exact vector back from a stored one, sealed beside it.

    `digest` of the content and `draw` seed the noise, `norm` is the length of the exact vector and `scale` that of the
    masked one before it was written. Noise that nobody can take off has no seed; `sketch` tells the stored vector then,
    and `digest` only says whether content is new.
    """

    digest: bytes = field(repr=False)
    norm: float
    scale: float
    source: VectorSource
    draw: int = 0
    sketch: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Protected:
    """Clean records with masked vectors."""

    bodies: tuple[Body, ...]
    vectors: tuple[Masked | None, ...]
    seals: tuple[VectorSeal, ...] = field(repr=False)
    originals: tuple[tuple[str, str], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One row as the shelf will hold it. `vector` None keeps the one that is there."""

    backend_id: str
    vector: Masked | None
    fields: Fields = field(repr=False)  # clear fields, nested as the caller gave them, and the scalar `_vg_` ones
    text: str | None = field(default=None, repr=False)  # only under texts="clear"
    text_field: str = ""
    gone: tuple[str, ...] = field(default=(), repr=False)  # clear fields of the previous version that must go
    version: int = 0
    tokens: frozenset[str] = field(default=frozenset(), repr=False)  # in text and fields: what the vault must keep
    found: str = field(default="", repr=False)  # the tag of the row in its place when this was made, believed or not
    replaces: str = field(default="", repr=False)  # the same, if that row authenticated: it was acknowledged once


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is put on the shelf, and the originals that go to the vault with it."""

    rows: tuple[SealedRow, ...]
    originals: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def ids(self) -> tuple[str, ...]:
        """Backend ids, in order."""
        return tuple(row.backend_id for row in self.rows)

    def receipt(self, asked: Sequence[str]) -> Receipt:
        """Say by position which of the records that were asked for are among these rows."""
        done = frozenset(self.ids)
        written = tuple(at for at, each in enumerate(asked) if each in done)
        return Receipt(written, tuple(at for at, each in enumerate(asked) if each not in done))

    @property
    def dimension(self) -> int:
        """The dimension of the vectors, 0 where every row keeps the one it has."""
        return next((int(row.vector.values.shape[0]) for row in self.rows if row.vector is not None), 0)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a write, by position in the call: which records were written and which left as they were."""

    written: tuple[int, ...]
    skipped: tuple[int, ...] = ()


# ---------------------------------------------------------------------------------------------------- read path


@dataclass(frozen=True, slots=True)
class Query:
    """What to search for: texts, or vectors of shape (m, d)."""

    texts: tuple[str, ...] | None = field(default=None, repr=False)
    vectors: NDArray[Any] | None = field(default=None, repr=False)
    ids: tuple[RecordId, ...] | None = None  # "like this record": the owner's own vectors, by id


@dataclass(frozen=True, slots=True)
class Diversity:
    """How much hits shall differ: `weight` from 0 (not at all) to 1, chosen among so many of the most relevant."""

    weight: float
    candidates: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A native read, in neutral form. Without a query it lists; with one it ranks, `limit` hits per query."""

    query: Query | None = None
    ids: tuple[RecordId, ...] | None = None
    where: Predicate = EVERYTHING
    limit: int | None = None
    offset: int = 0
    threshold: float | None = None  # in the metric's own sense: similarity at least, distance at most
    restore: bool = True  # False for counts and deletes, which show no text
    own: bool = False  # without rows that others share: where they have no name
    diversity: Diversity | None = None


@dataclass(frozen=True, slots=True)
class Scoped:
    """A read that is confined: `native` goes to the shelf, `whole` is evaluated here on every row that comes back."""

    native: Predicate
    whole: Predicate
    exact: bool  # whether `native` already says all that `whole` says
    limit: int | None
    offset: int
    threshold: float | None
    vectors: Floats | None = field(default=None, repr=False)
    diversity: Diversity | None = None

    @property
    def wanted(self) -> int | None:
        """How many rows are ranked exactly to answer this; None for all."""
        if self.limit is None:
            return None
        return max(self.offset + self.limit, self.diversity.candidates if self.diversity is not None else 0)


@dataclass(frozen=True, slots=True)
class Row:
    """A row as the shelf handed it over. Nothing in it is believed yet."""

    backend_id: str
    fields: Fields = field(repr=False)
    text: str | None = field(default=None, repr=False)
    vector: Floats | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """An authenticated record, as a caller may see it. There is no field for a vector."""

    id: RecordId
    text: str | None = field(repr=False)
    text_field: str
    fields: Fields = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """An authenticated row: the record, what unmasks its vector, and what the next version must know."""

    record: Record
    backend_id: str
    owner_tag: str
    vector: VectorSeal = field(repr=False)
    altered: bool
    version: int
    clear: tuple[str, ...] = field(repr=False)  # top-level clear field names on the shelf
    tag: str = field(repr=False)
    original: str = field(default="", repr=False)
    expires: float = field(default=float("inf"))  # seconds since the epoch


@dataclass(frozen=True, slots=True)
class Hit:
    """A record and its score in the metric's own sense: cosine, inner product, or squared L2 distance."""

    record: Record
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Hits per query, best first; a listing has one group."""

    groups: tuple[tuple[Hit, ...], ...]

    @property
    def hits(self) -> tuple[Hit, ...]:
        """The first group."""
        return self.groups[0] if self.groups else ()
