"""Release: the last stage of a read. Tokens become originals for those who may see them, and the call is audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vecguard.audit import NONE_SHARED
from vecguard.fields import copied
from vecguard.policy import Policy
from vecguard.qualified import qualified
from vecguard.ranking.best import Ranked
from vecguard.records import Answer, Hit, Opened, Record
from vecguard.scrub.tokens import restore, tokens_of
from vecguard.shelf import View
from vecguard.state import State


class Release:
    """Makes the answer of a read."""

    def __init__(self, policy: Policy, state: State) -> None:
        self._policy = policy
        self._state = state

    def answer(self, groups: Sequence[Sequence[Ranked]], view: View, *, texts: bool) -> Answer:
        """Turn authenticated rows into records, restored where that is permitted. Nothing leaves unaudited."""
        records = {each.opened.backend_id: _seen(each.opened, view) for group in groups for each in group}
        if texts and view.acting.may_restore and self._policy.restore == "permitted":
            own = {
                each.opened.backend_id for group in groups for each in group if each.opened.owner_tag not in view.sights
            }
            records |= self._restored({name: record for name, record in records.items() if name in own}, view)
        if self._policy.audit.reads:
            shared = _shared(groups, view)
            rest = len(records) - sum(shared.values())
            self._state.audit.append(view.acting, "read", view.uid, rest, shared=shared)
        return Answer(
            tuple(
                tuple(Hit(records[each.opened.backend_id], self._score(each, view)) for each in group)
                for group in groups
            )
        )

    def _score(self, ranked: Ranked, view: View) -> float | None:
        """Return the score that shows. That of another owner's row was shaped when it was ranked."""
        own = ranked.opened.owner_tag not in view.sights
        return None if own and self._policy.reads.own == "hidden" else ranked.score

    def _restored(self, records: Mapping[str, Record], view: View) -> dict[str, Record]:
        tokens = {
            token for record in records.values() for token in (*tokens_of(record.text), *tokens_of(record.fields))
        }
        originals = self._state.originals(view.space, tokens)
        if not originals:
            return dict(records)
        self._state.audit.append(view.acting, "restore", view.uid, len(originals))
        return {
            backend_id: replace(
                record,
                text=None if record.text is None else restore(record.text, originals),
                fields=_mapped(record.fields, originals),
            )
            for backend_id, record in records.items()
        }


def _shared(groups: Sequence[Sequence[Ranked]], view: View) -> Mapping[str, int]:
    """Count other owners' records in an answer, by the owners' digests: each may have to be told one day."""
    if not view.sights:
        return NONE_SHARED
    owners = {each.opened.backend_id: each.opened.owner_tag for group in groups for each in group}
    counts = Counter(tag for tag in owners.values() if tag in view.sights)
    return {view.spaces[tag].owner_digest: count for tag, count in counts.items()}


def _seen(opened: Opened, view: View) -> Record:
    """Return a record as the caller may see it: another owner's on its terms, and under a name of its own.

    Fields are copied: a caller may change what it gets, and the rows that a guard keeps must not change with it.
    """
    sight = view.sights.get(opened.owner_tag)
    record = opened.record if sight is None else sight.of_record(opened.record)
    keys, form = view.spaces[opened.owner_tag].owner_keys, view.shelf.traits.ids
    name = record.id if sight is None else qualified(keys.names, opened.backend_id, form)
    return Record(name, record.text, record.text_field, copied(record.fields))


def _mapped(value: Any, originals: Mapping[str, str]) -> Any:
    match value:
        case str():
            return restore(value, originals)
        case Mapping():
            return {restore(name, originals): _mapped(each, originals) for name, each in value.items()}
        case list():
            return [_mapped(each, originals) for each in value]
    return value
