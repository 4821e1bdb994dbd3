"""Replace findings by tokens, as an operator of presidio-anonymizer, so that other operators plug in at its side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig, RecognizerResult
from presidio_anonymizer.operators import Operator, OperatorType

from vecguard.scrub.entities import TOKEN_LIKE
from vecguard.scrub.findings import Finding
from vecguard.scrub.tokens import TOKEN, Mint, kind_of


class Token(Operator):  # type: ignore[misc]  # Presidio is untyped
    """Mint a token for a text with `params["mint"]`, and note in `params["originals"]` what it stands for."""

    def operate(self, text: str, params: dict[str, Any] | None = None) -> str:
        """Return the token. Two spellings of one value share it; the first one in the text is the one noted."""
        params = params or {}
        token: str = params["mint"](params["entity_type"], text)
        if token != text:  # a token of the owner's own that comes back stands for what it stood for
            params["originals"][token] = text  # the engine works from the end of the text, so the first comes last
        return token

    def validate(self, params: dict[str, Any] | None = None) -> None:
        """Refuse to run without a way to mint."""
        if not params or not callable(params.get("mint")):
            raise ValueError("the token operator needs a callable `mint`")

    def operator_name(self) -> str:
        """Return the name by which an operator configuration asks for it."""
        return "token"

    def operator_type(self) -> Any:
        """Return the kind of operator."""
        return OperatorType.Anonymize


def _engine() -> Any:
    engine = AnonymizerEngine()
    engine.add_anonymizer(Token)
    return engine


_ENGINE = _engine()


def tokenised(text: str, findings: Sequence[Finding], mint: Mint) -> tuple[str, dict[str, str]]:
    """Return the text with a token in place of each finding, and the originals by token. Findings are disjoint."""
    originals: dict[str, str] = {}
    minting = OperatorConfig("token", {"mint": mint, "originals": originals})
    results = [RecognizerResult(f.entity, f.start, f.end, f.score) for f in findings]
    # By default the engine glues findings of one type that only spaces part into one (presidio#1925): two people
    # would share a token that neither has anywhere else.
    replaced = _ENGINE.anonymize(text, results, {"DEFAULT": minting}, merge_entities_with_spaces=False)
    return str(replaced.text), originals


def generalised(text: str, findings: Sequence[Finding]) -> str:
    """Return the text with `<PERSON>` and the like in place of findings: the same words for every owner and person.

    A token that was in the text already counts as what it was minted for.
    """
    parts: list[str] = []
    end = 0
    for finding in findings:
        found = text[finding.start : finding.end]
        kind = kind_of(found) if finding.entity == TOKEN_LIKE and TOKEN.fullmatch(found) else finding.entity
        parts += [text[end : finding.start], f"<{kind}>"]
        end = finding.end
    return "".join([*parts, text[end:]])
