"""The rule book: grants that owners have made, kept in the state and in the guard's configuration.

    guard.rules.grant("alice", readers=["bob", "group:ward-b"], fields=["ward"], until=friday)
    guard.rules.revoke("alice", readers=["bob"])
    guard.rules.grants("alice")

An owner for whom nobody made a rule is open to whoever the application binds to it: `acting_for("zoe", owner="acme")`
is the application's word that Zoe acts for Acme. From its first rule on the rules are the whole truth about an owner,
and stay so when the last one is revoked: it acts in its own space, and others if they are named as writers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from vecguard.frameless import frameless_class
from vecguard.principal import SYSTEM, Acting, Principal, checked_name, claimed
from vecguard.rules.authorizer import Share
from vecguard.rules.grant import Grant, Grantee, Right, Terms, granted, grantees, grantees_of
from vecguard.watch.scores import ScorePolicy

if TYPE_CHECKING:  # the state keeps grants, so it imports this package
    from vecguard.state import State

K = TypeVar("K", bound=Hashable)

_KEPT = 10_000  # principals and owners whose grants are kept in memory


@frameless_class
class RuleBook:
    """Grants, revokes and lists; and decides, as an `Authorizer`. `fixed` are the rules of the configuration.

    `vouched` says whether an owner without rules is open to whoever the application binds to it.
    """

    def __init__(
        self, state: State, fixed: Sequence[Grant] = (), *, vouched: bool = True, clock: Callable[[], float]
    ) -> None:
        self._state = state
        self._fixed = tuple(fixed)
        self._vouched = vouched
        self._clock = clock
        self._epoch = -1
        self._for_grantees: OrderedDict[tuple[Grantee, ...], tuple[Grant, ...]] = OrderedDict()
        self._of_owners: OrderedDict[str, tuple[Grant, ...]] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return "<RuleBook>"

    # -------------------------------------------------------------------------------------------- for administrators

    def grant(
        self,
        owner: str,
        *,
        readers: Iterable[object] = (),
        writers: Iterable[object] = (),
        fields: Iterable[str] | None = None,
        text: bool = True,
        scores: ScorePolicy = "exact",
        max_results: int | None = None,
        until: datetime | float | None = None,
        by: Principal | str | None = None,
    ) -> list[Grant]:
        """Let readers read an owner's rows on these terms, and writers act in its space; return what was granted.

        Grantees are "bob", "group:ward-b" or "everyone"; granting again replaces the terms. Readers get the blurred
        view from a space of their own; writers are members, and of the terms only `until` holds for them. `by` says who
        did this, for the audit. Raises `PolicyError`, `AuditFailed`.
        """
        made = granted(
            owner,
            readers=readers,
            writers=writers,
            fields=fields,
            text=text,
            scores=scores,
            max_results=max_results,
            until=until,
        )
        once = {(each.grantee, each.right): each for each in (*made, _itself(owner))}  # a grantee may be named twice
        self._state.grants.put(once.values(), _by(by, owner))
        return made

    def revoke(
        self,
        owner: str,
        *,
        readers: Iterable[object] | None = None,
        writers: Iterable[object] | None = None,
        by: Principal | str | None = None,
    ) -> int:
        """Take back what was granted to these, or all of it if nobody is named; return how many grants that were."""
        checked_name(owner, "an owner")
        if readers is None and writers is None:
            return self._state.grants.remove_all(owner, _by(by, owner), keeping=_itself(owner))
        itself = _itself(owner).grantee
        reading: list[tuple[Grantee, Right]] = [(each, "read") for each in grantees(readers or ())]
        acting: list[tuple[Grantee, Right]] = [(each, "write") for each in grantees(writers or ()) if each != itself]
        return self._state.grants.remove(owner, [*reading, *acting], _by(by, owner))

    def reopen(self, owner: str, *, by: Principal | str | None = None) -> int:
        """Forget that there ever were rules of an owner: whoever the application binds to it acts in it again."""
        checked_name(owner, "an owner")
        return self._state.grants.remove_all(owner, _by(by, owner))

    def grants(self, owner: str | None = None) -> list[Grant]:
        """List what was granted, by one owner or by all, in the state and in the configuration."""
        kept = self._state.grants.all() if owner is None else self._state.grants.by_owner(owner)
        fixed = [each for each in self._fixed if owner in (None, each.owner)]
        return sorted([*fixed, *kept], key=lambda each: (each.owner, each.right, str(each.grantee)))

    # ---------------------------------------------------------------------------------------------- as an authorizer

    def readable(self, principal: Principal) -> list[Share]:
        """Return the owners that share with a principal, each on all its terms that hold now."""
        now = self._clock()
        shares: dict[str, Terms] = {}
        for each in (*self._fixed_for(principal), *self._granted(grantees_of(principal))):
            if each.right == "read" and each.holds(now):
                shares[each.owner] = shares[each.owner].joined(each.terms) if each.owner in shares else each.terms
        return [Share(owner, terms) for owner, terms in shares.items()]

    def member(self, principal: Principal, owner: str) -> bool:
        """Whether a principal acts in an owner's space: itself, a writer, or vouched for where there are no rules."""
        if principal.id == owner:
            return True
        made = self._made_by(owner)
        if not made:
            return self._vouched
        now = self._clock()
        return any(each.right == "write" and each.holds(now) and each.grantee.covers(principal) for each in made)

    # ------------------------------------------------------------------------------------------------- what is known

    def at(self, epoch: int) -> None:
        """Forget what was read from the state before its rules' epoch became this."""
        with self._lock:
            if epoch != self._epoch:
                self._epoch = epoch
                self._for_grantees.clear()
                self._of_owners.clear()

    def _fixed_for(self, principal: Principal) -> tuple[Grant, ...]:
        return tuple(each for each in self._fixed if each.grantee.covers(principal))

    def _granted(self, grantees: tuple[Grantee, ...]) -> tuple[Grant, ...]:
        return self._kept(self._for_grantees, grantees, self._state.grants.to)

    def _made_by(self, owner: str) -> tuple[Grant, ...]:
        fixed = tuple(each for each in self._fixed if each.owner == owner)
        return (*fixed, *self._kept(self._of_owners, owner, self._state.grants.by_owner))

    def _kept(
        self, kept: OrderedDict[K, tuple[Grant, ...]], key: K, read: Callable[[K], Sequence[Grant]]
    ) -> tuple[Grant, ...]:
        """Return what is kept for a key, reading it if it is not there. A change between is seen by the next call."""
        with self._lock:
            found, epoch = kept.get(key), self._epoch
        if found is not None:
            return found
        found = tuple(read(key))
        with self._lock:
            if epoch == self._epoch:
                kept[key] = found
                while len(kept) > _KEPT:
                    kept.popitem(last=False)
        return found


def _itself(owner: str) -> Grant:
    """Return an owner's own membership: written with its first rule, it is what says that there are rules."""
    return Grant(owner, Grantee("user", owner), "write")


def _by(principal: Principal | str | None, owner: str) -> Acting:
    return Acting.of(SYSTEM, owner) if principal is None else claimed(Acting.of(principal, owner))
