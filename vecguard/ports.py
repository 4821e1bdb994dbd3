"""The small protocols that a guard is made of, the six requests that a store answers, and one that it may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.filters import Predicate
from vecguard.protect.masked import RotatedQuery

if TYPE_CHECKING:  # records.py needs ports.py's neighbours; only names are needed here
    from vecguard.principal import Acting
    from vecguard.records import Embedded, Metric, Protected, Row, Sealed, VectorSeal
    from vecguard.space import Space

# ------------------------------------------------------------------------------------------------------ the shelf


class Request:
    """What a path asks of a store: one of the verbs below."""

    __slots__ = ()
    verb: ClassVar[str]

    def on(self, store: Any) -> Any:
        """Send this to the store; an asynchronous one answers with an awaitable."""
        return getattr(store, self.verb)(self)


@dataclass(frozen=True, slots=True)
class Put(Request):
    """Write rows by backend id, replacing what is there. `if_absent` leaves existing rows alone, atomically."""

    verb: ClassVar[str] = "put"

    rows: Sealed
    if_absent: bool = False


@dataclass(frozen=True, slots=True)
class Fetch(Request):
    """Return the rows with these backend ids that exist, in any order. `bare` ones need no fields and no text."""

    verb: ClassVar[str] = "fetch"

    ids: tuple[str, ...]
    vectors: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Find(Request):
    """Return rows that satisfy the predicate, in the store's own order. `counting` asks only how many there are."""

    verb: ClassVar[str] = "find"

    where: Predicate
    limit: int | None = None
    offset: int = 0
    vectors: bool = False
    counting: bool = False


@dataclass(frozen=True, slots=True)
class Search(Request):
    """Return for each of the (m, d) query vectors the `limit` best rows that satisfy the predicate, with vectors."""

    verb: ClassVar[str] = "search"

    queries: RotatedQuery
    where: Predicate
    limit: int


@dataclass(frozen=True, slots=True)
class Drop(Request):
    """Delete the rows with these backend ids; ids that are not there are no error."""

    verb: ClassVar[str] = "drop"

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pages(Request):
    """Return one page of a walk over every row, whoever owns it. `after` is the previous page's `next`."""

    verb: ClassVar[str] = "pages"

    after: Any = None
    size: int = 500
    vectors: bool = False


