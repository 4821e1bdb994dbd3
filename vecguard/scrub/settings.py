"""What a scrubber needs to be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

DEFAULT_THRESHOLD = 0.5


class ScrubSettings(Protocol):
    """The part of a policy that scrubbing reads. Any frozen object with these fields will do."""

    @property
    def enabled(self) -> bool:
        """False passes every text through as it is; then nothing is minted and nothing may be restored."""
        ...

    @property
    def entities(self) -> tuple[str, ...]:
        """Types to look for: those of `vecguard.scrub.entities` and of recognisers that the caller adds."""
        ...

    @property
    def threshold(self) -> float:
        """Findings with a lower score are dropped; scores run from 0 to 1."""
        ...

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Thresholds of single types, where they differ from `threshold`."""
        ...

    @property
    def model(self) -> str:
        """What reads names: "vecguard" (shipped), "none", "spacy:NAME", "gliner:NAME" or "transformers:NAME"."""
        ...

    @property
    def operators(self) -> Mapping[str, str]:
        """What happens to findings of a type, by the operator's name; "DEFAULT" stands for all other types."""
        ...

    @property
    def embed(self) -> Literal["kind", "token", "surrogate"]:
        """What the embedder sees in a finding's place: `<PERSON>`, the owner's token, or a fake name per owner."""
        ...

    @property
    def allow(self) -> tuple[str, ...]:
        """Phrases that are never personal data: a finding within one of them is dropped."""
        ...

    @property
    def deny(self) -> tuple[str, ...]:
        """Phrases that always are, whatever surrounds them; they win over `allow`."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of the texts' language; `en` is the one that recognisers are shipped for."""
        ...

    @property
    def max_chars(self) -> int:
        """Longest piece in characters that the detector gets at once; more than 4,000 means 4,000."""
        ...

    @property
    def deadline_s(self) -> float:
        """Seconds that one text may take before it is refused."""
        ...
