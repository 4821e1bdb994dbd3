"""An export is verified without the state, and is no easier to change than the log itself."""

from __future__ import annotations

import json
import random
import stat
from pathlib import Path

import pytest

from vecguard import BadInput, Keyring, WrongKey
from vecguard.errors import VecGuardError
from vecguard.evidence.anchors import Anchor
from vecguard.evidence.export import export, verify_export
from vecguard.state import State


@pytest.fixture
def file(chains: State, keys: Keyring, tmp_path: Path) -> Path:
    place = tmp_path / "log.jsonl"
    assert export(chains, keys, place) == 4 * 25
    return place


def test_an_export_holds_by_itself(file: Path, keys: Keyring, kept: list[Anchor], chains: State) -> None:
    """With the keys and the anchors, and nothing else at hand; the verdict is that of the state."""
    source, verdict = verify_export(file, keys, kept)
    assert source == chains.id
    assert verdict == chains.audit.examined(kept)
    assert verdict.lines == 100
    assert verdict.breaks == ()


def test_an_export_is_private_and_is_never_overwritten(file: Path, chains: State, keys: Keyring) -> None:
    """Mode 0600, and a file that is there is left as it is."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    with pytest.raises(BadInput):
        export(chains, keys, file)
    assert file.read_bytes() == before


def test_names_cannot_be_looked_up_by_an_export(file: Path, chains: State) -> None:
    """The key to the digests is not in it, not even sealed: only the one that checks lines."""
    text = file.read_text()
    assert any(each in text for each in chains.pseudonyms.owner("o1"))
    header = json.loads(text.splitlines()[0])
    assert set(header) == {"format", "state", "root", "key", "writers", "heads"}


def test_another_root_cannot_check_it(file: Path) -> None:
    """And it says that it cannot, rather than that the log is broken."""
    with pytest.raises(WrongKey):
        verify_export(file, Keyring.ephemeral())


def test_whatever_is_changed_in_the_file_shows(file: Path, keys: Keyring) -> None:
    """Three hundred changes by chance: a value, a line gone, twice or moved, a head, the number of chains, the key."""
    lines = file.read_text().splitlines()
    for number in range(300):
        dice = random.Random(number)
        changed = _changed(list(lines), dice)
        assert changed != lines
        file.write_text("\n".join(changed) + "\n")
        assert _shows(file, keys), number
    file.write_text("\n".join(lines) + "\n")
    assert not _shows(file, keys)


def _changed(lines: list[str], dice: random.Random) -> list[str]:
    place, other = dice.sample(range(1, len(lines)), 2)
    match dice.randrange(6):
        case 0:
            del lines[place]
        case 1:
            lines[place], lines[other] = lines[other], lines[place]
        case 2:
            lines.insert(other, lines[place])
        case 3:
            lines[0] = _with_another(
                lines[0], dice.choice(["state", "key", "writers", "heads", "root", "format"]), dice
            )
        case 4:
            del lines[place:]
        case _:
            column = dice.choice(list(json.loads(lines[place])))
            lines[place] = _with_another(lines[place], column, dice)
    return lines


def _with_another(line: str, name: str, dice: random.Random) -> str:
    found = json.loads(line)
    found[name] = dice.choice([None, [], {}, "", 7, -1.5, "x", dice.randbytes(32).hex()])
    return json.dumps(found)


def _shows(file: Path, keys: Keyring) -> bool:
    try:
        return bool(verify_export(file, keys)[1].breaks)
    except VecGuardError:
        return True


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "vecguard.audit-export/2"}', "\n\n"])
def test_another_file_is_not_an_export(text: str, tmp_path: Path, keys: Keyring) -> None:
    """It is an error, and never a log that holds."""
    (tmp_path / "x").write_text(text)
    with pytest.raises(BadInput):
        verify_export(tmp_path / "x", keys)
