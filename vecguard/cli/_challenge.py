"""A challenge for attackers: the files of a guarded store with real notes in it, to be published; recover one note.

    FOLDER/store, FOLDER/state.db     what a thief gets who does not get the root key
    FOLDER/known.jsonl                other texts of the same kind, to train on and to guess with
    FOLDER/commitments.json           SHA-256 of each note with a salt: the answers cannot be changed afterwards
    FOLDER/README.md                  the rules, the policy, how a claim is judged
    ANSWERS                           the notes and their salts; not published until somebody wins, or nobody does

The root key is made in memory and never written.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vecguard import Guard, Keyring, Policy
from vecguard.arrays import Floats
from vecguard.cli._sides import side
from vecguard.errors import BadInput
from vecguard.evaluate.notes import Notes
from vecguard.redteam.words import is_content, words

_OWNER = "owner-0"
_FORMAT = "vecguard.challenge/1"
_ALIKE = 0.8
"""From this F1 of content words on, a claim counts as a note recovered but for its wording."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One claim: whether it is a note, and else its F1 of content words with the nearest one.

    `known` is the best that any published text reaches with that note: whoever copies known.jsonl gets as much.
    """

    exact: bool
    alike: float
    known: float

    @property
    def recovered(self) -> bool:
        """Whether it is a note, or nearly one and nearer than every known text."""
        return self.exact or (self.alike >= _ALIKE and self.alike > self.known)


@dataclass(frozen=True, slots=True)
class _Answers:
    """The notes and their salts."""

    notes: tuple[str, ...] = field(repr=False)
    salts: tuple[str, ...] = field(repr=False)


def publish(
    folder: Path,
    answers: Path,
    notes: Notes,
    *,
    store: str,
    policy: Policy,
    policy_text: str,
    embedder: str,
    embed: Callable[[Sequence[str]], Floats],
    rows: int,
    seed: int,
) -> None:
    """Write a challenge of `rows` notes. Raises `BadInput` where the folder or the answers exist, or texts are few."""
    if folder.exists() or answers.exists():
        raise BadInput("a challenge is written to a folder and a file of answers that do not exist yet")
    if answers.resolve().is_relative_to(folder.resolve()):
        raise BadInput("the answers must not lie in the folder that is published")
    if len(notes.texts) < 2 * rows:
        raise BadInput(f"a challenge of {rows} notes needs {2 * rows} texts or more: the others are published")
    order = np.random.default_rng(seed).permutation(len(notes.texts))
    hidden, known = ([notes.texts[i] for i in some] for some in (order[:rows], order[rows:]))
    folder.mkdir(parents=True)
    _stored(folder, hidden, store, policy, embed)
    salts = [secrets.token_hex(16) for _ in hidden]
    commitments = sorted(_commitment(salt, note) for salt, note in zip(salts, hidden, strict=True))
    _json(folder / "commitments.json", {"format": _FORMAT, "sha256": commitments})
    (folder / "known.jsonl").write_text("".join(json.dumps({"text": each}) + "\n" for each in known), "utf-8")
    (folder / "README.md").write_text(_rules(rows, len(known), store, policy_text, embedder), "utf-8")
    _json(answers, {"format": _FORMAT, "notes": hidden, "salts": salts})
    answers.chmod(0o600)


def judge(folder: Path, answers: Path, claims: Sequence[str]) -> list[Judged]:
    """Judge claims, one text each. Raises `BadInput` where the answers are not those that were committed to."""
    found = _answers(answers)
    committed = _read(folder / "commitments.json").get("sha256")
    made = sorted(_commitment(salt, note) for salt, note in zip(found.salts, found.notes, strict=True))
    if committed != made:
        raise BadInput("these are not the answers of this challenge, or they were changed")
    known = [
        _content(str(json.loads(line)["text"])) for line in (folder / "known.jsonl").read_text("utf-8").splitlines()
    ]
    notes = [_content(each) for each in found.notes]
    return [_judged(claim, found.notes, notes, known) for claim in claims]


def _judged(
    claim: str, texts: Sequence[str], notes: Sequence[frozenset[str]], known: Sequence[frozenset[str]]
) -> Judged:
    said = _content(claim)
    nearest = max(range(len(notes)), key=lambda i: _f1(said, notes[i]))
    plain = " ".join(claim.split()).casefold()
    return Judged(
        exact=any(plain == each.casefold() for each in texts),
        alike=_f1(said, notes[nearest]),
        known=max((_f1(each, notes[nearest]) for each in known), default=0.0),
    )


def _stored(
    folder: Path, notes: Sequence[str], store: str, policy: Policy, embed: Callable[[Sequence[str]], Floats]
) -> None:
    vectors = embed(notes)
    guard = Guard(policy, keys=Keyring.ephemeral(), state=f"sqlite:///{folder}/state.db", embedder=embed)
    shelf = side(store, folder / "store", guard, vectors.shape[1])
    shelf.write(_OWNER, [f"note-{i}" for i in range(len(notes))], notes, vectors)
    shelf.close()
    guard.close()


def _rules(rows: int, known: int, store: str, policy: str, embedder: str) -> str:
    return f"""# Recover one note

`store/` has {rows:,} notes in a {store} store that VecGuard guards, all of one owner; `state.db` is the guard's state
database. Both are as a thief of the machine's disks finds them. The root key is not here, and was never written.

You may know and use

- how VecGuard works: all of its source, and the policy below;
- the encoder, {embedder};
- `known.jsonl`: {known:,} other texts of the same kind, from which the notes were drawn at random.

```toml
{policy.strip()}
```

A claim is a file with one text a line. It wins with a note word for word, or with at least {_ALIKE:.0%} F1 of its
content words, if that is more than any text of `known.jsonl` has. Whoever has the answers judges it:

    vecguard redteam judge FOLDER --answers ANSWERS --claims CLAIMS

`commitments.json` has the SHA-256 of each note behind its salt (`salt|note`), sorted. When the answers are published,
anybody can see that they are the ones.
"""


def _content(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if is_content(word))


def _f1(said: frozenset[str], there: frozenset[str]) -> float:
    return 2 * len(said & there) / (len(said) + len(there)) if said and there else 0.0


def _commitment(salt: str, note: str) -> str:
    return hashlib.sha256(f"{salt}|{note}".encode()).hexdigest()


def _answers(path: Path) -> _Answers:
    found = _read(path)
    notes, salts = found.get("notes"), found.get("salts")
    if not isinstance(notes, list) or not isinstance(salts, list) or len(notes) != len(salts):
        raise BadInput("this is no file of answers")
    return _Answers(tuple(map(str, notes)), tuple(map(str, salts)))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise BadInput("a file of the challenge is missing or not one")
    return found


def _json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
