"""Scrubbing as a stage: from admitted records to clean ones, and what becomes of a vector whose text was not clean.

A vector is only as clean as its text. If scrubbing changed a text, a caller's vector of it still holds what was taken
out, so it is discarded and the clean text is embedded instead; without an embedder the write is refused.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vecguard.admission import touched
from vecguard.arrays import Floats
from vecguard.errors import BadInput, ScrubFailed, UnscrubbedVector, shielded
from vecguard.filters import All, AnyOf, Compare, Predicate, rewrite
from vecguard.policy import Policy
from vecguard.ports import CleanFields, CleanText, Mint, Scrubber
from vecguard.records import Admitted, Body, Fields, Opened, Scrubbed, VectorSeal, made_by
from vecguard.scrub import mint_token
from vecguard.scrub.entities import TOKEN_LIKE
from vecguard.scrubbed_embeddings import CleanVectors
from vecguard.space import Owner, Space

OwnTokens: TypeAlias = Callable[[Space | Owner, list[str]], Collection[str]]
"""Which of these tokens an owner's vault holds."""


@dataclass(frozen=True, slots=True)
class AsIs:
    """A text that nobody scrubbed, in the shape of one that was."""

    stored: str = field(repr=False)
    changed: bool = False
    originals: tuple[tuple[str, str], ...] = ()

    @property
    def embedded(self) -> str:
        """The text itself."""
        return self.stored

    @property
    def kinds(self) -> str:
        """The text itself."""
        return self.stored


@dataclass(frozen=True, slots=True)
class FieldsAsTheyAre:
    """Fields that nobody scrubs any more."""

    fields: dict[str, object] = field(repr=False)
    originals: tuple[tuple[str, str], ...] = ()


class NoScrubber:
    """The scrubber of a policy that has scrubbing off."""

    def scrub(self, texts: Sequence[str], mint: Mint | None) -> list[AsIs]:  # noqa: ARG002 - the protocol's signature
        """Return the texts as they are."""
        return [AsIs(text) for text in texts]

    def scrub_fields(
        self,
        records: Sequence[Mapping[str, object]],
        mint: Mint,  # noqa: ARG002 - the protocol's signature
    ) -> list[FieldsAsTheyAre]:
        """Return the fields as they are."""
        return [FieldsAsTheyAre(dict(fields)) for fields in records]


def scrubber_for(policy: Policy) -> Scrubber:
    """Return the scrubber that a policy asks for."""
    if not policy.scrub.enabled:
        return NoScrubber()
    from vecguard.scrub.scrubber import PresidioScrubber  # noqa: PLC0415 - seconds to import; not for a --help

    return PresidioScrubber(policy.scrub)


