"""Named presets in words: what a policy costs and what it buys. The presets themselves are `Policy`'s class methods."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vecguard.policy import Policy


def explain(policy: Policy) -> str:
    """Say what every part of a policy does, what it costs, and what it does not do."""
    return "\n".join((_scrub(policy), _vectors(policy), _texts(policy), _reads(policy), _restore(policy)))


def _scrub(policy: Policy) -> str:
    scrub = policy.scrub
    if not scrub.enabled:
        return "Scrubbing: off. Texts, fields and vectors hold whatever personal data the caller wrote."
    default = scrub.operators.get("DEFAULT", "token")
    others = ", ".join(f"{entity}: {name}" for entity, name in sorted(scrub.operators.items()) if entity != "DEFAULT")
    deed = _DEEDS.get(default, f"by the operator {default}")
    names = "none: names are found by lists and titles only" if scrub.model == "none" else scrub.model
    return (
        f"Scrubbing: {len(scrub.entities)} kinds of personal data are replaced before embedding ({deed}"
        f"{'; ' + others if others else ''}). Model for names: {names}. The embedder sees {_SEEN[scrub.embed]}. "
        "What the detector misses stays in text and vector."
    )


_DEEDS = {
    "token": "by per-owner tokens that can be restored",
    "surrogate": "by fakes of the same kind, for good",
    "redact": "by nothing, for good",
    "mask": "by asterisks, for good",
    "generalise": "by years, regions and kinds, for good",
    "keep": "NOT AT ALL: found and kept",
}
_SEEN = {
    "kind": "kinds such as <PERSON>, the same for everybody",
    "token": "the owner's tokens",
    "surrogate": "fake names, the same for one person of one owner",
}


def _vectors(policy: Policy) -> str:
    vectors = policy.vectors
    if not vectors.mask:
        return "Vectors: stored exactly as they are. Whoever reads the store can invert them."
    r = vectors.noise
    cosine = 1.0 / sqrt(1.0 + r * r)
    if vectors.ranking == "guard":
        return (
            f"Vectors: keyed noise {r:g} times the vector; stored cosine to the exact one about {cosine:.3f}. Ranked "
            "here, on all of an owner's rows: exact, and the store never sees a query. Costs a read of the owner's "
            "rows per search. Without the keys the noise is computationally all there is; with them it comes off."
        )
    return (
        f"Vectors: keyed rotation and noise of relative length r={r:g}. The store ranks masked vectors and hands over "
        f"K={vectors.over_fetch} candidates or more, ranked exactly here. Without the keys and without known pairs the "
        f"basis is unknown. Whoever learns the rotation (some d/3 known texts or queries) is left with cosine "
        f"{cosine:.2f} to the exact vectors. As differential privacy this is vacuous."
    )


def _texts(policy: Policy) -> str:
    texts = "sealed" if policy.texts == "sealed" else "CLEAR: beside its vector, each is a known pair for a thief"
    fields = {
        "short": f"numbers and strings up to {policy.metadata.clear_chars} characters stay clear after scrubbing",
        "none": "all sealed; filters are evaluated here",
        "all": "ALL CLEAR",
    }[policy.metadata.clear]
    return f"Texts: {texts}. Metadata: {fields}. Row counts, sizes and access pattern show."


def _reads(policy: Policy) -> str:
    vectors = "withheld with a warning" if policy.reads.vectors == "withhold" else "refused with an error"
    return (
        f"Reads: own rows only, scores {policy.reads.own}, at most {policy.reads.max_results} results; vectors are "
        f"{vectors}; rows that do not authenticate are {'dropped' if policy.tampered == 'drop' else 'an error'}."
    )


def _restore(policy: Policy) -> str:
    if policy.restore == "never":
        return "Originals: never returned."
    return "Originals: returned to principals with pii:restore, for their own owner, audited."
