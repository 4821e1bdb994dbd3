"""Which mechanism a policy asks for."""

from __future__ import annotations

from vecguard.policy import Vectors
from vecguard.ports import Protector
from vecguard.protect.mask import Mask, Unmasked


def mechanism(settings: Vectors) -> Protector:
    """Return the mechanism that a policy asks for. Ranking in the guard needs no rotation: nothing else ranks."""
    if not settings.mask:
        return Unmasked()
    return Mask(noise=settings.noise, turned=settings.ranking == "store")
