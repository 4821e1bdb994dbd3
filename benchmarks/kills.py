"""Kill processes that use a guard, as often as asked, and look at what each kill left.

    python benchmarks/kills.py [--kills 1000] [--stores chroma qdrant faiss] [--policies plain scrubbed]
        [--intents 10000] [--seed N] [--json FILE]

A child process works on a real store in a folder: three owners add, upsert, update and delete batches of 1 to 50 rows
and share them. It is killed (SIGKILL) before or after a store request, a SQL statement, a sync or a renaming, or by the
clock; also while it settles what the last kill left. The next child opens store and state, settles, and compares
everything with an oracle: rows, vectors, originals behind tokens, what others see, intents, and the log. All files are
searched for what was planted (`tests/crash`). Where something does not hold, it says what, goes on with the next store
or policy, and ends with status 1. FAISS is saved after some of the calls; all count as acknowledged when they return.

`--intents` begins so many writes in one process, kills it before any of them is put, and measures how long the next
process takes until all of them are carried out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.append(str(Path(__file__).resolve().parents[1]))

from rich.console import Console

from tests.crash.campaign import Campaign, Nursery, Tally, nursery
from tests.crash.journal import Broken

_A_FOLDER = 25  # kills: every now and then all begins anew, the first write included


def killed(warm: Nursery, site: str, policy: str, kills: int, seed: int) -> dict[str, Any]:
    """Kill so often, or until something does not hold; return where, and the seconds that it took."""
    tally, started, broken = Tally(), time.perf_counter(), ""
    while tally.total < kills and not broken:
        with tempfile.TemporaryDirectory() as folder:
            campaign = Campaign(warm, site, Path(folder) / "campaign", policy, seed + tally.total)
            until = min(tally.total + _A_FOLDER, kills)
            try:
                while tally.total < until:
                    tally.add(campaign.kill())
                campaign.settled()
            except Broken as found:
                broken = str(found)
    seconds = round(time.perf_counter() - started, 1)
    counted = {"kills": tally.total, "settling": tally.settling, "calls": tally.calls, "places": dict(tally.kills)}
    return {"store": site, "policy": policy, **counted, "seconds": seconds, "broken": broken}


def settled(warm: Nursery, site: str, intents: int) -> dict[str, Any]:
    """Open so many intents and settle them."""
    with tempfile.TemporaryDirectory() as folder:
        found = Campaign(warm, site, Path(folder) / "campaign", "plain", 0).opened(intents)
    if found.rows != intents + 2:  # the marker, and a record from before
        raise Broken(f"{site}: {found.rows} rows after {intents} intents")
    return {"store": site, "intents": intents, "seconds": round(found.seconds, 2)}


def main() -> None:
    """Kill, settle, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--stores", nargs="+", default=["chroma", "qdrant", "faiss"])
    parser.add_argument("--policies", nargs="+", default=["plain", "scrubbed"])
    parser.add_argument("--intents", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    forms = [(store, policy) for store in options.stores for policy in options.policies]
    results: list[dict[str, Any]] = []
    with nursery() as warm:
        for at, form in enumerate(forms if options.kills else ()):
            kills = options.kills * (at + 1) // len(forms) - options.kills * at // len(forms)
            results.append(killed(warm, *form, kills, options.seed))
            _print(results[-1])
        for store in options.stores if options.intents else ():
            results.append(settled(warm, store, options.intents))
            Console().print(results[-1])
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))
    if any(each.get("broken") for each in results):
        sys.exit("something does not hold")


def _print(form: dict[str, Any]) -> None:
    Console().print(
        f"{form['store']}, {form['policy']}: {form['kills']} kills at {len(form['places'])} places, {form['settling']} "
        f"while settling, {form['calls']} calls acknowledged, {form['seconds']} s"
    )
    if form["broken"]:
        Console().print(f"  does not hold: {form['broken'][:500]}", markup=False)


if __name__ == "__main__":
    main()
