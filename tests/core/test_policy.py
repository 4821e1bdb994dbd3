"""Policies and configuration: strict, closed, silent about values, and never weaker than what was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import Budgets, Guard, Keyring, Metadata, Policy, PolicyError, Reads, Retention, Scrub, Vectors
from vecguard.policy import Part
from vecguard.ports import Traits
from vecguard.testing import word_hash

EMBED = word_hash(8)  # named by TOML files below

BAD: list[tuple[type[Part], dict[str, Any]]] = [
    (Policy, {"enfroce": True}),
    (Policy, {"texts": "open"}),
    (Policy, {"texts": None}),
    (Policy, {"restore": True}),
    (Policy, {"vectors": {"nois": 1.0}}),
    (Policy, {"vectors": "masked"}),
    (Policy, {"unscrubbed_vectors": "permit"}),
    (Policy, {"tampered": "ignore"}),
    (Scrub, {"enabled": "false"}),
    (Scrub, {"enabled": 0}),
    (Scrub, {"enabled": None}),
    (Scrub, {"entities": "PERSON"}),
    (Scrub, {"entities": ["PERSON"]}),
    (Scrub, {"entities": (1,)}),
    (Scrub, {"threshold": 1.5}),
    (Scrub, {"threshold": "0.5"}),
    (Scrub, {"deadline_s": 0}),
    (Scrub, {"max_chars": 10**9}),
    (Vectors, {"noise": -1.0}),
    (Vectors, {"noise": float("nan")}),
    (Vectors, {"noise": float("inf")}),
    (Vectors, {"noise": "1"}),
    (Vectors, {"noise": True}),
    (Vectors, {"mask": "true"}),
    (Vectors, {"mask": 1}),
    (Vectors, {"ranking": "both"}),
    (Vectors, {"over_fetch": 0}),
    (Vectors, {"over_fetch": 2.5}),
    (Metadata, {"clear": "some"}),
    (Metadata, {"clear_chars": -1}),
    (Reads, {"own": "blurred"}),
    (Reads, {"shared": "everything"}),
    (Reads, {"blur": -1.0}),
    (Budgets, {"records_a_day": -1}),
    (Budgets, {"circling": "refuse"}),
    (Reads, {"vectors": "return"}),
    (Reads, {"include_vector": False}),
    (Reads, {"max_results": 0}),
    (Retention, {"days": 0}),
    (Retention, {"days": -1.0}),
    (Retention, {"days": "30"}),
]


@pytest.mark.parametrize(("part", "settings"), BAD, ids=[f"{p.__name__}-{s}" for p, s in BAD])
def test_a_bad_setting_is_refused(part: type[Part], settings: dict[str, Any]) -> None:
    """Unknown names, wrong types and numbers out of range are PolicyErrors, in the constructor and in replace()."""
    with pytest.raises(PolicyError):
        part(**settings)
    with pytest.raises(PolicyError):
        part().replace(**settings)


def test_errors_show_no_value() -> None:
    """What was written into the configuration is not in the message, its causes or its arguments."""
    for part, name in ((Scrub, "language"), (Scrub, "enabled"), (Vectors, "noise"), (Policy, "texts"), (Reads, "own")):
        with pytest.raises(PolicyError) as caught:
            part(**{name: ["hunter2-planted"]})
        assert "hunter2" not in repr(caught.value)
        assert caught.value.__context__ is None
        assert caught.value.__cause__ is None


def test_policies_do_not_change() -> None:
    """Every part is frozen, and replace() returns another."""
    policy = Policy()
    for change in (
        lambda: setattr(policy, "texts", "clear"),
        lambda: setattr(policy.vectors, "mask", False),
        lambda: delattr(policy, "texts"),
    ):
        with pytest.raises((ValueError, AttributeError)):
            change()
    assert policy.replace(texts="clear") != policy
    assert policy == Policy() == Policy.balanced()
    assert policy.texts == "sealed"


def test_the_fingerprint_changes_with_every_setting() -> None:
    """Rows carry it: no two policies that differ share one."""
    policies = [
        Policy(),
        Policy.strict(),
        Policy.transparent(),
        Policy(texts="clear"),
        Policy(vectors=Vectors(noise=1.0001)),
        Policy(retention=Retention(days=1)),
        Policy(scrub=Scrub(allow=("x",))),
        Policy(scrub=Scrub(deny=("x",))),
    ]
    assert len({policy.fingerprint for policy in policies}) == len(policies)


def test_the_profiles_are_what_they_say() -> None:
    """Balanced masks and seals, strict seals all and ranks here, transparent exposes and says so."""
    balanced, strict, transparent = Policy.balanced(), Policy.strict(), Policy.transparent()
    assert balanced.scrub.enabled
    assert balanced.vectors.mask
    assert (balanced.vectors.noise, balanced.vectors.ranking) == (100.0, "guard")
    assert (balanced.texts, balanced.exposed) == ("sealed", False)
    assert (strict.metadata.clear, strict.vectors.ranking, strict.reads.vectors) == ("none", "guard", "refuse")
    assert (strict.tampered, strict.exposed) == ("raise", False)
    assert transparent.exposed
    assert (balanced.reads.shared, strict.reads.shared, transparent.reads.shared) == ("rounded", "rank", "exact")
    assert balanced.blur == strict.blur > 0.0 == transparent.blur
    assert (balanced.budgets.records_a_day, transparent.budgets.records_a_day) == (1_000, None)


def test_explaining_says_what_is_vacuous() -> None:
    """The words name the costs: no formal guarantee, what is clear, and what masking leaves."""
    balanced, ranked = Policy().explain(), Policy(vectors=Vectors(ranking="store")).explain()
    assert "0.010" in balanced
    assert "vacuous" in ranked
    assert "0.71" in ranked
    assert "texts of that kind" in ranked
    assert "CLEAR" not in balanced
    assert "CLEAR" in Policy.transparent().explain()
    assert "exactly as they are" in Policy.transparent().explain()
    assert "0.010" in Policy.strict().explain()


@pytest.mark.parametrize(
    "policy",
    [
        Policy.transparent(),
        Policy(vectors=Vectors(mask=False)),
        Policy(metadata=Metadata(clear="all")),
        Policy(vectors=Vectors(noise=0.0, ranking="guard")),
        Policy(vectors=Vectors(noise=9.0, ranking="guard")),
    ],
    ids=["transparent", "mask off", "metadata clear", "no noise and no rotation", "little noise and no rotation"],
)
def test_an_exposing_policy_is_refused_for_a_lasting_store(policy: Policy, guard_of: Callable[..., Guard]) -> None:
    """Exact vectors or all metadata never reach a store that outlives the process without hazmat."""
    import vecguard

    guard = guard_of(policy)
    lasting = Traits("any", "cosine", None, persistent=True)
    guard.shelf(Traits("any", "cosine", None, persistent=False))
    with pytest.raises(PolicyError, match="hazmat"):
        guard.shelf(lasting)
    with pytest.raises(vecguard.AccessDenied):
        vecguard.hazmat.permit_exposed_store(guard, reason="  ")
    with pytest.raises(PolicyError):
        guard.shelf(lasting)
    vecguard.hazmat.permit_exposed_store(guard, reason="a measurement")
    guard.shelf(lasting)


@pytest.mark.parametrize("policy", [None, "balanced", {}, Policy])
def test_a_guard_wants_a_policy(policy: Any) -> None:
    """Anything that is not a Policy is refused with the right way to make one."""
    with pytest.raises(PolicyError, match="Policy"):
        Guard(policy, keys=Keyring.ephemeral(), state=":memory:")


@pytest.mark.parametrize("keys", [None, b"k" * 32, "key", Keyring])
def test_a_guard_wants_a_keyring(keys: Any) -> None:
    """Bare keys are not taken."""
    with pytest.raises(PolicyError, match="Keyring"):
        Guard(Policy(), keys=keys, state=":memory:")


@pytest.mark.parametrize("state", [None, "", 5, Path("state.db")])
def test_a_guard_wants_a_state(state: Any) -> None:
    """There is no default state."""
    with pytest.raises(PolicyError, match="state"):
        Guard(Policy(), keys=Keyring.ephemeral(), state=state)


# -------------------------------------------------------------------------------------------------------------- TOML

GOOD = """
[guard]
state = ":memory:"
embedder = "vecguard.testing:word_hash"

