"""Attacks on what lies on a shelf. An attack counts only where it is shown to be strong on undefended vectors first.

`survey` runs them all on one defence; each alone is an `Attack`, tried by `trial`. Torch and scipy are imported by the
attacks that need them, when they run.
"""

from vecguard.redteam.attack import Attack, Attacker, Hidden, Knowledge, Pairs, Result, Score, Stolen, trial
from vecguard.redteam.averaging import Averaging
from vecguard.redteam.bag_of_words import BagOfWords
from vecguard.redteam.defence import Bare, Defence, Key, Keyed
from vecguard.redteam.dictionary import Dictionary
from vecguard.redteam.gram import Gram
from vecguard.redteam.known_pairs import Curve, KnownPairs, curve
from vecguard.redteam.survey import ATTACKS, AttackName, survey
from vecguard.redteam.tampering import Tampering
from vecguard.redteam.tenant import Tenant

__all__ = [
    "ATTACKS",
    "Attack",
    "AttackName",
    "Attacker",
    "Averaging",
    "BagOfWords",
    "Bare",
    "Curve",
    "Defence",
    "Dictionary",
    "Gram",
    "Hidden",
    "Key",
    "Keyed",
    "Knowledge",
    "KnownPairs",
    "Pairs",
    "Result",
    "Score",
    "Stolen",
    "Tampering",
    "Tenant",
    "curve",
    "survey",
    "trial",
]
