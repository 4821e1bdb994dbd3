"""Five hundred damaged configuration files: each is refused, or starts a guard that does what the file says.

"What the file says" is read a second time here, with nothing but a TOML parser: every setting that is in it must be in
force in the guard, and nothing else may have changed. A setting that is silently left out would be the weaker start.
"""

from __future__ import annotations

import base64
import random
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from vecguard import Guard, KeyringError, Policy, VecGuardError

GOOD = """\
[guard]
state = ":memory:"
embedder = "vecguard.testing:word_hash"
anchor = "builtins:repr"

[keys]
env = "VG_TEST_KEY"

[policy]
profile = "strict"
texts = "sealed"
restore = "never"
tampered = "raise"
members = "named"
unscrubbed_vectors = "refuse"

[policy.scrub]
enabled = true
model = "none"
embed = "kind"
threshold = 0.4
deny = ["Project Nightjar"]
deadline_s = 5.0

[policy.scrub.operators]
PERSON = "redact"

[policy.vectors]
mask = true
noise = 250
ranking = "guard"

[policy.metadata]
clear = "none"

[policy.reads]
own = "hidden"
shared = "nothing"
vectors = "refuse"
max_results = 20

[policy.budgets]
records_a_day = 10
sweeping = "withhold"

[policy.audit]
reads = true
writes = true

[policy.retention]
days = 30

[[rules]]
owner = "acme"
readers = ["group:auditors"]
max_results = 5
text = false
until = 2030-01-01T00:00:00Z
"""
Lines: TypeAlias = list[str]
Mutation: TypeAlias = Callable[[Lines, random.Random], Lines]


def _settings(lines: Lines) -> list[int]:
    return [at for at, line in enumerate(lines) if " = " in line]


def _headers(lines: Lines) -> list[int]:
    return [at for at, line in enumerate(lines) if line.startswith("[")]


def _renamed(change: Callable[[str, random.Random], str], which: Callable[[Lines], list[int]] = _settings) -> Mutation:
    def mutation(lines: Lines, rng: random.Random) -> Lines:
        at = rng.choice(which(lines))
        name, *rest = lines[at].split(" = ", 1)
        return [*lines[:at], " = ".join([change(name, rng), *rest]), *lines[at + 1 :]]

    return mutation


def _revalued(change: Callable[[str, random.Random], str]) -> Mutation:
    def mutation(lines: Lines, rng: random.Random) -> Lines:
        at = rng.choice(_settings(lines))
        name, value = lines[at].split(" = ", 1)
        return [*lines[:at], f"{name} = {change(value, rng)}", *lines[at + 1 :]]

    return mutation


def _letter(change: Callable[[str, random.Random], str]) -> Callable[[str, random.Random], str]:
    """Change one letter of a name, never a bracket, a dot or a quote."""

    def changed(name: str, rng: random.Random) -> str:
        at = rng.choice([at for at, letter in enumerate(name) if letter.isalpha()])
        return name[:at] + change(name[at], rng) + name[at + 1 :]

    return changed


def _without(which: Callable[[Lines], list[int]]) -> Mutation:
    def mutation(lines: Lines, rng: random.Random) -> Lines:
        at = rng.choice(which(lines))
        return lines[:at] + lines[at + 1 :]

    return mutation


def _twice(which: Callable[[Lines], list[int]]) -> Mutation:
    def mutation(lines: Lines, rng: random.Random) -> Lines:
        at, to = rng.choice(which(lines)), rng.randrange(len(lines) + 1)
        return [*lines[:to], lines[at], *lines[to:]]

    return mutation


def _moved(lines: Lines, rng: random.Random) -> Lines:
    at = rng.choice(_settings(lines))
    rest = lines[:at] + lines[at + 1 :]
    to = rng.randrange(len(rest) + 1)
    return [*rest[:to], lines[at], *rest[to:]]


def _cut(lines: Lines, rng: random.Random) -> Lines:
    whole = "\n".join(lines)
    return whole[: rng.randrange(len(whole))].split("\n")


def _inverted(value: str, rng: random.Random) -> str:
    return {"true": "false", "false": "true"}.get(value, rng.choice(["true", '""', "[]", "{}", "-1", "nan", "1e400"]))


def _other_type(value: str, rng: random.Random) -> str:
    inner = value.strip('[]"')
    return rng.choice([f'"{inner}"', f"[{value}]", f"{{ value = {value} }}", inner or "0", f'"{inner}" # {inner}'])


