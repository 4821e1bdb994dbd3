"""A scrubber with the shipped defaults, and a settings object to vary them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest

from vecguard.scrub import DEFAULT_ENTITIES, DEFAULT_THRESHOLD, Mint, mint_token
from vecguard.scrub.scrubber import PresidioScrubber

OWNER_KEY = b"alice" * 8


@dataclass(frozen=True)
class Settings:
    enabled: bool = True
    entities: tuple[str, ...] = DEFAULT_ENTITIES
    threshold: float = DEFAULT_THRESHOLD
    thresholds: Mapping[str, float] = field(default_factory=dict)
    model: str = "none"
    operators: Mapping[str, str] = field(default_factory=dict)
    embed: Literal["kind", "token", "surrogate"] = "kind"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    language: str = "en"
    max_chars: int = 4_000
    deadline_s: float = 30.0


@pytest.fixture(scope="session")
def settings() -> Callable[..., Settings]:
    return Settings


@pytest.fixture(scope="session")
def scrubber() -> PresidioScrubber:
    return PresidioScrubber(Settings())


@pytest.fixture(scope="session")
def mint() -> Mint:
    return lambda entity, original: mint_token(OWNER_KEY, entity, original)
