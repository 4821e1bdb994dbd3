"""The settings that can be compared, by name: the product's own, and what else is done to vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from vecguard.frontier.dial import LENGTHS, Ground
from vecguard.frontier.way import Way
from vecguard.policy import Policy, Scrub, Vectors
from vecguard.protect.mask import Mask
from vecguard.redteam import Bare, Defence, Keyed, baselines
from vecguard.redteam.findings import Skipped
from vecguard.redteam.peers import PEERS, installed

Maker: TypeAlias = Callable[[Ground], Way | Skipped]
_ALLOY_FACTOR = 5**0.5  # the factor in Alloy's own tests
_NOMINAL_EPSILON = 10.0  # for which an article of those that tell people to do this states a loss of 2 %


def _bare(_: Ground) -> Way:
    return Way(name="bare", label="bare", words="Vectors and texts lie there as they are.", defence=Bare())


def _noise(ground: Ground) -> Way | Skipped:
    def way(r: float) -> Way:
        words = f"Normal noise of r={r:g} on documents, the most that search bears within the margin. No key."
        return Way(name="noise", label="noise only", words=words, defence=baselines.NoiseOnly(r), noise=r)

    return _at_equal_utility(ground, "noise", way)


def _rotation(_: Ground) -> Way:
    return Way(
        name="rotation",
        label="rotation only",
        words="A secret rotation of documents and queries. No noise, and nothing is scrubbed.",
        defence=Keyed(Mask(noise=0.0, turned=True), asks=True),
        noise=0.0,
    )


def _store(ground: Ground) -> Way:
    policy = Policy(vectors=Vectors(ranking="store"))
    r = policy.vectors.noise
    words = f"Texts scrubbed; rows rotated and masked, r={r:g}; the store hands over K candidates, ranked exactly here."
    return _of(ground, policy, "store", "store", words)


def _balanced(ground: Ground) -> Way:
    policy = Policy.balanced()
    words = (
        f"Texts scrubbed; rows masked, r={policy.vectors.noise:g}, and ranked in the guard; the store sees no query."
    )
    return _of(ground, policy, "balanced", "balanced", words)


def _unscrubbed(ground: Ground) -> Way:
    words = "As balanced, with texts embedded as they are: what is lost without it is lost by scrubbing."
    return _of(ground, Policy(scrub=Scrub(enabled=False)), "unscrubbed", "balanced, unscrubbed", words)


def _strict(ground: Ground) -> Way:
    words = "As balanced, with all metadata sealed and other owners' rows by rank only: the same for stored vectors."
    return _of(ground, Policy.strict(), "strict", "strict", words)


def _of(ground: Ground, policy: Policy, name: str, label: str, words: str) -> Way:
    return Way.of(policy, name=name, label=label, words=words, rows=len(ground.subject.task.documents))


def _sap(ground: Ground) -> Way | Skipped:
    def way(r: float) -> Way:
        words = f"Scale-and-perturb (SAP-I), beta={4 * r:.3g}, on documents and queries, the most within the margin."
        return Way(name="sap", label="SAP-I", words=words, defence=baselines.ScaleAndPerturb(4 * r), noise=r)

    return _at_equal_utility(ground, "sap", way)


def _projection(ground: Ground) -> Way | Skipped:
    whole = ground.subject.task.documents.shape[1]
    dial = [round(whole * share / 32) for share in range(32, 1, -1)]

    def way(size: float) -> Way:
        words = f"Projected on {size:g} of {whole} directions, the fewest within the margin. Public."
        return Way(name="projection", label="projection", words=words, defence=baselines.Projection(int(size)))

    found = ground.strongest(dial, way) if ground.enough else None
    return found or _none(ground, "projection")


def _laplace(ground: Ground) -> Way:
    laplace = baselines.NominalLaplace(_NOMINAL_EPSILON)
    return Way(
        name="laplace",
        label="Laplace, as written",
        words=f"Laplace noise of scale 2 / epsilon, nominal epsilon {_NOMINAL_EPSILON:g}, truly sqrt(d) times that.",
        defence=laplace,
        noise=laplace.noise(ground.subject.task.documents.shape[1]),
    )


def _int8(ground: Ground) -> Way:
    words = "Each component in 256 levels. No key."
    return Way(name="int8", label="int8", words=words, defence=baselines.Int8.fitted(ground.subject.task.documents))


def _fixed(name: str, label: str, words: str, defence: Defence, noise: float | None, _: Ground) -> Way:
    return Way(name=name, label=label, words=words, defence=defence, noise=noise)


def _leace(ground: Ground) -> Way | Skipped:
    attribute = next(iter(ground.subject.labels), None)
    if attribute is None:
        return Skipped(what="leace", why="no attribute of the texts is known")
    eraser = baselines.Erased.fitted(attribute, ground.subject.task.documents, ground.subject.labels[attribute])
    words = "One attribute erased for linear readers (LEACE). Nothing else is hidden."
    return Way(name="leace", label="LEACE", words=words, defence=eraser)


def _peer(name: str, _: Ground) -> Way | Skipped:
    module, make = PEERS[name]
    if not installed(name):
        return Skipped(what=name, why=f"`{module}` is not installed here")
    return Way(name=name, label=_PEERS[name][0], words=_PEERS[name][1], defence=make(), noise=_PEERS[name][2])


_PEERS: Final[Mapping[str, tuple[str, str, float]]] = {
    "alloy": ("ironcore-alloy", "IronCore's Alloy itself, approximation factor sqrt(5).", _ALLOY_FACTOR / 4),
    "hadamask": ("hadamask", "hadamask's dense keyed rotation.", 0.0),
    "privrag": ("privrag-guard", "privrag-guard as it comes: noise of a tenth, and a keyed rotation.", 0.1),
}


def _at_equal_utility(ground: Ground, name: str, way: Callable[[float], Way]) -> Way | Skipped:
    found = ground.strongest(LENGTHS, way) if ground.enough else None
    return found or _none(ground, name)


def _none(ground: Ground, name: str) -> Skipped:
    if not ground.enough:
        return Skipped(what=name, why=f"{len(ground.calibration)} queries are too few to find it by")
    return Skipped(what=name, why="not even the weakest setting stays within the margin")


USUAL: Final = ("bare", "noise", "rotation", "store", "balanced", "strict")
"""What is compared by default."""

SETTINGS: Final[Mapping[str, Maker]] = MappingProxyType(
    {
        "bare": _bare,
        "noise": _noise,
        "rotation": _rotation,
        "store": _store,
        "balanced": _balanced,
        "strict": _strict,
        "unscrubbed": _unscrubbed,
        "sap": _sap,
        "alloy-scheme": partial(
            _fixed,
            "alloy-scheme",
            "SAP, shuffled",
            f"Components shuffled, then scale-and-perturb with beta={_ALLOY_FACTOR:.3f}: the scheme of Alloy.",
            baselines.ScaleAndPerturb(_ALLOY_FACTOR, shuffled=True),
            _ALLOY_FACTOR / 4,
        ),
        "permutation": partial(
            _fixed, "permutation", "permutation", "Components in a secret order.", baselines.Permutation(), 0.0
        ),
        "laplace": _laplace,
        "int8": _int8,
        "binary": partial(_fixed, "binary", "binary", "Signs of the components. No key.", baselines.Binary(), None),
        "projection": _projection,
        "constant": partial(
            _fixed, "constant", "constant in dim 0", "One component overwritten. No key.", baselines.Constant(), None
        ),
        "scaled": partial(_fixed, "scaled", "x -> -2.6 x", "All components times -2.6.", baselines.Scaled(), None),
        "leace": _leace,
        **{name: partial(_peer, name) for name in PEERS},
    }
)
"""Every setting by name."""
