"""Owner rules: whose rows a principal may read, in whose space it may act, and on what terms.

Rules are data. They live in the state, so that a change holds from the next call in every process, or in the guard's
configuration; an application that has access control of its own plugs it in instead (`Authorizer`). What is not granted
is denied.
"""

from vecguard.rules.authorizer import Authorizer, Share, checked_member, checked_shares
from vecguard.rules.book import RuleBook
from vecguard.rules.grant import EVERYONE, Grant, Grantee, Terms, granted
from vecguard.rules.scope import OWNER_FIELD, OwnerScope, Sight, within_terms

__all__ = [
    "EVERYONE",
    "OWNER_FIELD",
    "Authorizer",
    "Grant",
    "Grantee",
    "OwnerScope",
    "RuleBook",
    "Share",
    "Sight",
    "Terms",
    "checked_member",
    "checked_shares",
    "granted",
    "within_terms",
]
