"""The operators as presidio-anonymizer knows them, and the engine that runs them over a text.

Each gets what it needs in `params`: `mint`, the owner's tokens; `originals`, where the token operator notes what its
tokens stand for; and Presidio's own `entity_type`. A user's operator gets the same.
"""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult
from presidio_anonymizer.operators import Keep, Mask, Operator, OperatorType, Redact

from vecguard.scrub.entities import TOKEN_LIKE
from vecguard.scrub.findings import Finding
from vecguard.scrub.operators.generalise import generalised, kind_mark
from vecguard.scrub.operators.keyed import keyed_by
from vecguard.scrub.operators.surrogate import surrogate_of
from vecguard.scrub.tokens import Mint


class _Ours(Operator):  # type: ignore[misc]  # Presidio is untyped
    """An operator that is told the type of the value and how to mint."""

    name = ""

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """Return what takes the place of a text."""
        return self.replaced(text, **(params or {}))

    @abstractmethod
    def replaced(self, text: str, *, entity_type: str, mint: Mint, originals: dict[str, str]) -> str:
        """Return what takes the place of a text of this type."""

    def validate(self, params: dict[str, Any] | None = None) -> None:
        """Refuse to run without a way to mint."""
        if not params or not callable(params.get("mint")):
            raise ValueError("the operator needs a callable `mint`")

    def operator_name(self) -> str:
        """Return the name by which an operator configuration asks for it."""
        return self.name

    def operator_type(self) -> Any:
        """Return the kind of operator."""
        return OperatorType.Anonymize


class Token(_Ours):
    """A typed token of the owner's; what it stands for goes to the vault."""

    name = "token"

    def replaced(self, text: str, *, entity_type: str, mint: Mint, originals: dict[str, str]) -> str:
        """Return the token. Two spellings of one value share it; the first one in the text is the one noted."""
        token = mint(entity_type, text)
        if token != text:  # a token of the owner's own that comes back stands for what it stood for
            originals[token] = text  # the engine works from the end of the text, so the first comes last
        return token


class Surrogate(_Ours):
    """A consistent fake of the same kind, one-way; the kind alone where no owner's key mints."""

    name = "surrogate"

    def replaced(self, text: str, *, entity_type: str, mint: Mint, originals: dict[str, str]) -> str:  # noqa: ARG002
        """Return the fake; a token that stands in the text is no value to fake, and becomes its kind."""
        keyed = keyed_by(mint)
        if keyed is None or entity_type == TOKEN_LIKE:
            return kind_mark(entity_type, text)
        return surrogate_of(keyed, entity_type, text)


class Generalise(_Ours):
    """A year for a date, ten years for an age, three digits for a ZIP code, and the kind for most."""

    name = "generalise"

    def replaced(self, text: str, *, entity_type: str, mint: Mint, originals: dict[str, str]) -> str:  # noqa: ARG002
        """Return what may be left of the value."""
        return generalised(entity_type, text)


class Kind(_Ours):
    """`<PERSON>` and the like: the same for every owner and person. For the embedder, not for the shelf."""

    name = "kind"

    def replaced(self, text: str, *, entity_type: str, mint: Mint, originals: dict[str, str]) -> str:  # noqa: ARG002
        """Return the kind."""
        return kind_mark(entity_type, text)


_OURS: tuple[type[Operator], ...] = (Token, Surrogate, Generalise, Kind)

# Presidio's own, with what they have to be told. A mask shows how long the value was.
STOCK: Mapping[str, type[Operator]] = {"redact": Redact, "mask": Mask, "keep": Keep}
_PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "mask": {"masking_char": "*", "chars_to_mask": sys.maxsize, "from_end": False}
}


def engine(own: Sequence[type[Operator]] = ()) -> Any:
    """Return an engine that knows our operators, Presidio's and the given ones."""
    made = AnonymizerEngine()
    for operator in (*_OURS, *own):
        made.add_anonymizer(operator)
    return made


def parameters(name: str, mint: Mint, originals: dict[str, str]) -> dict[str, Any]:
    """Return what the operator of this name is called with."""
    return {**_PARAMETERS.get(name, {}), "mint": mint, "originals": originals}


def replaced(
    engine: Any, text: str, findings: Sequence[Finding], names: Mapping[str, str], mint: Mint
) -> tuple[str, dict[str, str]]:
    """Return the text with each finding operated on, and originals by token. Findings are disjoint.

    `names` gives the operator for every type that is found. Raises whatever an operator raises.
    """
    originals: dict[str, str] = {}
    operators = {entity: OperatorConfig(name, parameters(name, mint, originals)) for entity, name in names.items()}
    results = [RecognizerResult(f.entity, f.start, f.end, f.score) for f in findings]
    # By default the engine glues findings of one type that only spaces part into one (presidio#1925): two people
    # would share a token that neither has anywhere else.
    done = engine.anonymize(text, results, operators, merge_entities_with_spaces=False)
    return str(done.text), originals
