"""Killing a process again and again on one folder, and looking at what each kill left."""

from __future__ import annotations

import base64
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from vecguard import Keyring

from .journal import Broken, Death, death_of, told
from .life import First, Life
from .sites import SITES
from .world import PLANTED, STEM, World

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 60.0  # seconds that a life may take: many times what it takes
_POINTS = 72  # about as many as four calls pass
_SOON = 24  # about as many as a life passes until it has settled what it found
_RANDOM_S = 0.12  # about as long as it works


class Nursery:
    """The warm process that children are forked from."""

    def __init__(self, **environment: str) -> None:
        path = os.pathsep.join(each for each in (os.environ.get("PYTHONPATH"), str(ROOT)) if each)
        threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "VECGUARD_KEEP_FRAMES": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.crash.life"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # a line that waits in a buffer here is not seen by `select`
            env={**os.environ, **threads, "PYTHONPATH": path, **environment},
        )
        self._read(_PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bear(self, life: Life) -> int:
        """Begin a life; return its pid."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(life)).encode() + b"\n")
        self._process.stdin.flush()
        return int(self._read(_PATIENCE)["pid"])

    def ended(self, within: float) -> int | None:
        """Return the status of the life that was begun last, or None if it goes on."""
        found = self._read(within, patient=True)
        return None if found is None else int(found["status"])

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(_PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, within: float, *, patient: bool = False) -> Any:
        stream = self._process.stdout
        assert stream is not None
        ready, _, _ = select.select([stream], [], [], within)
        if not ready:
            if patient:
                return None
            raise Broken("the nursery does not answer")
        line = stream.readline()
        if not line:
            raise Broken("the nursery died")
        return json.loads(line)


def killed(pid: int) -> None:
    """Kill a process as nothing can that it could answer."""
    os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Settled:
    """How many rows lie in the store since intents were settled, and how long it took to open it and settle them."""

    rows: int
    seconds: float


@dataclass(slots=True)
class Tally:
    """Kills by place; calls that were acknowledged."""

    kills: Counter[str] = field(default_factory=Counter)
    settling: int = 0
    calls: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, death: Death) -> None:
        if death.where:
            self.kills[death.where] += 1
            self.settling += death.settling
        self.calls += death.calls
        self.refused.update(death.refused)

    @property
    def total(self) -> int:
        return self.kills.total()


class Campaign:
    """One folder with a store, a state and keys, and what may be in it."""

    def __init__(self, nursery: Nursery, site: str, folder: Path, policy: str, seed: int) -> None:
        self.nursery, self.site, self.folder, self.policy = nursery, site, folder, policy
        self.worlds: tuple[World, ...] = (World(),)
        self._draw = random.Random(f"{site} {policy} {seed}")
        self._count = 0
        self._patience = _PATIENCE
        if folder.exists():  # what somebody else made
            return
        for each in ("keys", "state", "rows", "journals"):
            (folder / each).mkdir(parents=True)
        Keyring.generate(folder / "keys" / "key")

    def kill(self) -> Death:
        """Live until killed, at a point or by the clock; the next life will look at what is left."""
        late, by_clock = self._draw.random() < 0.75, self._draw.random() < 0.25
        if by_clock:
            return self.live(within=self._draw.random() * _RANDOM_S, late=late)
        return self.live(point=self._draw.randrange(_POINTS if late else _SOON), late=late)

    def live(
        self,
        *,
        point: int = -1,
        within: float | None = None,
        late: bool = False,
        kill: Callable[[int], None] = killed,
        **options: Any,
    ) -> Death:
        """Live once; return how that ended. Raises `Broken` if what was found there is no world that may be.

        `within` so many seconds, `kill` does with the process what it does.
        """
        self._count += 1
        journal = self.folder / "journals" / f"{self._count}"
        first: First = self._draw.choice(("reconcile", "read", "write"))
        life = Life(
            site=self.site,
            folder=str(self.folder),
            journal=str(journal),
            policy=self.policy,
            worlds=tuple(each.listed() for each in self.worlds),
            seed=self._draw.randrange(1 << 30),
            late=late,
            point=point,
            **{"first": first, **options},
        )
        pid = self.nursery.bear(life)
        if within is not None:
            self._by_clock(pid, journal, within, late=late, kill=kill)
        elif self.nursery.ended(self._patience) is None:
            killed(pid)
            self.nursery.ended(_PATIENCE)
            raise Broken(f"{self.site}: a life did not end")
        death = death_of(told(journal.read_text()), self.worlds, SITES[self.site])
        self.worlds = death.worlds
        self._scanned()
        return death

    def opened(self, count: int) -> Settled:
        """Die with so many writes begun and none put; return what settling them took, in a life of its own."""
        self.worlds, self._patience = (), _PATIENCE + 0.1 * count
        self.live(opens=count, first="none")
        self.live(calls=0, first="reconcile")
        journal = (self.folder / "journals" / f"{self._count}").read_text()
        return next(Settled(each["rows"], each["seconds"]) for each in told(journal) if "rows" in each)

    def settled(self) -> None:
        """Open once more, settle, look, and end: nothing is in doubt afterwards but what nobody can tell apart."""
        death = self.live(calls=0, first="reconcile")
        if death.where:
            raise Broken("the last life did not end by itself")

    def _by_clock(
        self, pid: int, journal: Path, within: float, *, late: bool, kill: Callable[[int], None] = killed
    ) -> None:
        """Kill so many seconds after the life began, or after it has settled and looked."""
        begins = "examined" if late else "started"
        while not any(each["what"] in (begins, "died", "done", "stopped") for each in _written(journal)):
            time.sleep(0.002)
        if self.nursery.ended(within) is None:
            kill(pid)
            if self.nursery.ended(_PATIENCE) is None:
                raise Broken(f"{self.site}: a life did not end")

    def _scanned(self) -> None:
        """Look for what was planted, in every file of the store and of the state: for all of it now and then."""
        forms = _FORMS if self._count % _SCANS == 0 else _STEM
        for part in ("rows", "state"):
            for path in sorted((self.folder / part).rglob("*")):
                if path.is_file() and (found := planted_in(path.read_bytes(), forms)):
                    raise Broken(f"{self.site}: {path.name} holds something planted: {found}")


def _written(journal: Path) -> Iterator[Mapping[str, Any]]:
    return told(journal.read_text()) if journal.exists() else iter(())


# --------------------------------------------------------------------------------------------- what must not be found


def _forms(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield from (raw, text.encode("utf-16-le"), text.encode("utf-16-be"), raw.hex().encode(), raw.hex().upper().encode())
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        yield coded[4 if shift else 0 : -4]


_FORMS = [(text, form) for text in PLANTED for form in _forms(text)]


_STEM = [(text, form) for text, form in _FORMS if text == STEM]
_SCANS = 5  # files keep what was in them: what one scan does not look for, a later one finds


def planted_in(content: bytes, forms: Sequence[tuple[str, bytes]] = _FORMS) -> list[str]:
    """Return what was planted and is found in some spelling."""
    return sorted({text for text, form in forms if form in content})


@contextmanager
def nursery(**environment: str) -> Iterator[Nursery]:
    """Keep a nursery for as long as it is needed."""
    made = Nursery(**environment)
    try:
        yield made
    finally:
        made.close()
