"""What the guard remembers: wrapped keys, the vault, intents, the audit chain, which collections are its own."""

from vecguard.state.state import State

__all__ = ["State"]
