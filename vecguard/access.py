"""Access: who acts, as the rules or the application's own access control have it, made into the scope of a call."""

from __future__ import annotations

from collections.abc import Callable

from vecguard.errors import AccessDenied
from vecguard.policy import Policy
from vecguard.principal import Acting, claimed
from vecguard.rules import Authorizer, OwnerScope, RuleBook, Sight, Terms, checked_member, checked_shares


class Access:
    """Asks an authorizer, the rule book if there is no other. `epoch` is the rules' in the state, as of this call."""

    def __init__(
        self, book: RuleBook, authorizer: Authorizer | None, policy: Policy, denied: Callable[[Acting], None]
    ) -> None:
        self._book = book
        self._authorizer: Authorizer = authorizer or book
        self._reads = policy.reads
        self._stretch = policy.stretch
        self._denied = denied

    def own(self, acting: Acting, epoch: int) -> OwnerScope:
        """Return the scope of a call about one's own rows, or raise `AccessDenied`."""
        claimed(acting)
        self._book.at(epoch)
        principal, owner = acting.principal, acting.owner
        if principal.id != owner and not checked_member(self._authorizer, principal, owner):
            self._denied(acting)
            raise AccessDenied(
                "this principal may not act for this owner; guard.rules.grant(owner, writers=[...]) makes it a member, "
                "and rows that are shared with it are read from a space of its own"
            )
        return OwnerScope(owner)

    def scope(self, acting: Acting, epoch: int) -> OwnerScope:
        """Return the scope of a read: one's own rows, and those of owners that share with whoever acts."""
        own = self.own(acting, epoch)
        if self._reads.shared == "nothing":
            return own
        shared: dict[str, Terms] = {}
        for share in checked_shares(self._authorizer, acting.principal):
            if share.owner != acting.owner:
                there = shared.get(share.owner)
                shared[share.owner] = share.terms if there is None else there.joined(share.terms)
        seen = {owner: terms for owner, terms in shared.items() if terms.max_results != 0}
        return OwnerScope(acting.owner, seen)

    def sight(self, terms: Terms) -> Sight:
        """Return what a reader sees on these terms under the policy."""
        assert self._reads.shared != "nothing"  # noqa: S101 - then nothing is shared
        return Sight.of(terms, self._reads.shared, self._stretch)
