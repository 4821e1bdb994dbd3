"""Every hole that can be opened, in one greppable place. Each use is audited, with a digest of its reason.

Nothing in VecGuard calls these. If they appear in your code, somebody should be able to say why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecguard.errors import AccessDenied
from vecguard.examination import accepting
from vecguard.facade import Guarded, arun, room_of, run, shelf_of
from vecguard.frameless import frameless
from vecguard.principal import Acting, resolve
from vecguard.system import HAZMAT, NOWHERE

if TYPE_CHECKING:
    from vecguard.guard import Guard

_NOBODY = Acting(HAZMAT, NOWHERE)


@frameless
def unwrap(guarded: Guarded, *, reason: str) -> Any:
    """Return the native object behind a guarded one: no owner rules, no masking, nothing. Audited first."""
    room = room_of(guarded)
    _audit(room.guard, room.bound, "unwrap", reason)
    return room.native


@frameless
def permit_exposed_store(guard: Guard, *, reason: str) -> None:
    """Let this guard use a policy that leaves vectors or metadata readable with stores that outlive the process."""
    _audit(guard, None, "expose", reason)
    guard.exposure_permitted = True


@frameless
def accept_rows(guarded: Guarded, owner: str, *, reason: str) -> int:
    """Take what the store has of an owner for what was acknowledged last, and return how many rows that is.

    It ends `Tampered` and `RowsAmissWarning` about rows that are missing, older or came back: after an administrator
    changed them by other means, and after nobody could say what became of them. Rows that were written before VecGuard
    counted them are counted from then on. Look before at `vecguard.examination.examine`.
    """
    room = room_of(guarded)
    _audit(room.guard, room.bound, "accept", reason)
    return run(guarded, accepting(room.guard, shelf_of(guarded), owner))


@frameless
async def aaccept_rows(guarded: Guarded, owner: str, *, reason: str) -> int:
    """Do the same for a guarded collection of an asynchronous client."""
    room = room_of(guarded)
    _audit(room.guard, room.bound, "accept", reason)
    return await arun(guarded, accepting(room.guard, shelf_of(guarded), owner))


def _audit(guard: Guard, bound: Acting | None, action: Any, reason: str) -> None:
    if not reason.strip():
        raise AccessDenied("say why: reason= is a sentence for whoever reads the audit log")
    try:
        who = resolve(bound)
    except AccessDenied:
        who = _NOBODY
    # the reason is free text and may hold anything; its digest lets a ticket be matched with the audit line
    guard.state.audit.append(who, action, "", 1, guard.state.digest(f"reason:{reason}")[:32])
