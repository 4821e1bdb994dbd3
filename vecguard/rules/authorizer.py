"""Who decides: the rules in the state, or the access control that an application has already.

An application's own is a class with two methods, whatever is behind it (an ACL table, Cedar, Casbin, OpenFGA):

    class OpenFga:
        def readable(self, principal):
            found = client.list_objects(user=f"user:{principal.id}", relation="reader", type="owner")
            return [Share(each.removeprefix("owner:")) for each in found.objects]

        def member(self, principal, owner):
            return client.check(user=f"user:{principal.id}", relation="member", object=f"owner:{owner}").allowed

    guard = Guard(policy, keys=..., state=..., authorizer=OpenFga())

It is asked on every call. What it raises, or answers in another form than this, denies the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from vecguard.errors import AccessDenied, shielded
from vecguard.principal import Principal, checked_name
from vecguard.rules.grant import Terms


@dataclass(frozen=True, slots=True)
class Share:
    """An owner whose rows may be read, and on what terms."""

    owner: str
    terms: Terms = field(default_factory=Terms)

    def __post_init__(self) -> None:
        checked_name(self.owner, "an owner")


class Authorizer(Protocol):
    """Decides whose rows a principal may read, and in whose space it may act."""

    def readable(self, principal: Principal) -> Iterable[Share]:
        """Return the owners that share their rows with a principal; the terms of one that comes twice are joined."""
        ...

    def member(self, principal: Principal, owner: str) -> bool:
        """Whether a principal may act in an owner's space: read its rows as its own, write and delete them."""
        ...


def checked_shares(authorizer: Authorizer, principal: Principal) -> tuple[Share, ...]:
    """Ask who shares with a principal; an error or a wrong answer is `AccessDenied`."""
    found = shielded(_failed, lambda: tuple(authorizer.readable(principal)))
    if not all(isinstance(each, Share) for each in found):
        raise _failed("another type than Share")
    return found


def checked_member(authorizer: Authorizer, principal: Principal, owner: str) -> bool:
    """Ask whether a principal is a member; an error or a wrong answer is `AccessDenied`."""
    answer = shielded(_failed, lambda: authorizer.member(principal, owner))
    if not isinstance(answer, bool):
        raise _failed("another type than bool")
    return answer


def _failed(what: str) -> AccessDenied:
    return AccessDenied(f"the authorizer could not say who may do this ({what}), so nobody may")
