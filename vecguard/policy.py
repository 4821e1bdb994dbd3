"""The policy: what a guard does, as frozen values that refuse anything they do not know.

Every part is a strict pydantic model: an unknown name, a value of the wrong type ("false" for false) or a number out of
range raises `PolicyError` before anything is opened. Presets are in `vecguard.profiles`.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from vecguard.errors import PolicyError
from vecguard.frameless import frameless_class
from vecguard.frozen import FrozenMap
from vecguard.scrub.entities import DEFAULT_ENTITIES, HIPAA_ENTITIES, HIPAA_OPERATORS
from vecguard.scrub.settings import DEFAULT_THRESHOLD
from vecguard.watch.scores import ScorePolicy
from vecguard.watch.settings import Response


@frameless_class
class Part(BaseModel):
    """One part of a policy: frozen, strict, closed, and silent about the values it was given."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False, validate_default=True
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        frameless_class(cls)

    def __init__(self, **settings: Any) -> None:
        complaints = ""
        try:
            super().__init__(**settings)
        except ValidationError as failure:
            complaints = _complaints(failure)
        if complaints:
            raise PolicyError(f"{type(self).__name__}: {complaints}")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Do what `replace` does: pydantic's own copy would not look at the changes."""
        del deep  # frozen all the way down
        return self.replace(**(update or {}))

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these settings changed, validated as a new one would be."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


def _complaints(failure: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, error['loc'])) or 'value'}: {error['msg']}"
        for error in failure.errors(include_url=False, include_input=False, include_context=False)
    )


V = TypeVar("V")
Frozen: TypeAlias = Annotated[Mapping[str, V], AfterValidator(FrozenMap), PlainSerializer(dict)]
"""A mapping that stays as it was validated."""


class Scrub(Part):
    """What is taken out of texts and fields before anything else sees them.

    `model` reads names of people, places and organisations: "vecguard" is the one in the package, "spacy:NAME",
    "gliner:NAME" and "transformers:NAME" are models that the user has, "none" is none. `operators` says what happens to
    a finding, by entity ("token", "surrogate", "redact", "mask", "generalise", "keep"; "DEFAULT" for all others), and
    `embed` what the embedder sees in its place. `thresholds` are per entity, `allow` and `deny` are phrases.
    `max_chars` is the longest piece that the detector gets at once (pieces overlap), and a text that takes longer than
    `deadline_s` seconds is refused.
    """

    enabled: bool = True
    entities: tuple[str, ...] = DEFAULT_ENTITIES
    model: str = "vecguard"
    operators: Frozen[str] = FrozenMap()
    embed: Literal["kind", "token", "surrogate"] = "surrogate"
    threshold: float = Field(default=DEFAULT_THRESHOLD, ge=0, le=1)
    thresholds: Frozen[Annotated[float, Field(ge=0, le=1)]] = FrozenMap()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    language: str = "en"
    max_chars: int = Field(default=4000, ge=1000, le=4000)
    deadline_s: float = Field(default=30.0, gt=0)


