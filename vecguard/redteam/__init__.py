"""Attacks on what lies on a shelf. An attack counts only where it is shown to be strong on undefended vectors first.

`survey` runs them all on one defence; each alone is an `Attack`, tried by `trial`. Torch and scipy are imported by the
attacks that need them, when they run.

Two attacks are not on a shelf and are imported by their modules: `dp_audit`, on what a mechanism states, and
`adapter_gradients`, on what a federated training shares.
"""

from vecguard.redteam.attack import (
    Attack,
    Attacker,
    Encode,
    Hidden,
    Knowledge,
    Labels,
    Pairs,
    Result,
    Score,
    Stolen,
    Telling,
    Tried,
    trial,
    tried,
)
from vecguard.redteam.attributes import Attributes
from vecguard.redteam.averaging import Averaging
from vecguard.redteam.bag_of_words import BagOfWords
from vecguard.redteam.decoder import Sentences
from vecguard.redteam.defence import Bare, Defence, Key, Keyed
from vecguard.redteam.dictionary import Dictionary
from vecguard.redteam.few_shot import FewShot, Trained
from vecguard.redteam.gradient import Gradient
from vecguard.redteam.gram import Gram
from vecguard.redteam.inverter import Invert, Pretrained, vec2text
from vecguard.redteam.known_pairs import Curve, KnownPairs, curve
from vecguard.redteam.membership import Membership
from vecguard.redteam.plans import PLANS, Plan, Planned
from vecguard.redteam.scene import Material, Part, Scene
from vecguard.redteam.search import Search
from vecguard.redteam.slots import Slots
from vecguard.redteam.survey import ATTACKS, AttackName, attacked, survey
from vecguard.redteam.tampering import Tampering
from vecguard.redteam.tenant import Tenant
from vecguard.redteam.thief import Thief

__all__ = [
    "ATTACKS",
    "PLANS",
    "Attack",
    "AttackName",
    "Attacker",
    "Attributes",
    "Averaging",
    "BagOfWords",
    "Bare",
    "Curve",
    "Defence",
    "Dictionary",
    "Encode",
    "FewShot",
    "Gradient",
    "Gram",
    "Hidden",
    "Invert",
    "Key",
    "Keyed",
    "Knowledge",
    "KnownPairs",
    "Labels",
    "Material",
    "Membership",
    "Pairs",
    "Part",
    "Plan",
    "Planned",
    "Pretrained",
    "Result",
    "Scene",
    "Score",
    "Search",
    "Sentences",
    "Slots",
    "Stolen",
    "Tampering",
    "Telling",
    "Tenant",
    "Thief",
    "Trained",
    "Tried",
    "attacked",
    "curve",
    "survey",
    "trial",
    "tried",
    "vec2text",
]
