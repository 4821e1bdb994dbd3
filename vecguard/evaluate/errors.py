"""What can go wrong while measuring.

    VecGuardError
    ├── BadCorpus (ValueError)   a corpus is missing, incomplete or not in BEIR layout
    └── CacheUnusable            the embedding cache cannot be opened, or holds something else than it should

Messages name files, lines and columns; never a text, an id or a vector.
"""

from __future__ import annotations

from vecguard.errors import VecGuardError


class BadCorpus(VecGuardError, ValueError):
    """A corpus is missing, incomplete or not in BEIR layout."""


class CacheUnusable(VecGuardError):
    """The embedding cache cannot be opened, or holds something else than it should. Deleting its file is safe."""
