"""The operators of one policy, as applied to the text for the shelf and to the text for the embedder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from vecguard.errors import PolicyError
from vecguard.scrub.entities import TOKEN_LIKE
from vecguard.scrub.findings import Finding
from vecguard.scrub.tokens import Mint

if TYPE_CHECKING:
    from presidio_anonymizer.operators import Operator

OPERATORS: tuple[str, ...] = ("token", "surrogate", "generalise", "mask", "redact", "keep")

EmbeddedForm: TypeAlias = Literal["kind", "token", "surrogate"]

# What stays or is cut down on the shelf goes to the embedder the same way; what is taken out for good goes as its kind,
# because a keyed form of it would tell equal values from others.
_EMBEDDED_AS: Mapping[str, str] = MappingProxyType(
    {"keep": "keep", "generalise": "generalise", "mask": "kind", "redact": "kind"}
)


class Operators:
    """Which operator acts on which entity type. Immutable, and safe to share between threads.

    `chosen` maps entity types to names, `default` is for the others, and `own` are further operators. Text that looks
    like one of our tokens always gets a token of its own, whatever is chosen: left alone it could be restored to what
    its writer never knew.

    Raises `PolicyError` for a name that is not known, and for an operator that does not validate.
    """

    __slots__ = ("_chosen", "_default", "_engine")

    def __init__(
        self, chosen: Mapping[str, str], *, default: str = "token", own: Sequence[type[Operator]] = ()
    ) -> None:
        from vecguard.scrub.operators.presidio import engine  # noqa: PLC0415 - seconds to import; not for a --help

        known = _known(own)
        unknown = sorted({default, *chosen.values()} - known.keys())
        if unknown:
            raise PolicyError(f"there is no operator {', '.join(unknown)}; there are {', '.join(known)}")
        if TOKEN_LIKE in chosen:
            raise PolicyError(f"{TOKEN_LIKE} is text in the form of a token and always gets one; it has no operator")
        for name in {default, *chosen.values()}:
            _validate(name, known[name])
        self._chosen = MappingProxyType(dict(chosen))
        self._default = default
        self._engine: Any = engine(own)

    def __repr__(self) -> str:
        """Show the choice; there is nothing else to show."""
        return f"Operators({dict(self._chosen)!r}, default={self._default!r})"

    def of(self, entity: str) -> str:
        """Return the name of the operator for an entity type."""
        return "token" if entity == TOKEN_LIKE else self._chosen.get(entity, self._default)

    def stored(self, text: str, findings: Sequence[Finding], mint: Mint) -> tuple[str, dict[str, str]]:
        """Return what the shelf holds, and the originals by token for the vault. Findings are disjoint.

        Raises whatever an operator raises; nothing passes in its place.
        """
        return self._replaced(text, findings, {f.entity: self.of(f.entity) for f in findings}, mint)

    def embedded(self, text: str, findings: Sequence[Finding], mint: Mint, form: EmbeddedForm) -> str:
        """Return what the embedder sees: findings as their kind, as the owner's tokens or as surrogates.

        What is kept or generalised on the shelf is so here, and what is masked or redacted becomes its kind.
        """
        names = {f.entity: _EMBEDDED_AS.get(self.of(f.entity), form) for f in findings}
        return self._replaced(text, findings, names, mint)[0]

    def _replaced(
        self, text: str, findings: Sequence[Finding], names: Mapping[str, str], mint: Mint
    ) -> tuple[str, dict[str, str]]:
        from vecguard.scrub.operators.presidio import replaced  # noqa: PLC0415 - loaded with the engine

        return replaced(self._engine, text, findings, names, mint) if findings else (text, {})


def _known(own: Sequence[type[Operator]]) -> dict[str, type[Operator] | None]:
    known: dict[str, type[Operator] | None] = dict.fromkeys(OPERATORS)
    for operator in own:
        name = operator().operator_name()
        if name in known or name == "kind":
            raise PolicyError(f"an operator named {name} is there already; a further one needs a name of its own")
        known[name] = operator
    return known


def _validate(name: str, operator: type[Operator] | None) -> None:
    from vecguard.scrub.operators.presidio import parameters  # noqa: PLC0415 - loaded with the engine

    if operator is None:
        return
    try:
        operator().validate({**parameters(name, lambda entity, _: f"<{entity}>", {}), "entity_type": "PERSON"})
    except Exception as failure:  # noqa: BLE001 - whatever somebody's operator raises about its parameters
        reason = type(failure).__name__
    else:
        return
    raise PolicyError(f"the operator {name} refuses to run ({reason})")
