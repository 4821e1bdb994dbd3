"""The scrubber: texts in, scrubbed texts and the originals for the vault out, or `ScrubFailed` and nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from presidio_anonymizer.operators import Operator

from vecguard.errors import PolicyError, ScrubFailed, shielded
from vecguard.frameless import frameless_class
from vecguard.scrub.detect import Detector
from vecguard.scrub.entities import DENIED, ENTITIES, TOKEN_LIKE
from vecguard.scrub.fields import FieldWalker, Leaf, leaves_of
from vecguard.scrub.findings import Finding
from vecguard.scrub.operators import EmbeddedForm, Operators
from vecguard.scrub.recognisers import Recogniser, stock
from vecguard.scrub.settings import ScrubSettings
from vecguard.scrub.tokens import Mint

_ENTITY = re.compile(r"[A-Z][A-Z0-9_]*")  # what a token can carry as its type
_NONE: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ScrubbedText:
    """One text after scrubbing. Its repr shows counts and no content."""

    stored: str = field(repr=False)  # what the store may hold
    embedded: str = field(repr=False)  # what the embedder sees, by the policy's `embed`
    kinds: str = field(repr=False)  # `<PERSON>` per finding: the same for every owner and every person
    changed: bool
    originals: tuple[tuple[str, str], ...] = field(repr=False)  # (token, original), each token once: for the vault
    entities: Mapping[str, int]  # findings by type


@dataclass(frozen=True, slots=True)
class ScrubbedFields:
    """One record's fields after scrubbing."""

    fields: dict[str, object] = field(repr=False)
    originals: tuple[tuple[str, str], ...] = field(repr=False)
    changed: bool


@frameless_class
class PresidioScrubber:
    """Scrubs texts and fields by a policy. Safe to share between threads; the model loads with the first text.

    `recognisers` are Presidio recognisers of the caller's own (a company's account numbers); their entity types join
    `ENTITIES` and have to be listed in the settings like any other. `operators` are subclasses of presidio-anonymizer's
    `Operator`; a policy asks for them by their name.
    """

    def __init__(
        self,
        settings: ScrubSettings,
        recognisers: Sequence[Recogniser] = (),
        operators: Sequence[type[Operator]] = (),
    ) -> None:
        _require_known(settings, recognisers)
        chosen = dict(settings.operators)
        default = chosen.pop("DEFAULT", "token")
        self._enabled = settings.enabled
        self._embed: EmbeddedForm = settings.embed
        self._operators = Operators(chosen, default=default, own=operators)
        self._detector = Detector(settings, recognisers)

    def scrub(self, texts: Sequence[str], mint: Mint | None) -> list[ScrubbedText]:
        """Scrub texts under the key that `mint` holds, or for nobody: then only `kinds` of findings are left.

        One text that fails fails the call.
        """
        found = self.find([Leaf("text", "", text) for text in texts])
        return [self._text(at, text, found[at], mint) for at, text in enumerate(texts)]

    def _text(self, at: int, text: str, found: list[Finding], mint: Mint | None) -> ScrubbedText:
        return shielded(
            lambda name: ScrubFailed(f"text {at}: an operator raised {name}; nothing was written"),
            lambda: self._rendered(text, found, mint),
        )

    def scrub_fields(self, records: Sequence[Mapping[str, object]], mint: Mint) -> list[ScrubbedFields]:
        """Scrub every leaf of nested fields, names included, of any number of records."""
        return shielded(
            lambda name: ScrubFailed(f"the fields could not be scrubbed ({name}); nothing was written"),
            lambda: self._fields(records, mint),
        )

    def _fields(self, records: Sequence[Mapping[str, object]], mint: Mint) -> list[ScrubbedFields]:
        leaves = list(dict.fromkeys(leaf for fields in records for leaf in leaves_of(fields)))  # values repeat
        findings = self.find(leaves, "field value")
        rendered = {
            leaf: self._rendered(leaf.text, found, mint) for leaf, found in zip(leaves, findings, strict=True) if found
        }
        return [_rebuilt(fields, rendered) for fields in records]

    def find(self, leaves: Sequence[Leaf], what: str = "text") -> list[list[Finding]]:
        """Find personal data in texts and in what fields hold, without changing anything.

        A value is read with its field's name in front; findings are by place in the value. Errors call a leaf `what`.
        """
        if not self._enabled:
            return [[] for _ in leaves]
        found: dict[Leaf, list[Finding]] = {}
        for named in (True, False):
            asked = [leaf for leaf in leaves if _named(leaf) is named]
            prefixes = [f"{leaf.label}: " if leaf.label and leaf.text.strip() else "" for leaf in asked]
            texts = [prefix + leaf.text for prefix, leaf in zip(prefixes, asked, strict=True)]
            findings = self._detector.find_all(texts, named=named, what=what)
            for leaf, prefix, each in zip(asked, prefixes, findings, strict=True):
                found[leaf] = _shifted(each, len(prefix))
        return [_whole(leaf, found.get(leaf, [])) for leaf in leaves]

    def _rendered(self, text: str, findings: Sequence[Finding], mint: Mint | None) -> ScrubbedText:
        if not findings:
            return ScrubbedText(text, text, text, changed=False, originals=(), entities=_NONE)
        kinds = self._operators.embedded(text, findings, _nobody, "kind")
        stored, originals = (kinds, {}) if mint is None else self._operators.stored(text, findings, mint)
        form: EmbeddedForm = "kind" if mint is None else self._embed
        return ScrubbedText(
            stored,
            kinds if mint is None or form == "kind" else self._operators.embedded(text, findings, mint, form),
            kinds,
            changed=stored != text,
            originals=tuple(originals.items()),
            entities=MappingProxyType(Counter(finding.entity for finding in findings)),
        )