@dataclass(frozen=True, slots=True)
class Compact(Request):
    """Leave nothing in the store's files of rows that were deleted: merge, rewrite and truncate what holds them.

    The one verb that a store need not have. `looking` changes nothing, and only asks which files there are.
    """

    verb: ClassVar[str] = "compact"

    looking: bool = False


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A SQLite file of a store, and its full-text indexes (FTS5), which keep parts of deleted texts until made anew."""

    path: Path
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compacted:
    """What `Compact` came to: files and folders that the store keeps, SQLite files among them that must be rewritten.

    `done` and `unverified` are sentences for whoever reads the receipt of an erasure. SQLite files are rewritten by
    whoever asked, once for all collections in one file, and in another process than the store's.
    """

    files: tuple[Path, ...] = ()
    sqlite: tuple[SqliteFile, ...] = ()
    done: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What `Find` found: the rows, and how many (with `counting`, only how many)."""

    rows: tuple[Row, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a walk. `next` is the cursor of the following one, None at the end."""

    rows: tuple[Row, ...]
    next: Any = None


@dataclass(frozen=True, slots=True)
class Traits:
    """What the guard must know of a store before it writes to it.

    `metric` ranks; `dimension` is None where the first write decides it; `persistent` says whether rows outlive the
    process; `lists` whether a list of short scalars may stay clear; `nested` whether fields are nested objects; `ids`
    in what form readers are shown ids of shared records; `folder` where the store keeps its files, if it has a folder
    of its own on this machine; `saved_late` whether it has a file and keeps changes in memory until it is saved: the
    state then keeps them too (`vecguard.replaying`), and whoever saves strikes them out.
    """

    kind: str
    metric: Metric
    dimension: int | None
    persistent: bool
    lists: bool = False
    nested: bool = False
    ids: IdForm = "text"
    folder: str | None = None
    saved_late: bool = False


IdForm: TypeAlias = Literal["text", "uuid"]


class Store(Protocol):
    """The shelf, and the only I/O: six verbs. A store for a third-party database is one class with these members."""

    @property
    def traits(self) -> Traits: ...
    def put(self, request: Put) -> None: ...
    def fetch(self, request: Fetch) -> Sequence[Row]: ...
    def find(self, request: Find) -> Found: ...
    def search(self, request: Search) -> Sequence[Sequence[Row]]: ...
    def drop(self, request: Drop) -> None: ...
    def pages(self, request: Pages) -> Page: ...


class AsyncStore(Protocol):
    """The same six verbs, awaited."""

    @property
    def traits(self) -> Traits: ...
    async def put(self, request: Put) -> None: ...
    async def fetch(self, request: Fetch) -> Sequence[Row]: ...
    async def find(self, request: Find) -> Found: ...
    async def search(self, request: Search) -> Sequence[Sequence[Row]]: ...
    async def drop(self, request: Drop) -> None: ...
    async def pages(self, request: Pages) -> Page: ...


# ------------------------------------------------------------------------------------------------------ the guard


class Embedder(Protocol):
    """What a user hands in: texts to an array (n, d) of float32."""

    def __call__(self, texts: Sequence[str], /) -> NDArray[np.float32]: ...


Mint: TypeAlias = Callable[[str, str], str]
"""(entity, original) -> token, keyed per owner."""


class CleanText(Protocol):
    """One scrubbed text: as the store holds it, as the embedder sees it, and with nothing but kinds of findings."""

    @property
    def stored(self) -> str: ...
    @property
    def embedded(self) -> str: ...
    @property
    def kinds(self) -> str: ...
    @property
    def changed(self) -> bool: ...
    @property
    def originals(self) -> tuple[tuple[str, str], ...]: ...


class CleanFields(Protocol):
    """One record's scrubbed fields, with the originals that were taken out of them."""

    @property
    def fields(self) -> dict[str, object]: ...
    @property
    def originals(self) -> tuple[tuple[str, str], ...]: ...


class Scrubber(Protocol):
    """Takes personal data out of texts and fields. Without a mint nobody's tokens are asked for, only kinds."""

    def scrub(self, texts: Sequence[str], mint: Mint | None) -> Sequence[CleanText]: ...
    def scrub_fields(self, records: Sequence[Mapping[str, object]], mint: Mint) -> Sequence[CleanFields]: ...


class Protector(Protocol):
    """Turns exact vectors into masked ones, and back for whoever holds the keys."""

    def protect(self, embedded: Embedded, space: Space) -> Protected: ...
    def query(self, vectors: NDArray[np.float32], space: Space) -> RotatedQuery: ...
    def unmask(
        self, stored: NDArray[np.float32], seals: Sequence[VectorSeal], backend_ids: Sequence[str], space: Space
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]: ...
    def turned_back(
        self, stored: NDArray[np.float32], seals: Sequence[VectorSeal], space: Space
    ) -> NDArray[np.float32]: ...


class Watch(Protocol):
    """Sees every read before it happens and may refuse it."""

    def admit(self, acting: Acting, limit: int | None, queries: int) -> None: ...


class Audit(Protocol):
    """Writes one line per call, or raises and so refuses the call."""

    def append(self, acting: Acting, action: Action, uid: str, count: int, detail: str = "") -> None: ...


Action: TypeAlias = Literal[
    "write",
    "delete",
    "read",
    "count",
    "restore",
    "adopt",
    "unwrap",
    "expose",
    "accept",
    "reconcile",
    "shred",
    "grant",
    "revoke",
    "rotate",
    "state",
    "erase",
]
