"""What an error reporter sees of calls that are not on a guarded object: keys, policies, rules, operator's acts."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import ErasureReceipt, Guard, Keyring, Policy, Principal, Scrub, Vectors, acting_for, frameless, hazmat
from vecguard.rules import granted
from vecguard.scrub.scrubber import PresidioScrubber

from .spelling import STEM, found_in
from .test_thousand_strings import said

KEY = base64.b64encode(f"{STEM} and no 32 bytes".encode()).decode()
FILE = f'{{"vecguard": 1, "current": "a", "roots": [{{"id": "a", "secret": "{KEY}"}}]}}'
TOML = f'[guard]\nstate = ":memory:"\n[keys]\nsecret = "{KEY}"\n[policy.scrub]\ndeny = ["{STEM}"]\n'


def _written(folder: Path, text: str) -> Path:
    path = folder / "file"
    path.write_text(text)
    path.chmod(0o600)
    return path


DOORS: dict[str, Callable[[Guard, Path], Any]] = {
    "key file": lambda guard, folder: Keyring.from_file(_written(folder, FILE)),
    "broken key file": lambda guard, folder: Keyring.from_file(_written(folder, FILE[:-1])),
    "key variable": lambda guard, folder: Keyring.from_env("VG_PLANTED"),
    "key service": lambda guard, folder: Keyring.from_callable(lambda: KEY),
    "configuration": lambda guard, folder: Guard.from_toml(_written(folder, TOML)),
    "policy part": lambda guard, folder: Scrub(deny=STEM),  # type: ignore[arg-type]
    "part with an __init__": lambda guard, folder: Vectors(ranking=STEM),  # type: ignore[arg-type]
    "changed policy": lambda guard, folder: Policy().replace(scrub=STEM),
    "mapping": lambda guard, folder: Policy.from_mapping({"scrub": {"deny": STEM}}),
    "grant": lambda guard, folder: guard.rules.grant(STEM, readers=[STEM], until=STEM),
    "rule": lambda guard, folder: granted(STEM, readers=STEM),
    "canary": lambda guard, folder: guard.canaries.mark(STEM, [STEM]),
    "principal": lambda guard, folder: Principal(STEM, groups=STEM),  # type: ignore[arg-type]
    "context": lambda guard, folder: acting_for(f"{STEM} {STEM}"),
    "unwrap": lambda guard, folder: hazmat.unwrap(STEM, reason=STEM),  # type: ignore[arg-type]
    "accept": lambda guard, folder: hazmat.accept_rows(STEM, STEM, reason=STEM),  # type: ignore[arg-type]
    "receipt": lambda guard, folder: ErasureReceipt.from_json(f'{{"owner": "{STEM}"}}'),
    "shred": lambda guard, folder: guard.shred(STEM, [STEM, ""]),
    "erase": lambda guard, folder: guard.erase(STEM, owner=STEM),
    "examine": lambda guard, folder: guard.examine(STEM, STEM),
    "embeddings": lambda guard, folder: guard.embeddings(lambda texts: [[STEM]])([STEM]),
    "scrubber": lambda guard, folder: PresidioScrubber(Scrub(model="none")).scrub([STEM, 7], None),  # type: ignore[list-item]
}


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VG_PLANTED", KEY)
    policy = Policy(scrub=Scrub(enabled=False))
    made = Guard(policy, keys=Keyring.ephemeral(), state=":memory:")
    yield made
    made.close()


def _told(door: str, guard: Guard, folder: Path) -> bytes:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of whatever kind, it is looked through
        DOORS[door](guard, folder)
    return said(caught.value).encode()


@pytest.mark.parametrize("door", DOORS)
def test_no_error_shows_what_a_door_was_given(door: str, guard: Guard, tmp_path: Path) -> None:
    told = _told(door, guard, tmp_path)
    assert not found_in(told)
    assert KEY.encode() not in told


def test_with_their_frames_these_errors_would_show_it(
    guard: Guard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is looked through above does hold it: keys as well as names and texts."""
    monkeypatch.setenv(frameless.KEEP, "1")
    assert KEY.encode() in _told("key file", guard, tmp_path)
    assert KEY.encode() in _told("configuration", guard, tmp_path)
    for door in ("policy part", "grant", "context", "receipt", "canary"):
        assert found_in(_told(door, guard, tmp_path)), door
