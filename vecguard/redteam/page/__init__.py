"""The report of the red team as one HTML page: nothing is loaded from elsewhere, and it reads without a script."""

from vecguard.redteam.page._document import page

__all__ = ["page"]
