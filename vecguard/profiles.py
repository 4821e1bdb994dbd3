"""Named presets in words: what a policy costs and what it buys. The presets themselves are `Policy`'s class methods."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

from vecguard.protect.over_fetch import over_fetch

if TYPE_CHECKING:
    from vecguard.policy import Policy


def explain(policy: Policy) -> str:
    """Say what every part of a policy does, what it costs, and what it does not do."""
    return "\n".join(
        (_scrub(policy), _vectors(policy), _texts(policy), _reads(policy), _restore(policy), _kept(policy))
    )


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
    if vectors.non_recoverable:
        return _non_recoverable(policy)
    r = vectors.noise
    cosine = 1.0 / sqrt(1.0 + r * r)
    if vectors.ranking == "guard":
        return (
            f"Vectors: keyed noise {r:g} times the vector; stored cosine to the exact one about {cosine:.3f}. Ranked "
            "here, on all of an owner's rows, exactly; the store never sees a query. Costs a read of the owner's rows "
            f"once per process and up to {vectors.cache_mb} MiB to keep them. Without the keys the noise is "
            "computationally all there is; with them it comes off."
        )
    return (
        f"Vectors: keyed rotation ({_TURNED[vectors.rotation]}) and noise of relative length r={r:g}. The store ranks "
        f"masked vectors and hands over {_candidates(policy)} candidates, ranked exactly here. Without the keys and "
        f"without known pairs the basis is unknown. Whoever learns the rotation (from some d/3 known texts or queries, "
        f"or from the shape of some thousand rows and other texts of the kind) is left with cosine {cosine:.2f} to the "
        "exact vectors, and more with texts of that kind to filter by (measured: "
        "0.83 at r=1, 0.75 at r=1.5). As differential privacy this is vacuous."
    )


_TURNED = {"collection": "one for the collection", "owner": "one for each owner"}


def _candidates(policy: Policy) -> str:
    fixed = policy.vectors.over_fetch
    if fixed is not None:
        return f"K={fixed}"
    examples = ", ".join(f"{over_fetch(rows, 10, policy.vectors.noise):,} of {rows:,}" for rows in (1_000, 10_000))
    return f"K by rule ({examples})"


def _non_recoverable(policy: Policy) -> str:
    from vecguard.protect.accounting import statement  # noqa: PLC0415 - scipy, which only this policy needs
    from vecguard.protect.irreversible import dialled  # noqa: PLC0415 - as above

    vectors = policy.vectors
    name = vectors.mechanism or "gaussian"
    figures = " ".join(
        f"At {dimension} dimensions: "
        f"{statement(dialled(name, vectors.noise, dimension).guarantee(dimension), mechanism=name, search_loss=None)}."
        for dimension in _DIMENSIONS
    )
    cosine = 1.0 / sqrt(1.0 + vectors.noise**2)
    return (
        f"Vectors: noise of relative length r={vectors.noise:g} ({name}), drawn once from the operating system and "
        f"kept by nobody; expected cosine to the exact vector {cosine:.3f}. Nobody can take it off, this guard "
        "included: order and scores are of the noisy vector, wherever they are computed. The store sees it in a keyed "
        f"rotation, and at length 1: lengths are not kept. {figures} That is for one draw. The same content under the "
        "same id keeps its vector; other content, another id, and a record deleted and inserted again draw afresh, and "
        f"draws of one text compose: m of them to {_COMPOSED[name]}, and their mean has noise of about r / sqrt(m). "
        "`vecguard.protect.search_loss` estimates the search loss on your own vectors. Whoever holds the keys can open "
        "the sealed text, or confirm a "
        "guess of it."
    )


_DIMENSIONS = (384, 1536)  # a policy does not know the embedder; these are common ones
_COMPOSED = {
    "gaussian": "sqrt(m) times mu",
    "laplace": "m times epsilon, still at delta = 0",
    "metric": "m times epsilon, still at delta = 0",
    "purkayastha": "m times epsilon, still at delta = 0",
}


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
        f"Reads: own rows, scores {policy.reads.own}, at most {policy.reads.max_results} results; vectors are "
        f"{vectors}; rows that do not authenticate are {'dropped' if policy.tampered == 'drop' else 'an error'}. "
        f"{_shared(policy)}"
    )


def _shared(policy: Policy) -> str:
    if policy.reads.shared == "nothing":
        return "Rows of others: never, whatever the rules say."
    shared = f"Rows of others, if rules share them: {_SHOWN[policy.reads.shared]}"
    if policy.blur == 0:
        return f"{shared}, NOT BLURRED: whoever asks often enough has the exact vector."
    cosine = 1.0 / sqrt(1.0 + policy.blur**2)
    return (
        f"{shared}, all from one copy of the vector with noise {policy.blur:g} times its length, the same for every "
        f"reader. However long they ask they find that copy, of cosine {cosine:.2f} to the exact vector, and more if "
        "they know what such texts look like. It costs the reader search quality."
    )


_SHOWN = {
    "exact": "scores to the last digit",
    "rounded": "scores to hundredths",
    "bucketed": "scores to tenths",
    "rank": "order and no scores",
    "hidden": "neither scores nor order",
}


def _restore(policy: Policy) -> str:
    if policy.restore == "never":
        return "Originals: never returned."
    return "Originals: returned to principals with pii:restore, for their own owner, audited."


def _kept(policy: Policy) -> str:
    days, field = policy.retention.days, policy.retention.field
    kept = "Records: kept for ever" if days is None else f"Records: kept {days:g} days from when they are written"
    own = "" if field is None else f", or until their field {field!r} says; it is stored as it comes"
    return f"{kept}{own}, less where an owner's retention is shorter. Expired ones are invisible; a purge erases them."
