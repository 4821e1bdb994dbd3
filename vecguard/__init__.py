"""Privacy middleware for vector databases.

Wrap the store client you already use: every write is scrubbed, masked, sealed and stamped with its owner, and every
read is confined to its owner and returns no vectors.

    guard = vecguard.Guard(vecguard.Policy(), keys=..., state=..., embedder=...)
    notes = vecguard_chroma.wrap(collection, guard).acting_for("alice")
"""

from vecguard import hazmat
from vecguard.erasure import ErasureReceipt
from vecguard.errors import (
    AccessDenied,
    AuditFailed,
    BadId,
    BadInput,
    BadVector,
    ClockBehind,
    Contended,
    EmbedderFailed,
    EmbedderMismatch,
    EmbedderNeeded,
    KeyBesideStateWarning,
    KeyringError,
    Missing,
    NotEnforced,
    OutOfOrder,
    OwnerTooLargeWarning,
    Pending,
    PolicyError,
    ReservedField,
    RowsAmissWarning,
    ScrubFailed,
    SharedRowsWithheldWarning,
    StateError,
    StateMismatch,
    StoreFailed,
    Tampered,
    Throttled,
    Undecided,
    UnprotectedRows,
    UnscrubbedVector,
    VecGuardError,
    VectorsWithheld,
    VectorsWithheldWarning,
    WrongKey,
)
from vecguard.expiry import retain_for
from vecguard.guard import Guard
from vecguard.keys import Keyring
from vecguard.policy import AuditLog, Budgets, Metadata, Policy, Reads, Retention, Scrub, Vectors
from vecguard.principal import Principal, acting_for

__version__ = "0.1.0"

__all__ = [
    "AccessDenied",
    "AuditFailed",
    "AuditLog",
    "BadId",
    "BadInput",
    "BadVector",
    "Budgets",
    "ClockBehind",
    "Contended",
    "EmbedderFailed",
    "EmbedderMismatch",
    "EmbedderNeeded",
    "ErasureReceipt",
    "Guard",
    "KeyBesideStateWarning",
    "Keyring",
    "KeyringError",
    "Metadata",
    "Missing",
    "NotEnforced",
    "OutOfOrder",
    "OwnerTooLargeWarning",
    "Pending",
    "Policy",
    "PolicyError",
    "Principal",
    "Reads",
    "ReservedField",
    "Retention",
    "RowsAmissWarning",
    "Scrub",
    "ScrubFailed",
    "SharedRowsWithheldWarning",
    "StateError",
    "StateMismatch",
    "StoreFailed",
    "Tampered",
    "Throttled",
    "Undecided",
    "UnprotectedRows",
    "UnscrubbedVector",
    "VecGuardError",
    "Vectors",
    "VectorsWithheld",
    "VectorsWithheldWarning",
    "WrongKey",
    "__version__",
    "acting_for",
    "hazmat",
    "retain_for",
]