class Cleaning:
    """Runs a scrubber over everything of a call that carries text. Whatever a detector raises refuses the call."""

    def __init__(self, inner: Scrubber, policy: Policy, made_here: CleanVectors, own_tokens: OwnTokens) -> None:
        self._inner = inner
        self._policy = policy
        self._made_here = made_here
        self._own_tokens = own_tokens

    def texts(self, texts: list[str], space: Space | Owner | None = None) -> list[CleanText]:
        """Scrub texts under an owner's tokens; without an owner, findings are replaced by their kinds."""
        mint = None if space is None else self._mint_for(space)
        clean = shielded(_failed, lambda: list(self._inner.scrub(texts, mint)))
        if len(clean) != len(texts):
            raise ScrubFailed("the scrubber did not answer for every text")
        return clean

    def fields(self, records: list[Fields], space: Space) -> list[CleanFields]:
        """Scrub keys and values of records' fields."""
        mint = self._mint_for(space)
        clean = shielded(_failed, lambda: list(self._inner.scrub_fields(records, mint)))
        if len(clean) != len(records):
            raise ScrubFailed("the scrubber did not answer for every record")
        return clean

    def _mint_for(self, space: Space | Owner) -> Mint:
        """Return how tokens are minted for an owner.

        Text that looks like a token gets a token, so that nobody can write another owner's; but one of the owner's own
        stays, so that a text that was read can be changed and written back, or filtered by.
        """
        key = space.owner_keys.tokens.reveal()

        def mint(entity: str, original: str) -> str:
            if entity == TOKEN_LIKE and self._own_tokens(space, [original]):
                return original
            return mint_token(key, entity, original)

        return mint

    def _records(self, records: list[Fields], space: Space) -> list[CleanFields]:
        """Scrub the fields of records, but for the one that says when a record expires: it is a moment, and stays."""
        name = self._policy.retention.field
        if name is None:
            return self.fields(records, space)
        clean = self.fields([{key: value for key, value in each.items() if key != name} for each in records], space)
        return [
            FieldsAsTheyAre({**new.fields, name: given[name]}, new.originals) if name in given else new
            for given, new in zip(records, clean, strict=True)
        ]

    def where(self, predicate: Predicate, space: Space) -> Predicate:
        """Replace personal data in filter names and values by the acting owner's tokens, as it was when written."""

        def change(ask: Compare) -> Predicate:
            if ask.path and ask.path == (self._policy.retention.field,):
                return ask
            name = ask.path[-1] if ask.path else ""
            path = tuple(self._name(step, space) for step in ask.path)
            if isinstance(ask.value, tuple):
                clean = tuple(self._value(name, each, space) for each in ask.value)
                return _of_one_type(Compare(path, ask.op, clean, ask.each))
            return Compare(path, ask.op, self._value(name, ask.value, space), ask.each)

        return rewrite(predicate, change)

    def _name(self, name: str, space: Space) -> str:
        """Scrub a field's name as it was scrubbed when written."""
        return str(next(iter(self.fields([{name: True}], space)[0].fields)))

    def _value(self, name: str, value: Any, space: Space) -> Any:
        """Scrub a filter value as it was scrubbed when written: in a field beside its name, in the text on its own."""
        if not name:
            return self.texts([value], space)[0].stored if isinstance(value, str) else value
        return next(iter(self.fields([{name: value}], space)[0].fields.values()))

    def scrub(self, admitted: Admitted, space: Space, *, can_embed: bool) -> Scrubbed:
        """Make clean records of those that the write touches, merged with what the shelf has of them."""
        admitted = made_by(Admitted, admitted)
        rows = touched(admitted)
        draft = admitted.draft
        fresh = [draft.texts[row] for row in rows]
        texts = iter(self.texts([text for text in fresh if text is not None], space))
        clean = [None if text is None else next(texts) for text in fresh]
        fields = iter(self._records([each for row in rows if (each := draft.fields[row]) is not None], space))
        bodies: list[Body] = []
        originals: dict[str, str] = {}
        embed: list[str | None] = []
        kept: dict[int, VectorSeal] = {}
        given: list[bool] = []
        for at, row in enumerate(rows):
            held = admitted.held.get(admitted.backend_ids[row])
            new = None if draft.fields[row] is None else next(fields)
            originals.update(() if new is None else new.originals)
            if (text := clean[at]) is not None:
                originals.update(text.originals)
            digest = original_digest(space, draft.texts[row])
            body = _body(admitted, row, text, _merged(new, held, merge=draft.merge), held, digest)
            bodies.append(body)
            vector = None if admitted.vectors is None else admitted.vectors[row]
            stands = vector is not None and self._stands(vector, text, body, row, can_embed=can_embed)
            given.append(stands)
            embed.append(text.embedded if text is not None and not stands else None)
            if not stands and embed[-1] is None:
                kept[at] = _kept(held, row)
        vectors = None if admitted.vectors is None else admitted.vectors[list(rows)]
        ids = [body.backend_id for body in bodies]
        seals = {at: admitted.held[id_].vector for at, id_ in enumerate(ids) if id_ in admitted.held}
        return Scrubbed(tuple(bodies), tuple(embed), vectors, tuple(given), kept, tuple(originals.items()), seals)

    def _stands(self, vector: Floats, text: CleanText | None, body: Body, row: int, *, can_embed: bool) -> bool:
        """Whether a caller's vector may be stored for this body."""
        if not body.altered or self._policy.unscrubbed_vectors == "allow":
            return True
        if text is not None and any(self._made_here.holds(form, vector) for form in (text.embedded, text.kinds)):
            return True
        if not can_embed:
            raise UnscrubbedVector(
                f"record {row} came with a vector of a text that scrubbing changed, and there is no embedder to make a "
                "clean one: give the guard an embedder, or embed through guard.embeddings(...)"
            )
        return False


def _merged(new: CleanFields | None, held: Opened | None, *, merge: bool) -> dict[str, Any]:
    """Lay new fields over the held ones; None deletes a field, as it does in Chroma."""
    before = dict(held.record.fields) if held is not None and (merge or new is None) else {}
    if new is None or not merge:
        return before if new is None else new.fields
    return {name: value for name, value in {**before, **new.fields}.items() if value is not None}


def _of_one_type(ask: Compare) -> Predicate:
    """Part a list in which scrubbing made some numbers into tokens: stores compare lists of one type only."""
    values = ask.value if isinstance(ask.value, tuple) else ()
    tokens = tuple(value for value in values if isinstance(value, str))
    numbers = tuple(value for value in values if not isinstance(value, str))
    if not tokens or not numbers:
        return ask
    parts = tuple(Compare(ask.path, ask.op, each, ask.each) for each in (tokens, numbers))
    return All(parts) if ask.op == "except" else AnyOf(parts)


def original_digest(space: Space, text: str | None) -> str:
    """Digest a text as it came, under the owner's key: tells whether a text is the one, and to nobody else anything."""
    return "" if text is None else space.owner_keys.tags.mac("original", text).hex()[:32]


def written_as(opened: Opened, text: str, space: Space) -> bool:
    """Whether a text is the one that a record was written with, before it was scrubbed."""
    return hmac.compare_digest(opened.original, original_digest(space, text))


def _body(
    admitted: Admitted,
    row: int,
    text: CleanText | None,
    fields: dict[str, Any],
    held: Opened | None,
    digest: str,
) -> Body:
    draft = admitted.draft
    keeps = text is None and held is not None and (draft.merge or draft.verb == "update")
    if keeps and held is not None:
        stored, text_field, altered, digest = held.record.text, held.record.text_field, held.altered, held.original
    else:
        stored, text_field = (None if text is None else text.stored), draft.text_fields[row]
        altered = text is not None and text.changed
    version = 1 if held is None else held.version + 1
    return Body(draft.ids[row], admitted.backend_ids[row], stored, text_field, fields, altered, version, digest)


def _kept(held: Opened | None, row: int) -> VectorSeal:
    if held is None:
        raise BadInput(f"record {row} has neither a text nor a vector")
    return held.vector


def _failed(name: str) -> ScrubFailed:
    return ScrubFailed(f"the detector raised {name}; nothing was written or returned")
