"""The frontier: what each setting costs in retrieval, and what it leaves to each attacker, at equal utility."""

from vecguard.frontier.cells import Cells
from vecguard.frontier.corpora import Labelled, cut, read
from vecguard.frontier.effort import FULL, QUICK, USUAL, Effort
from vecguard.frontier.losses import losses
from vecguard.frontier.run import Frontier
from vecguard.frontier.settings import SETTINGS
from vecguard.frontier.subject import Subject
from vecguard.frontier.way import Way

__all__ = [
    "FULL",
    "QUICK",
    "SETTINGS",
    "USUAL",
    "Cells",
    "Effort",
    "Frontier",
    "Labelled",
    "Subject",
    "Way",
    "cut",
    "losses",
    "read",
]