[keys]
env = "VG_TEST_KEY"

[policy]
profile = "strict"
tampered = "raise"

[policy.scrub]
threshold = 0.4
deny = ["Project Nightjar"]

[policy.vectors]
noise = 50
ranking = "guard"

[policy.reads]
vectors = "refuse"

[policy.retention]
days = 30
"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Guard]:
    import base64

    monkeypatch.setenv("VG_TEST_KEY", base64.b64encode(b"k" * 32).decode())

    def start(text: str) -> Guard:
        path = tmp_path / "vecguard.toml"
        path.write_text(text, "utf-8")
        return Guard.from_toml(path)

    return start


def test_a_toml_file_is_the_policy_it_describes(started: Callable[[str], Guard]) -> None:
    """Profile, changes, arrays and numbers arrive as they would from Python."""
    policy = started(GOOD).policy
    expected = Policy.strict().replace(
        scrub=Scrub(threshold=0.4, deny=("Project Nightjar",)),
        vectors=Vectors(noise=50.0, ranking="guard"),
        retention=Retention(days=30.0),
    )
    assert policy == expected


WRONG_FILES: dict[str, tuple[str, str]] = {
    "unknown table": ("[policy.reads]", "[policy.read]"),
    "unknown top table": ("[keys]", "[key]"),
    "misspelt profile": ('"strict"', '"strickt"'),
    "profile of another type": ('"strict"', "true"),
    "table as value": ('[policy.reads]\nvectors = "refuse"', "[policy]\nreads = 1"),
    "quoted number": ("noise = 50", 'noise = "50"'),
    "quoted boolean": ("threshold = 0.4", 'enabled = "false"'),
    "number for boolean": ("threshold = 0.4", "enabled = 0"),
    "array of numbers": ('["Project Nightjar"]', "[1]"),
    "string for array": ('["Project Nightjar"]', '"Project Nightjar"'),
    "duplicate key": ("noise = 50", "noise = 50\nnoise = 1"),
    "duplicate table": ("[policy.reads]", "[policy.vectors]"),
    "broken": ("[policy.vectors]", "[policy.vectors"),
    "no state": ('state = ":memory:"', ""),
    "state of another type": ('state = ":memory:"', "state = 1"),
    "no keys": ('env = "VG_TEST_KEY"', ""),
    "two keys": ('env = "VG_TEST_KEY"', 'env = "VG_TEST_KEY"\nfile = "k"'),
    "inline key": ('env = "VG_TEST_KEY"', 'secret = "hunter2"'),
    "unset variable": ("VG_TEST_KEY", "VG_TEST_KEI"),
    "embedder without name": ("vecguard.testing:word_hash", "vecguard.testing"),
    "embedder nowhere": ("vecguard.testing:word_hash", "no_such_module:embed"),
    "embedder nothing": ("vecguard.testing:word_hash", "vecguard.testing:nothing"),
    "embedder empty": ("vecguard.testing:word_hash", ":embed"),
    "embedder relative": ("vecguard.testing:word_hash", ".testing:word_hash"),
    "embedder not callable": ("vecguard.testing:word_hash", "vecguard:__version__"),
    "nan": ("noise = 50", "noise = nan"),
    "unknown setting": ("noise = 50", "nois = 50"),
    "unknown entity": ("threshold = 0.4", 'entities = ["PERSONN"]'),
}


