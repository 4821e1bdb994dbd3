"""Find personal data in texts and fields and put keyed tokens, or what a policy says, in its place, before embedding.

    text -> readings (folded, decoded) -> model and patterns -> merge overlaps -> an operator per finding

Everything here is offline and fails closed: a detector that raises or runs out of time is `ScrubFailed`, and nothing
that it was given goes any further. Text that was scrubbed once is never scrubbed again: our own tokens would then be
taken for a user's token-shaped text and wrapped in a second layer. The caller sees to that.

The scrubber itself is in `vecguard.scrub.scrubber`: importing it imports Presidio, which takes seconds and, where they
are installed, pulls in transformers and torch. What is named here is light.
"""

from vecguard.scrub.entities import DEFAULT_ENTITIES, ENTITIES
from vecguard.scrub.findings import Finding
from vecguard.scrub.settings import DEFAULT_THRESHOLD, ScrubSettings
from vecguard.scrub.tokens import TOKEN, Mint, mint_token, restore, tokens_in

__all__ = [
    "DEFAULT_ENTITIES",
    "DEFAULT_THRESHOLD",
    "ENTITIES",
    "TOKEN",
    "Finding",
    "Mint",
    "ScrubSettings",
    "mint_token",
    "restore",
    "tokens_in",
]
