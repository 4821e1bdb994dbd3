"""A grant: one owner lets one grantee read its rows, on terms, or act in its space."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeAlias

from vecguard.errors import PolicyError
from vecguard.frameless import frameless, frameless_class
from vecguard.principal import Principal, checked_name
from vecguard.watch.scores import POLICIES, ScorePolicy, most_generous

Right: TypeAlias = Literal["read", "write"]
FOREVER = math.inf


@frameless_class
@dataclass(frozen=True, slots=True)
class Grantee:
    """Whom a grant is for: one principal, everybody in a group, or everyone.

    In text, `bob` or `user:bob` is a principal, `group:ward-b` a group, `everyone` everyone.
    """

    kind: Literal["user", "group", "everyone"]
    name: str = ""

    @classmethod
    def of(cls, given: object) -> Self:
        """Read a grantee, or raise `PolicyError`."""
        if isinstance(given, cls):
            return given
        if isinstance(given, Principal):
            return cls("user", given.id)
        if not isinstance(given, str):
            raise PolicyError('a grantee is "NAME", "user:NAME", "group:NAME" or "everyone"')
        if given == "everyone":
            return cls("everyone")
        kind, colon, name = given.partition(":")
        if colon and kind in ("user", "group"):
            return cls("group" if kind == "group" else "user", checked_name(name, "a grantee"))
        return cls("user", checked_name(given, "a grantee"))

    def covers(self, principal: Principal) -> bool:
        """Whether a principal is meant."""
        match self.kind:
            case "user":
                return self.name == principal.id
            case "group":
                return self.name in principal.groups
        return True

    def __str__(self) -> str:
        return self.kind if self.kind == "everyone" else f"{self.kind}:{self.name}"


EVERYONE = Grantee("everyone")


def grantees_of(principal: Principal) -> tuple[Grantee, ...]:
    """Return every grantee that covers a principal."""
    return (Grantee("user", principal.id), *(Grantee("group", each) for each in sorted(principal.groups)), EVERYONE)


@frameless_class
@dataclass(frozen=True, slots=True)
class Terms:
    """What a reader gets to see of an owner's rows. Whoever sees the text can embed it, and needs no vector.

    `fields` are the top-level fields that show (None: all of them), `text` whether the text does. A filter on what does
    not show finds what a missing field would. `scores` may show less than the policy does, never more. At most
    `max_results` of the owner's rows are in one answer, and nothing is from `until` (seconds since the epoch) on.
    """

    fields: frozenset[str] | None = None
    text: bool = True
    scores: ScorePolicy = "exact"
    max_results: int | None = None
    until: float = FOREVER

    def joined(self, other: Terms) -> Terms:
        """Return what somebody sees who has been granted both: each grant stands by itself."""
        unlimited = self.fields is None or other.fields is None
        return Terms(
            fields=None if unlimited else (self.fields or frozenset()) | (other.fields or frozenset()),
            text=self.text or other.text,
            scores=most_generous(self.scores, other.scores),
            max_results=None
            if self.max_results is None or other.max_results is None
            else max(self.max_results, other.max_results),
            until=max(self.until, other.until),
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "fields": None if self.fields is None else sorted(self.fields),
            "text": self.text,
            "scores": self.scores,
            "max_results": self.max_results,
            "until": None if self.until == FOREVER else self.until,
        }

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Terms:
        """Read terms from plain data, as TOML and the state have them, or raise `PolicyError`.

        `until` is seconds since the epoch or a date with a time zone.
        """
        if unknown := given.keys() - cls.__dataclass_fields__.keys():
            raise PolicyError(f"a rule has {len(unknown)} setting(s) that no terms have; terms are: {', '.join(TERMS)}")
        until = given.get("until")
        return cls(
            fields=None if given.get("fields") is None else _field_names(given["fields"]),
            text=_boolean(given.get("text", True)),
            scores=_policy(given.get("scores", "exact")),
            max_results=_limit(given.get("max_results")),
            until=FOREVER if until is None else moment(until),
        )


TERMS = tuple(Terms.__dataclass_fields__)


@frameless_class
@dataclass(frozen=True, slots=True)
class Grant:
    """One owner's word about one grantee. `right` "write" makes it one of those who act in the owner's space."""

    owner: str
    grantee: Grantee
    right: Right
    terms: Terms = field(default_factory=Terms)

    def holds(self, now: float) -> bool:
        """Whether it has not run out."""
        return now < self.terms.until


@frameless
def granted(owner: object = None, *, readers: object = (), writers: object = (), **terms: Any) -> list[Grant]:
    """Read one rule, as Python and TOML have it: an owner, whom it names, and the terms. Raises `PolicyError`."""
    name = checked_name(owner, "an owner")
    given = Terms.of(terms)
    made = [Grant(name, each, "read", given) for each in grantees(readers)]
    made += [Grant(name, each, "write", Terms(until=given.until)) for each in grantees(writers)]
    if not made:
        raise PolicyError("a rule names readers or writers")
    return made


def grantees(given: object) -> list[Grantee]:
    """Read a list of grantees."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise PolicyError("readers and writers are lists of grantees")
    return [Grantee.of(each) for each in given]


def moment(given: object) -> float:
    """Return seconds since the epoch for a number or a date with a time zone, or raise `PolicyError`."""
    match given:
        case datetime() if given.tzinfo is not None:
            return given.astimezone(UTC).timestamp()
        case bool():
            pass
        case int() | float() if math.isfinite(given):
            return float(given)
    raise PolicyError("until is a date with a time zone, or seconds since the epoch")


def _field_names(given: object) -> frozenset[str]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise PolicyError("fields are a list of names of top-level fields")
    names = tuple(given)
    if not all(isinstance(each, str) and each for each in names):
        raise PolicyError("fields are a list of names of top-level fields")
    return frozenset(names)


def _boolean(given: object) -> bool:
    if not isinstance(given, bool):
        raise PolicyError("text is true or false")
    return given


def _policy(given: object) -> ScorePolicy:
    for each in POLICIES:
        if given == each:
            return each
    raise PolicyError(f"scores are one of {', '.join(POLICIES)}")


def _limit(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise PolicyError("max_results is a whole number, 0 or more")
    return given
