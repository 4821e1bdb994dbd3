"""Every error that VecGuard raises, in one tree.

    VecGuardError
    ├── PolicyError (ValueError)         the configuration cannot be used
    ├── BadInput (ValueError)            the call's data cannot be used; nothing was written
    │   ├── BadVector                    NaN, Inf, zero, wrong dimension or shape
    │   ├── BadId                        an id of the wrong form, or given twice in one call
    │   └── ReservedField                a field name with the prefix `_vg_`
    ├── AccessDenied                     nobody acts, or whoever acts may not do this
    │   ├── Undecided (AttributeError)   a native name, keyword or model that no rule covers
    │   ├── Throttled                    rows of others are not read for whoever acts, for now
    │   └── VectorsWithheld              vectors were asked for and the policy refuses instead of withholding
    ├── ScrubFailed                      the detector failed or ran out of time
    ├── EmbedderNeeded                   there is text to embed and nothing to embed it with
    │   └── UnscrubbedVector             a vector came with a text that scrubbing changed
    ├── EmbedderFailed                   the embedder raised, or returned something unusable
    ├── EmbedderMismatch                 a caller's vector is not what the guard's embedder makes of the same text
    ├── KeyringError                     a key file, variable or callable cannot be used
    │   └── WrongKey                     the key is not the one this state was made with
    ├── StateError                       the state database cannot be used
    │   ├── ClockBehind                  nothing expired is deleted while the clock is behind what the state has seen
    │   ├── StateMismatch                the collection belongs to another state database
    │   └── Contended                    others kept changing the same records; nothing was written
    ├── AuditFailed                      the audit record could not be written, so the call was refused
    ├── StoreFailed                      the native store raised
    │   ├── NotEnforced                  ... or rather: it does not do what filters say
    │   └── Pending                      ... in mid-write: the write is recorded and will be settled
    ├── UnprotectedRows                  the collection holds rows that no guard wrote
    ├── Missing (KeyError)               a record that a query starts from does not exist for whoever acts
    ├── Tampered                         a row with our mark does not authenticate, or rows are not all there
    └── OutOfOrder (TypeError)           a stage of a path was given something its predecessor did not make

Messages name records by their position in the call. No text, value, vector, id or key is ever part of a message, an
attribute or a chained cause: errors end up in logs, and logs end up anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class VecGuardError(Exception):
    """Root of every error raised here."""


class PolicyError(VecGuardError, ValueError):
    """The configuration cannot be used as written."""


class BadInput(VecGuardError, ValueError):
    """The data of a call cannot be used; nothing was written."""


class BadVector(BadInput):
    """A vector is not finite, is zero, or has the wrong dimension or shape."""


class BadId(BadInput):
    """An id has the wrong form, or was given twice in one call."""


class ReservedField(BadInput):
    """A field name starts with the reserved prefix `_vg_`."""


class AccessDenied(VecGuardError):
    """Nobody acts, or whoever acts may not do this."""


class Undecided(AccessDenied, AttributeError):
    """A native name, keyword or model that no rule covers.

    Also an `AttributeError`, so that `hasattr` and feature detection in frameworks keep working.
    """


class VectorsWithheld(AccessDenied):
    """Stored vectors were asked for under a policy that refuses instead of withholding."""


class Throttled(AccessDenied):
    """Rows of others are not read for now. `retry_after_s` says in how many seconds they are, None if that is open."""

    def __init__(self, retry_after_s: int | None = None) -> None:
        when = "" if retry_after_s is None else f"; ask again in {retry_after_s} s"
        super().__init__(f"rows of other owners are not read for whoever acts here for now{when}")
        self.retry_after_s = retry_after_s


class ScrubFailed(VecGuardError):
    """The detector failed or ran out of time; nothing was written."""


class EmbedderNeeded(VecGuardError):
    """There is text to embed and neither the guard nor the collection has an embedder."""


class UnscrubbedVector(EmbedderNeeded):
    """A vector came with a text that scrubbing changed, and there is no embedder to make a clean one."""


class EmbedderFailed(VecGuardError):
    """The embedder raised, or returned something that is not one finite vector per text."""


class EmbedderMismatch(VecGuardError):
    """A caller's vector is not what the guard's embedder makes of the same text."""


class KeyringError(VecGuardError):
    """A key file, environment variable or callable cannot be used."""


class WrongKey(KeyringError):
    """The key is not the one that this state or this row was made with."""


class StateError(VecGuardError):
    """The state database cannot be opened, read or written."""


class ClockBehind(StateError):
    """The machine's clock is behind what the state has seen, so nothing is deleted for having expired."""


class StateMismatch(StateError):
    """The collection was guarded with another state database."""


class Contended(StateError):
    """Others kept changing the same records for longer than a call waits. Nothing was written: try again."""


class AuditFailed(VecGuardError):
    """The audit record could not be written, so the call was refused."""


class StoreFailed(VecGuardError):
    """The native store raised. `native` is the name of its exception class."""

    def __init__(self, message: str, native: str = "") -> None:
        super().__init__(message)
        self.native = native


class Pending(StoreFailed):
    """The native store raised in mid-write. The write is recorded and `Guard.reconcile` settles it."""


class NotEnforced(StoreFailed):
    """The native store answers with rows that a filter rules out, so owners cannot be kept apart on it."""


class UnprotectedRows(VecGuardError):
    """The collection holds rows that no guard wrote. `count` says how many."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} unguarded row(s) in this collection: `vecguard adopt` converts them, "
            'and wrap(..., legacy="ignore") leaves them invisible'
        )
        self.count = count


class Missing(VecGuardError, KeyError):
    """A record that a query starts from does not exist for whoever acts; a foreign one is no different."""


class Tampered(VecGuardError):
    """A row that carries our owner mark does not authenticate, or an owner's rows are not those acknowledged last."""


class OutOfOrder(VecGuardError, TypeError):
    """A stage of a path was given something that its predecessor did not make."""


class SharedRowsWithheldWarning(UserWarning):
    """Rows of other owners were left out of an answer: a budget is spent, or the queries look like probing."""


class OwnerTooLargeWarning(UserWarning):
    """An owner's rows do not fit the cache of the guard that ranks them: each search reads all of them."""


class RowsAmissWarning(UserWarning):
    """An owner's rows in the store are not those that were acknowledged last: some are missing, older, or came back."""


class KeyBesideStateWarning(UserWarning):
    """The key file lies in the folder of the state database: whoever takes the folder has what opens it, too."""


class VectorsWithheldWarning(UserWarning):
    """Stored vectors were asked for; `None` was returned in their place."""


def shielded(error: Callable[[str], VecGuardError], call: Callable[[], T]) -> T:
    """Run `call`; if it raises anything that is not ours, raise `error(name of the exception class)` in its place.

    The error is raised outside the except block: no `__context__` and no frame of the foreign traceback survives,
    and with them goes whatever text the foreign exception printed into its message.
    """
    try:
        return call()
    except VecGuardError:
        raise
    except Exception as foreign:  # noqa: BLE001 - whatever a foreign library raises, the caller gets one typed error
        name = type(foreign).__name__
    raise error(name)
