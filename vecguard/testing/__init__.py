"""What tests of a guarded application need: an embedder without a model, and an in-memory store."""

from vecguard.testing.embedder import word_hash
from vecguard.testing.memory import MemoryStore

__all__ = ["MemoryStore", "word_hash"]