class Vectors(Part):
    """How vectors are masked and where they are ranked.

    `noise` is r, the length of the noise relative to the vector. `ranking` says who ranks. The guard, on all rows of an
    owner, which it keeps in memory (`cache_mb` MiB of them): then noise costs no quality, and there is much of it. Or
    the store, for owners too large for that: it hands over K candidates that are ranked exactly here. `over_fetch` is
    K; None takes that of the rule for the noise and the number of rows (`vecguard.protect.over_fetch`). What is not
    said follows from the rest: noise below 10, or a K, is for a store that ranks; by default the guard does, r = 100.

    `rotation` says whose rotation a store's rows are turned by: one of an owner's own withstands other tenants who hold
    the store's files, and costs every owner a matrix. `query_noise` is the r of the vectors that a store is asked with
    (0: they are only rotated). `mask=False` stores exact vectors and is refused for stores that outlive the process.

    `non_recoverable` draws noise that nobody can take off, this guard included: then `noise` is what search has to live
    with, and `mechanism` says how it is distributed ("gaussian" if nothing is said).
    """

    mask: bool = True
    noise: float = Field(default=100.0, ge=0, le=1000)
    ranking: Literal["store", "guard"] = "guard"
    over_fetch: int | None = Field(default=None, ge=1, le=1_000_000)
    rotation: Literal["collection", "owner"] = "collection"
    query_noise: float = Field(default=0.0, ge=0, le=10)
    cache_mb: int = Field(default=512, ge=1, le=1_000_000)
    non_recoverable: bool = False
    mechanism: Literal["gaussian", "laplace", "metric", "purkayastha"] | None = None

    def __init__(self, **settings: Any) -> None:
        super().__init__(**_fitting(settings))

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these settings changed; what follows from them is derived anew unless it is named too."""
        kept = {name: getattr(self, name) for name in type(self).model_fields if name not in self._derived(changes)}
        return type(self)(**{**kept, **changes})

    def _derived(self, changes: Mapping[str, Any]) -> frozenset[str]:
        if "ranking" in changes:
            return frozenset() if changes["ranking"] == self.ranking else frozenset({"noise", "over_fetch"})
        if "noise" in changes:
            return frozenset({"ranking"} if _little(changes["noise"]) else {"ranking", "over_fetch"})
        return frozenset({"ranking", "noise"} if "over_fetch" in changes and self.ranking == "guard" else ())

    @model_validator(mode="after")
    def _of_one_mind(self) -> Self:
        if self.mechanism is not None and not self.non_recoverable:
            raise ValueError("mechanism is for noise that nobody can take off: set non_recoverable=True too")
        if self.non_recoverable and not (self.mask and self.noise > 0):
            raise ValueError("non_recoverable needs mask=True and a noise above 0")
        return self


_BLUR = 1.0
_FOR_A_STORE = 10.0  # r from which on no store finds anything
_NOISE = {"guard": 100.0, "store": 1.0}


def _fitting(settings: dict[str, Any]) -> dict[str, Any]:
    """Add what follows from the rest: where vectors of this noise are ranked, or how much noise ranking there bears."""
    small = _little(settings.get("noise")) or settings.get("over_fetch") is not None
    ranking = settings.get("ranking", "store" if small or settings.get("mask") is False else "guard")
    noise = _NOISE["store" if ranking == "store" else "guard"]
    return {"ranking": ranking, "noise": noise, **settings}


def _little(noise: object) -> bool:
    return type(noise) in (int, float) and noise < _FOR_A_STORE  # type: ignore[operator]  # a number, looked at above


class Metadata(Part):
    """Which fields stay clear after scrubbing, so that the store can filter on them natively.

    `clear="short"`: numbers, booleans and strings of at most `clear_chars` characters; `"none"` seals all of them;
    `"all"` seals none and is refused for stores that outlive the process.
    """

    clear: Literal["short", "none", "all"] = "short"
    clear_chars: int = Field(default=64, ge=0, le=4096)


class Reads(Part):
    """What reads give away.

    `own`: scores of one's own rows. `shared`: scores of rows that other owners share (`vecguard.watch.scores`), or
    "nothing" to share nothing whatever the rules say. `blur` is b, the length of the noise, relative to the vector, in
    what others see of it (`vecguard.protect.blur`): None takes 1, and where the store ranks the noise that its rows
    have, for there it can be nothing else. `vectors`: what happens when vectors are asked for.
    """

    own: Literal["exact", "hidden"] = "exact"
    shared: Literal["nothing"] | ScorePolicy = "rounded"
    blur: float | None = Field(default=None, ge=0, le=10)
    max_results: int = Field(default=10_000, ge=1)
    vectors: Literal["withhold", "refuse"] = "withhold"


class Budgets(Part):
    """Limits per principal on reading rows of other owners, per UTC day and for ever (None: no limit).

    `records` are distinct ones, `queries` calls, `vectors` query vectors. What looks like probing
    (`vecguard.watch.monitor`) is told as an event; a response of "throttle" besides leaves rows of others out of all
    but one read in `pause_s` seconds, "withhold" out of all, for as long as it looks so. Nothing here ever refuses a
    read of one's own rows.
    """

    records_a_day: int | None = Field(default=1_000, ge=0)
    records_ever: int | None = Field(default=None, ge=0)
    queries_a_day: int | None = Field(default=None, ge=0)
    queries_ever: int | None = Field(default=None, ge=0)
    vectors_a_day: int | None = Field(default=None, ge=0)
    vectors_ever: int | None = Field(default=None, ge=0)
    off_manifold: Response = "log"
    sweeping: Response = "log"
    circling: Response = "log"
    narrow: Response = "log"
    focus: Response = "log"
    volume: Response = "log"
    pause_s: int = Field(default=60, ge=1)


class AuditLog(Part):
    """The audit chain: which calls are written to it. A call that cannot be written is refused."""

    reads: bool = True
    writes: bool = True


class Retention(Part):
    """How long a record can be read. Expired rows are invisible at once; erasing them is another matter.

    `days` are counted from when a record's content is written; None keeps it. `field` names a top-level field of the
    caller's own in which a record says when it expires: seconds since the epoch, or an ISO 8601 date (UTC unless it
    says otherwise). It is stored like any other and never scrubbed. Of all that applies the earliest wins: a record, or
    an owner's retention (`guard.retention`), makes the time shorter and never longer.
    """

    days: float | None = Field(default=None, gt=0)
    field: str | None = Field(default=None, min_length=1, max_length=256)

    @model_validator(mode="after")
    def _of_the_caller(self) -> Self:
        if self.field is not None and self.field.startswith("_vg_"):
            raise ValueError("field is one of the caller's own: the prefix _vg_ is reserved")
        return self


Unscrubbed: TypeAlias = Literal["refuse", "allow"]


PROFILES = ("balanced", "strict", "hipaa_safe_harbor", "transparent")


class Policy(Part):
    """Everything a guard does. `Policy()` is the `balanced` profile.

    `members` says who acts in the space of an owner without rules: whoever the application binds to it ("vouched"), or
    nobody but itself ("named"). Rules, once made, decide either way (`vecguard.rules`).
    """

    scrub: Scrub = Scrub()
    vectors: Vectors = Vectors()
    texts: Literal["sealed", "clear"] = "sealed"
    metadata: Metadata = Metadata()
    reads: Reads = Reads()
    restore: Literal["permitted", "never"] = "permitted"
    unscrubbed_vectors: Unscrubbed = "refuse"
    tampered: Literal["drop", "raise"] = "drop"
    budgets: Budgets = Budgets()
    members: Literal["vouched", "named"] = "vouched"
    audit: AuditLog = AuditLog()
    retention: Retention = Retention()

    @classmethod
    def balanced(cls) -> Policy:
        """Noise a hundred times the vector, ranked here; sealed texts, short metadata clear so that stores filter."""
        return cls()

    @classmethod
    def strict(cls) -> Policy:
        """`balanced` with all metadata sealed; asking for vectors is an error, and so is a row that was changed."""
        return cls(
            vectors=Vectors(noise=100.0, ranking="guard"),
            metadata=Metadata(clear="none"),
            reads=Reads(shared="rank", vectors="refuse"),
            tampered="raise",
        )

    @classmethod
    def transparent(cls) -> Policy:
        """No scrubbing and no masking, all in clear: for tests and measurements. Owner rules stay."""
        return cls(
            scrub=Scrub(enabled=False),
            vectors=Vectors(mask=False),
            texts="clear",
            metadata=Metadata(clear="all"),
            unscrubbed_vectors="allow",
            reads=Reads(shared="exact", blur=0.0),
            budgets=Budgets(records_a_day=None),
        )

    @classmethod
    def hipaa_safe_harbor(cls) -> Policy:
        """`balanced`, scrubbing all eighteen kinds of identifiers of the HIPAA Safe Harbor method.

        Years, three-digit ZIP areas and "90+" stay (45 CFR 164.514(b)(2)). A detector misses some, and the method asks
        for more than a detector can know (see `vecguard.scrub.entities`): this alone does not de-identify a text.
        """
        return cls(scrub=Scrub(entities=HIPAA_ENTITIES, operators=HIPAA_OPERATORS))

    @model_validator(mode="after")
    def _one_look(self) -> Self:
        blur, noise = self.reads.blur, self.vectors.noise if self.vectors.mask else 0.0
        if self.vectors.ranking == "store" and blur not in (None, noise) and self.reads.shared != "nothing":
            raise ValueError(
                "reads.blur can only be vectors.noise where the store ranks: it chooses candidates by that noise, and "
                "another would be a second look at the row"
            )
        return self

    @property
    def blur(self) -> float:
        """The length b of the noise, relative to the vector, in what others see of it."""
        if self.vectors.ranking == "store":
            return self.vectors.noise if self.vectors.mask else 0.0
        return _BLUR if self.reads.blur is None else self.reads.blur

    @property
    def stretch(self) -> float:
        """What makes up for the blur in scores: rows of others and one's own are ranked in one list."""
        if self.vectors.non_recoverable and self.vectors.ranking == "store":
            return 1.0  # one's own rows are seen through the same noise
        return math.sqrt(1.0 + self.blur**2)

    @property
    def exposed(self) -> bool:
        """Whether this policy would leave exact vectors or all metadata readable on the shelf."""
        vectors = self.vectors
        unturned = (
            vectors.ranking == "guard" and not vectors.non_recoverable and vectors.noise < _FOR_A_STORE
        )  # no rotation
        return not vectors.mask or unturned or self.metadata.clear == "all"

    @property
    def fingerprint(self) -> str:
        """Eight characters that change when any setting does; rows carry them in their stamp."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]

    @property
    def layout(self) -> str:
        """What every row of a collection has in common: how vectors are masked and which fields lie in clear.

        Rows of another layout could not be unmasked, or would be missed by native filters, without anybody noticing.
        """
        vectors, metadata = self.vectors, self.metadata
        kind = f" ({vectors.mechanism or 'gaussian'}, not recoverable)" if vectors.non_recoverable else ""
        own = ", a rotation per owner" if vectors.rotation == "owner" else ""
        masked = f"noise {vectors.noise:g}{kind}, ranked in the {vectors.ranking}{own}" if vectors.mask else "unmasked"
        short = f" up to {metadata.clear_chars}" if metadata.clear == "short" else ""
        return f"{masked}, clear metadata {metadata.clear}{short}"

    def explain(self) -> str:
        """Say in words what this policy costs and buys."""
        from vecguard.profiles import explain  # noqa: PLC0415 - the words need the policy, not the other way round

        return explain(self)

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Policy:
        """Build from plain data, as TOML gives it: `profile` names a preset, the other keys change it."""
        chosen = dict(settings)
        profile = chosen.pop("profile", "balanced")
        if profile not in PROFILES:
            raise PolicyError(f"policy.profile must be one of {', '.join(PROFILES)}")
        base: Policy = getattr(cls, profile)()
        changes: dict[str, Any] = {}
        for name, value in chosen.items():
            if name not in cls.model_fields:
                raise PolicyError(f"policy has no setting {named(name)}; it has {', '.join(cls.model_fields)}")
            part = getattr(base, name)
            if isinstance(part, Part) and not isinstance(value, Mapping):
                raise PolicyError(f"policy.{name} is a table")
            changes[name] = part.replace(**_tupled(value)) if isinstance(part, Part) else value
        return base.replace(**changes)


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file, or raise `PolicyError`."""
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as failure:
        reason = type(failure).__name__
    raise PolicyError(f"the configuration file cannot be read ({reason})")


def _tupled(table: Mapping[str, Any]) -> dict[str, Any]:
    """TOML has arrays where the parts have tuples, and they are strict."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}


def named(name: object) -> str:
    """Return a setting's name if it is one: a typo may be shown, a pasted secret may not."""
    return name if isinstance(name, str) and name.isidentifier() and len(name) <= 40 else "of that name"
