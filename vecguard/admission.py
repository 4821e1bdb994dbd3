"""Admission: the first stage of both paths. What cannot be used is refused here, before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vecguard import arrays
from vecguard.errors import AccessDenied, BadId, BadInput, ReservedField
from vecguard.fields import RESERVED, checked
from vecguard.filters import mentions
from vecguard.qualified import is_qualified
from vecguard.records import Admitted, Ask, Draft, Opened, made_by
from vecguard.space import Space


def admit(draft: Draft, space: Space, dimension: int | None) -> Admitted:
    """Check a draft whole and map its ids; one bad record refuses the call."""
    draft = made_by(Draft, draft)
    count = len(draft.ids)
    if count == 0:
        raise BadInput("the batch is empty")
    if len(draft.texts) != count or len(draft.fields) != count:
        raise BadInput("ids, texts and fields differ in number")
    fields = tuple(None if each is None else checked(each, i) for i, each in enumerate(draft.fields))
    vectors = None if draft.vectors is None else arrays.vectors(draft.vectors, count, dimension)
    if any(is_qualified(each) for each in draft.ids) and draft.verb != "update":
        raise ReservedField(f"an id starts with the reserved prefix {RESERVED}")
    backend_ids = tuple(space.backend_id(each) for each in draft.ids)
    _unique(backend_ids)
    text_fields = draft.text_fields or ("",) * count
    return Admitted(replace(draft, fields=fields, text_fields=text_fields), backend_ids, vectors)


def _unique(ids: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for position, each in enumerate(ids):
        if each in seen:
            raise BadId(f"the id of record {position} was given before in this call")
        seen.add(each)


def against(admitted: Admitted, held: Mapping[str, Opened]) -> Admitted:
    """Set an admitted draft beside the records that its ids have on the shelf now."""
    return replace(made_by(Admitted, admitted), held=held)


def touched(admitted: Admitted) -> tuple[int, ...]:
    """Positions of the records that this write changes.

    An insert leaves existing records alone and an update skips missing ones, as the native verbs do.
    """
    verb = admitted.draft.verb
    return tuple(
        i
        for i, backend_id in enumerate(admitted.backend_ids)
        if verb == "upsert" or (backend_id in admitted.held) == (verb == "update")
    )


def admit_ask(ask: Ask) -> Ask:
    """Check a read: sane limits, and no filter on a reserved field."""
    ask = made_by(Ask, ask)
    if ask.offset < 0 or (ask.limit is not None and ask.limit < 0):
        raise BadInput("limit and offset are not negative")
    if mentions(ask.where, RESERVED):
        raise AccessDenied(f"fields with the prefix {RESERVED} cannot be filtered on")
    return ask
