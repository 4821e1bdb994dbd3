"""Kills erasures, at every step and at random times, runs them again, and prints what became of them as lines of JSON.

    python killing.py KIND FOLDER RANDOM [STRIDE [ORDER]]

ORDER is `owner` (everything of one owner) or `expired` (what expired, of owners whom nobody names).
A process of its own, that opens no store itself: it forks one for each erasure, with everything imported.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import chromadb  # noqa: F401 - imported once, for all children
import faiss  # noqa: F401 - as above
import qdrant_client  # noqa: F401 - as above

import vecguard.flow
import vecguard_qdrant  # noqa: F401 - as above
from tests.erasure.sites import EMBED, POLICY, Site, canaries_of
from vecguard import Guard, Keyring, retain_for
from vecguard.erasure import Expired, OfOwner, erase, files
from vecguard.erasure.orders import Order
from vecguard.state.database import Database
from vecguard.state.erasing import open_changes

COUNT = 12
LATER = time.time() + 400 * 86_400.0
ORDERS: dict[str, Order] = {"owner": OfOwner("alice"), "expired": Expired(now=LATER)}


def child(work: Callable[[int], Any]) -> tuple[int, str]:
    """Run work in a forked process; return its wait status and what it wrote to its pipe."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        status = 1
        try:
            os.close(reading)
            work(writing)
            status = 0
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(status)
    os.close(writing)
    told = b"".join(iter(lambda: os.read(reading, 65_536), b""))
    os.close(reading)
    return os.waitpid(pid, 0)[1], told.decode()


def killed_after(steps: int | None) -> list[str]:
    """Count everything that an erasure does to a store or a database, and kill this process after so many."""
    done: list[str] = []

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            if len(done) == steps:
                os.kill(os.getpid(), signal.SIGKILL)
            done.append(name if name != "store" else type(args[0]).__name__)
            return call(*args, **options)

        return counted

    vecguard.flow._outcome = counting("store", vecguard.flow._outcome)
    Database.run = counting("state", Database.run)  # type: ignore[method-assign]
    files.rewrite = counting("rewrite", files.rewrite)
    files.search = counting("search", files.search)
    return done


def erasing(site: Site, order: Order, steps: int | None, pipe: int) -> None:
    with site.opened() as desk:
        done = killed_after(steps)
        os.write(pipe, b"begun\n")
        started = time.monotonic()
        erase(desk.guard, [desk.target], order)
        os.write(pipe, json.dumps({"steps": done, "seconds": time.monotonic() - started}).encode())


def again(site: Site, order: Order, pipe: int) -> None:
    with site.opened() as desk:
        receipt = erase(desk.guard, [desk.target], order)
        told = {
            "clean": receipt.clean,
            "elsewhere": receipt.elsewhere,
            "alice": len(desk.texts("alice")) + len(desk.rows("alice")),
            "bob": len(desk.texts("bob")),
            "found": len(desk.search("bob", "canary")),
            "open": open_changes(desk.guard.state, "alice", receipt.collections[0].uid),
            "audit": len(desk.guard.state.audit.verify()),
            "left": len(site.holding(canaries_of("alice", COUNT)[::5])),
        }
        os.write(pipe, json.dumps(told).encode())


def writing(site: Site, pipe: int) -> None:
    del pipe
    with site.opened() as desk:
        with retain_for(days=30):
            desk.write("alice", COUNT)
        desk.write("bob", COUNT)
        desk.save()


def outcome(site: Site, order: Order, what: str) -> None:
    status, told = child(lambda pipe: again(site, order, pipe))
    found = json.loads(told) if status == 0 else {"failed": told}
    print(json.dumps({"killed": what, **found}), flush=True)  # noqa: T201 - this is its output
    shutil.rmtree(site.folder)


def copied(template: Site, name: str) -> Site:
    folder = template.folder.parent / name
    shutil.copytree(template.folder, folder)
    return Site(template.kind, folder, POLICY)


def killed_at_random(site: Site, order: Order, seconds: float) -> None:
    """Let an erasure begin, and kill it some time later."""
    reading, writing_end = os.pipe()
    if (pid := os.fork()) == 0:
        erasing(site, order, None, writing_end)
        os._exit(0)
    os.close(writing_end)
    os.read(reading, 6)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(reading)


def main(kind: str, folder: Path, at_random: int, stride: int, order: Order) -> None:
    guard = Guard(POLICY, keys=Keyring.ephemeral(), state=":memory:", embedder=EMBED)
    guard.scrubbed(["loads what scrubbing needs"], "alice")
    template = Site(kind, folder / "template", POLICY)
    status, told = child(lambda pipe: writing(template, pipe))
    assert status == 0, told
    status, told = child(lambda pipe: erasing(copied(template, "whole"), order, None, pipe))
    assert status == 0, told
    whole = json.loads(told.partition("\n")[2])
    for at in range(0, len(whole["steps"]), stride):
        site = copied(template, f"step-{at}")
        status, told = child(lambda pipe, site=site, at=at: erasing(site, order, at, pipe))
        assert os.WIFSIGNALED(status), told
        outcome(site, order, f"before {at}: {whole['steps'][at]}")
    draws = random.Random(0)
    for number in range(at_random):
        site = copied(template, f"random-{number}")
        seconds = draws.uniform(0, whole["seconds"])
        killed_at_random(site, order, seconds)
        outcome(site, order, f"after {seconds:.3f} s")


if __name__ == "__main__":
    stride, order = (*sys.argv[4:], *("1", "owner")[len(sys.argv) - 4 :])
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(stride), ORDERS[order])
