"""The retention schedule: for how long records are kept, and the moment at which each expires.

    guard.retention.set("alice", days=30)
    guard.retention.clear("alice")
    guard.retention.all()

The policy says it for everybody (`policy.retention.days`), the operator for one owner, and whoever writes for a record
(`vecguard.expiry`). The shortest of those that apply wins, so nobody keeps anything for longer than the policy says.

The time begins when a record's content is written. A write that brings neither a text nor a vector changes a record and
not its age: it expires when it would have, or earlier. What is there keeps its time when a retention is set or cleared.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock

from vecguard.errors import BadInput
from vecguard.expiry import DAY_S, checked_days, moment_of
from vecguard.fields import lasting
from vecguard.frameless import frameless_class
from vecguard.policy import Retention
from vecguard.principal import Acting, Principal, checked_name
from vecguard.records import Admitted, Draft, Opened
from vecguard.sealing import NEVER
from vecguard.shelf import View
from vecguard.state import State
from vecguard.state.epochs import RULES_KEY
from vecguard.state.retentions import OwnerRetention
from vecguard.system import by_guard

_KEPT = 10_000  # owners whose retention is kept in memory


@frameless_class
class RetentionSchedule:
    """Sets, clears and lists for how long owners' records are kept, and says when records expire."""

    def __init__(self, state: State, policy: Retention) -> None:
        self._state = state
        self._policy = policy
        self._epoch = -1
        self._expiring = False
        self._days: OrderedDict[str, float | None] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return "<RetentionSchedule>"

    # ------------------------------------------------------------------------------------------------ for operators

    def set(self, owner: str, *, days: float, by: Principal | str | None = None) -> None:
        """Let an owner's records expire so many days, above 0, after they are written, if not before; audited.

        It holds for what is written from now on, in every process. `by` says who did this. Raises `BadInput`.
        """
        kept = OwnerRetention(checked_name(owner, "an owner"), checked_days(days))
        self._state.retentions.put(kept, _by(by, owner))

    def clear(self, owner: str, *, by: Principal | str | None = None) -> bool:
        """Forget an owner's retention, so that the policy's holds; False if it had none. What expires still does."""
        return self._state.retentions.remove(checked_name(owner, "an owner"), _by(by, owner))

    def all(self) -> list[OwnerRetention]:
        """List the owners for whom something was set, by name, each with its days."""
        return self._state.retentions.all()

    # --------------------------------------------------------------------------------------------------- for the paths

    def expiries(self, admitted: Admitted, view: View, now: float) -> Mapping[str, float]:
        """Return when each record of a write expires, in seconds since the epoch, by backend id.

        Raises `BadInput` where a record says something that is no moment, or one that is over.
        """
        draft = admitted.draft
        days = [each for each in (self._policy.days, draft.days, self._of_owner(view)) if each is not None]
        longest = min((now + each * DAY_S for each in days), default=NEVER)
        moments = {
            backend_id: lasting(min(longest, self._of_record(draft, at, admitted.held.get(backend_id), now)))
            for at, backend_id in enumerate(admitted.backend_ids)
        }
        if any(each < NEVER for each in moments.values()) and not self.may_expire(view):
            self._state.retentions.expire()
        return moments

    def may_expire(self, view: View) -> bool:
        """Whether any record of this state may expire: otherwise stores need not be asked for those that have not."""
        self._at(view.epochs[RULES_KEY])
        return self._expiring

    def _of_record(self, draft: Draft, at: int, held: Opened | None, now: float) -> float:
        """Return when a record expires by what it says itself, and by what is kept of the record that it changes."""
        limits = [NEVER]
        fields = draft.fields[at]
        name = self._policy.field
        if name is not None and fields is not None and fields.get(name) is not None:
            limits.append(_promised(fields[name], at, now))
        elif name is not None and held is not None and (fields is None or (draft.merge and name not in fields)):
            limits.append(moment_of(held.record.fields.get(name)) or NEVER)
        if held is not None and draft.texts[at] is None and draft.vectors is None:
            limits.append(held.expires)
        return min(limits)

    def _of_owner(self, view: View) -> float | None:
        """Return the days that were set for the owner of a view, as of when its call began."""
        self._at(view.epochs[RULES_KEY])
        owner = view.space.owner_digest
        with self._lock:
            if owner in self._days:
                return self._days[owner]
            epoch = self._epoch
        days = self._state.retentions.of(owner)
        with self._lock:
            if epoch == self._epoch:  # a change between is seen by the next call
                self._days[owner] = days
                while len(self._days) > _KEPT:
                    self._days.popitem(last=False)
        return days

    def _at(self, epoch: int) -> None:
        """Forget what was read from the state before its rules' epoch became this."""
        with self._lock:
            if epoch == self._epoch:
                return
        expiring = self._state.retentions.may_expire()
        with self._lock:
            self._epoch, self._expiring = epoch, expiring
            self._days.clear()


def _promised(given: object, position: int, now: float) -> float:
    found = moment_of(given)
    if found is None:
        raise BadInput(
            f"record {position} does not say when it expires in a way that can be read: seconds since the epoch, or an "
            "ISO 8601 date"
        )
    if found <= now:
        raise BadInput(f"record {position} says that it expired already")
    return found


def _by(principal: Principal | str | None, owner: str) -> Acting:
    return by_guard(owner) if principal is None else Acting.of(principal, owner)
