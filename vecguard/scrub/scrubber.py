"""The scrubber: texts in, scrubbed texts and the originals for the vault out, or `ScrubFailed` and nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from vecguard.errors import PolicyError, ScrubFailed, shielded
from vecguard.scrub.detect import Detector
from vecguard.scrub.entities import ENTITIES
from vecguard.scrub.fields import FieldWalker
from vecguard.scrub.findings import Finding
from vecguard.scrub.operators import generalised, tokenised
from vecguard.scrub.recognisers import Recogniser
from vecguard.scrub.settings import ScrubSettings
from vecguard.scrub.tokens import Mint

_ENTITY = re.compile(r"[A-Z][A-Z0-9_]*")  # what a token can carry as its type
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ScrubbedText:
    """One text after scrubbing. Its repr shows counts and no content."""

    stored: str = field(repr=False)  # a keyed token per finding: what the store may hold
    embedded: str = field(repr=False)  # `<PERSON>` per finding, the same for every owner: what the embedder sees
    changed: bool
    originals: tuple[tuple[str, str], ...] = field(repr=False)  # (token, original), each token once: for the vault
    entities: Mapping[str, int]  # findings by type


class PresidioScrubber:
    """Scrubs texts and fields by a policy. Safe to share between threads; the engine loads with the first text.

    `recognisers` are Presidio recognisers of the caller's own: a trained model, a company's account numbers. Their
    entity types join `ENTITIES` and have to be listed in the settings like any other.
    """

    def __init__(self, settings: ScrubSettings, recognisers: Sequence[Recogniser] = ()) -> None:
        _require_known(settings, recognisers)
        self._enabled = settings.enabled
        self._detector = Detector(settings, recognisers)

    def scrub(self, texts: Sequence[str], mint: Mint) -> list[ScrubbedText]:
        """Scrub each text under the key that `mint` holds. One that fails fails the call."""
        return [self._guarded(f"text {position}", text, "", mint) for position, text in enumerate(texts)]

    def scrub_fields(
        self, fields: Mapping[str, object], mint: Mint
    ) -> tuple[dict[str, object], tuple[tuple[str, str], ...], bool]:
        """Scrub every string in nested fields, keys included; return (fields, originals, whether anything changed)."""
        originals: dict[str, str] = {}
        changed = False

        def leaf(label: str, text: str) -> str:
            nonlocal changed
            scrubbed = self._guarded("a field", text, label, mint)
            changed = changed or scrubbed.changed
            originals.update(scrubbed.originals)
            return scrubbed.stored

        rebuilt = shielded(
            lambda name: ScrubFailed(f"the fields could not be read ({name}); nothing was written"),
            lambda: FieldWalker(leaf).mapping(fields),
        )
        return rebuilt, tuple(originals.items()), changed

    def _guarded(self, where: str, text: str, label: str, mint: Mint) -> ScrubbedText:
        if not self._enabled or not text or text.isspace():
            return ScrubbedText(text, text, changed=False, originals=(), entities=_NONE)
        return shielded(
            lambda name: ScrubFailed(f"{where}: the detector did not finish ({name}); nothing was written"),
            lambda: self._one(text, label, mint),
        )

    def _one(self, text: str, label: str, mint: Mint) -> ScrubbedText:
        findings = self._found(text, label)
        if not findings:
            return ScrubbedText(text, text, changed=False, originals=(), entities=_NONE)
        stored, originals = tokenised(text, findings, mint)
        return ScrubbedText(
            stored,
            generalised(text, findings),
            changed=stored != text,
            originals=tuple(originals.items()),
            entities=MappingProxyType(Counter(finding.entity for finding in findings)),
        )

    def _found(self, text: str, label: str) -> list[Finding]:
        """Find in "ssn: 123456789" what "123456789" alone does not show, and return it by its place in the text."""
        if not label:
            return self._detector.find(text)
        prefix = f"{label}: "
        shift = len(prefix)
        found = (f for f in self._detector.find(prefix + text) if f.end > shift)
        return [Finding(max(f.start - shift, 0), f.end - shift, f.entity, f.score) for f in found]


def _require_known(settings: ScrubSettings, recognisers: Sequence[Recogniser]) -> None:
    """Refuse types that nothing would look for: Presidio logs a warning and lets them through."""
    ours = ENTITIES if settings.language == "en" else frozenset()
    offered = ours.union(*(r.supported_entities for r in recognisers if r.supported_language == settings.language))
    unknown = sorted(set(settings.entities) - offered)
    if unknown:
        raise PolicyError(f"nothing here finds {', '.join(unknown)} in language {settings.language!r}")
    if not all(_ENTITY.fullmatch(entity) for entity in settings.entities):
        raise PolicyError("entity types are written in capitals, digits and underscores")