def _nobody(entity: str, original: str) -> str:  # noqa: ARG001 - a mint's signature
    return f"<{entity}>"


def _rebuilt(fields: Mapping[str, object], rendered: Mapping[Leaf, ScrubbedText]) -> ScrubbedFields:
    originals: dict[str, str] = {}
    changed = False

    def change(leaf: Leaf) -> str:
        nonlocal changed
        if (scrubbed := rendered.get(leaf)) is None:
            return leaf.text
        changed = changed or scrubbed.changed
        originals.update(scrubbed.originals)
        return scrubbed.stored

    return ScrubbedFields(FieldWalker(change).mapping(fields), tuple(originals.items()), changed)


def _named(leaf: Leaf) -> bool:
    """Whether the model reads a leaf. It reads prose; a name like `ward_no` is an identifier, and a number is none."""
    return leaf.kind == "text" or (leaf.kind == "name" and any(map(str.isspace, leaf.text)))


def _shifted(found: list[Finding], shift: int) -> list[Finding]:
    """Bring findings in "ssn: 123456789" back to "123456789"."""
    if not shift:
        return found
    return [
        Finding(max(each.start - shift, 0), each.end - shift, each.entity, each.score, each.rule)
        for each in found
        if each.end > shift
    ]


def _whole(leaf: Leaf, found: list[Finding]) -> list[Finding]:
    """Take a number or a date as a whole: a part of a number is another number, and a day of birth has its hour."""
    if leaf.kind != "value":
        return found
    enough = min(len(leaf.text), 10)  # the day of a date and time
    return [replace(each, end=len(leaf.text)) for each in found if each.start == 0 and each.end >= enough]


def _require_known(settings: ScrubSettings, recognisers: Sequence[Recogniser]) -> None:
    """Refuse types that nothing would look for: Presidio logs a warning and lets them through."""
    ours = ENTITIES if settings.language == "en" else frozenset()
    added = [each.supported_entities for each in recognisers if each.supported_language == settings.language]
    offered = ours.union(stock.offered(), *added)
    asked = {*settings.entities, *settings.thresholds, *settings.operators} - {"DEFAULT"}
    unknown = sorted(asked - offered - {DENIED, TOKEN_LIKE})
    if unknown:
        raise PolicyError(f"nothing here finds {', '.join(unknown)} in language {settings.language!r}")
    if not all(_ENTITY.fullmatch(entity) for entity in settings.entities):
        raise PolicyError("entity types are written in capitals, digits and underscores")
