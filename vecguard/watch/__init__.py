"""Watching reads: what may be asked, before it is answered."""

from vecguard.watch.limits import Limits

__all__ = ["Limits"]