@pytest.mark.parametrize("what", WRONG_FILES)
def test_a_wrong_file_does_not_start(what: str, started: Callable[[str], Guard]) -> None:
    """Each mistake is a typed error before anything is opened."""
    from vecguard import KeyringError

    old, new = WRONG_FILES[what]
    assert old in GOOD
    with pytest.raises((PolicyError, KeyringError)) as caught:
        started(GOOD.replace(old, new, 1))
    assert "hunter2" not in repr(caught.value)


@pytest.mark.parametrize("path", ["nowhere.toml", "."])
def test_a_missing_file_does_not_start(path: str) -> None:
    """No file is no policy."""
    with pytest.raises(PolicyError):
        Guard.from_toml(path)


def test_an_empty_file_does_not_start(started: Callable[[str], Guard]) -> None:
    """An empty file is missing its state and its keys."""
    with pytest.raises(PolicyError):
        started("")


def test_a_pydantic_copy_is_validated_too() -> None:
    """`model_copy(update=...)`, which pydantic does not check, is checked here: no way round to a weaker policy."""
    assert Policy().model_copy(update={"texts": "clear"}).texts == "clear"
    with pytest.raises(PolicyError):
        Policy().model_copy(update={"vectors": {"noise": -1}})
    with pytest.raises(PolicyError):
        Vectors().model_copy(update={"noise": float("nan")})


def test_clear_texts_are_said_loudly() -> None:
    """Clear texts in a store that lasts are allowed and warned of."""
    guard = Guard(Policy(texts="clear"), keys=Keyring.ephemeral(), state=":memory:", embedder=EMBED)
    with pytest.warns(UserWarning, match="known pair"):
        guard.shelf(Traits("memory", "cosine", None, persistent=True))
