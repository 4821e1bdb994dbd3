"""Which mechanism a policy asks for."""

from __future__ import annotations

from vecguard.policy import Vectors
from vecguard.ports import Protector
from vecguard.protect.mask import Mask, Unmasked


def mechanism(settings: Vectors) -> Protector:
    """Return the mechanism that a policy asks for. Ranking in the guard needs no rotation: nothing else ranks."""
    if not settings.mask:
        return Unmasked()
    own = settings.rotation == "owner"
    if settings.non_recoverable:
        from vecguard.protect.irreversible import Irreversible  # noqa: PLC0415 - scipy, which nothing else here needs

        return Irreversible(noise=settings.noise, name=settings.mechanism or "gaussian", own_rotation=own)
    return Mask(
        noise=settings.noise, turned=settings.ranking == "store", own_rotation=own, query_noise=settings.query_noise
    )