MUTATIONS: Mapping[str, Mutation] = {
    "letter dropped": _renamed(_letter(lambda letter, rng: "")),
    "letter doubled": _renamed(_letter(lambda letter, rng: 2 * letter)),
    "letter exchanged": _renamed(_letter(lambda letter, rng: rng.choice("abcdefghijklmnopqrstuvwxyz_"))),
    "letter in another case": _renamed(_letter(lambda letter, rng: letter.swapcase())),
    "hyphen for underscore": _renamed(lambda name, rng: name.replace("_", "-") if "_" in name else f"-{name}"),
    "quoted with a blank": _renamed(lambda name, rng: f'"{name} "'),
    "header misspelt": _renamed(_letter(lambda letter, rng: rng.choice("xyz")), _headers),
    "header missing": _without(_headers),
    "header twice": _twice(_headers),
    "setting missing": _without(_settings),
    "setting twice": _twice(_settings),
    "setting elsewhere": _moved,
    "letter of a value": _revalued(
        lambda value, rng: _letter(lambda letter, rng: rng.choice("xyz"))(value, rng) if value[-1] in '"e]' else value
    ),
    "value of another type": _revalued(_other_type),
    "value inverted": _revalued(_inverted),
    "cut off": _cut,
}

ALWAYS_REFUSED = (
    "letter dropped",
    "letter doubled",
    "letter in another case",
    "hyphen for underscore",
    "quoted with a blank",
    "header misspelt",
    "header twice",
)


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Guard]]:
    monkeypatch.setenv("VG_TEST_KEY", base64.b64encode(b"k" * 32).decode())
    guards: list[Guard] = []

    def start(text: str) -> Guard:
        path = tmp_path / "vecguard.toml"
        path.write_text(text, "utf-8")
        guards.append(Guard.from_toml(path))
        return guards[-1]

    yield start
    for each in guards:
        each.close()


def written(settings: Mapping[str, Any], within: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every setting of a table under its path."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from written(value, (*within, name))
        else:
            yield (*within, name), value


def in_force(guard: Guard, path: tuple[str, ...]) -> Any:
    value: Any = guard.policy
    for name in path:
        value = value[name] if isinstance(value, Mapping) else getattr(value, name)
    return list(value) if isinstance(value, tuple) else value


def assert_does_what_it_says(guard: Guard, text: str) -> None:
    said = tomllib.loads(text)
    settings = dict(written(said.get("policy", {})))
    profile = settings.pop(("profile",), "balanced")
    for path, value in settings.items():
        assert in_force(guard, path) == value, path
        assert type(in_force(guard, path)) in (type(value), float), path
    assert guard.policy == Policy.from_mapping({**said.get("policy", {}), "profile": profile})
    rules = said.get("rules", [])
    grants = [each for owner in {rule["owner"] for rule in rules} for each in guard.rules.grants(owner)]
    assert len(grants) == sum(len(rule.get("readers", [])) + len(rule.get("writers", [])) for rule in rules)
    for rule, grant in zip(rules, grants, strict=False):
        terms = grant.terms
        if grant.right == "read":
            assert (terms.max_results, terms.text) == (rule.get("max_results"), rule.get("text", True))
        assert terms.until == (None if "until" not in rule else rule["until"].timestamp())
    assert guard.embedding.available == ("embedder" in said["guard"])


def test_the_undamaged_file_does_what_it_says(started: Callable[[str], Guard]) -> None:
    guard = started(GOOD)
    assert_does_what_it_says(guard, GOOD)
    assert guard.policy.reads.max_results == 20


def test_five_hundred_damaged_files_start_no_guard_that_is_weaker_than_they_say(
    started: Callable[[str], Guard],
) -> None:
    """Thirty-two of each kind of damage; which of them start is said at the end, and those that cannot do not."""
    rng = random.Random(20)
    lines = GOOD.splitlines()
    outcomes: dict[str, list[bool]] = {kind: [] for kind in MUTATIONS}
    for kind, mutation in MUTATIONS.items():
        for _ in range(32):
            text = "\n".join(mutation(lines, rng))
            try:
                guard = started(text)
            except VecGuardError:
                outcomes[kind].append(False)
                continue
            outcomes[kind].append(True)
            assert_does_what_it_says(guard, text)
    assert sum(map(len, outcomes.values())) >= 500
    refused = (
        "letter dropped",
        "letter doubled",
        "letter in another case",
        "hyphen for underscore",
        "quoted with a blank",
    )
    assert not [kind for kind in (*refused, "header misspelt", "header twice") if any(outcomes[kind])], outcomes
    assert any(outcomes["setting missing"])  # what is not said has its default


@pytest.mark.parametrize("given", ["", "nowhere", "vecguard.nowhere:keep", "vecguard:__version__", ":keep"])
def test_an_anchor_that_cannot_be_called_does_not_start(given: str, started: Callable[[str], Guard]) -> None:
    with pytest.raises(VecGuardError, match=r"guard\.anchor"):
        started(GOOD.replace("builtins:repr", given))


def test_an_anchor_from_a_file_is_handed_the_ends_of_the_chain(
    started: Callable[[str], Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    import builtins

    kept: list[object] = []
    monkeypatch.setattr(builtins, "keep_here", kept.append, raising=False)
    guard = started(GOOD.replace("builtins:repr", "builtins:keep_here"))
    guard.rules.grant("acme", readers=["bob"])
    guard.close()
    assert [type(each).__name__ for each in kept] == ["Anchor"]


def test_a_key_variable_that_is_not_set_does_not_start(
    started: Callable[[str], Guard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VG_TEST_KEY")
    with pytest.raises(KeyringError):
        started(GOOD)
