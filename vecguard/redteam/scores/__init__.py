"""Attacks on answers: what a reader of others' rows learns of their vectors from scores, order, thresholds and limits.

    Probes -> Oracle -> Reading (what answers say of q . x') -> least squares, or a prior's posterior mean -> estimates

`attempt` runs one, `strongest` all that a policy leaves. Without blur each reaches the exact vector; with it, all that
they can reach is what `most_from_view` has.
"""

from vecguard.redteam.scores.attack import ScoreAttack, ScoreAttacker, attempt, mean_cosine, most_from_view
from vecguard.redteam.scores.bisection import Limits, Thresholds
from vecguard.redteam.scores.guarded import GuardedRows
from vecguard.redteam.scores.ladders import Ladders
from vecguard.redteam.scores.oracle import Answers, Oracle
from vecguard.redteam.scores.order import AmongOwnRows, AmongTargets
from vecguard.redteam.scores.prior import Prior
from vecguard.redteam.scores.probes import Probes
from vecguard.redteam.scores.readings import Reading, Readings, least_squares
from vecguard.redteam.scores.shared import Budget, SharedRows, View, Visit, blurred_for_good
from vecguard.redteam.scores.strongest import Strongest, cosine, strongest
from vecguard.redteam.scores.triangulation import ShownScores

__all__ = [
    "AmongOwnRows",
    "AmongTargets",
    "Answers",
    "Budget",
    "GuardedRows",
    "Ladders",
    "Limits",
    "Oracle",
    "Prior",
    "Probes",
    "Reading",
    "Readings",
    "ScoreAttack",
    "ScoreAttacker",
    "SharedRows",
    "ShownScores",
    "Strongest",
    "Thresholds",
    "View",
    "Visit",
    "attempt",
    "blurred_for_good",
    "cosine",
    "least_squares",
    "mean_cosine",
    "most_from_view",
    "strongest",
]
