"""SIGKILL in the middle of an erasure, anywhere: the same call completes it, and nobody else has lost anything.

In the suite every second step (every fourth of a purge) and a few random moments; `VECGUARD_KILLS=300 pytest
tests/erasure/test_kills.py` takes every step and so many random moments of each store.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("VECGUARD_KILLS", "0"))
GOOD = {"clean": True, "elsewhere": 0, "alice": 0, "bob": 12, "found": 5, "open": 0, "audit": 0, "left": 0}


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX")
@pytest.mark.parametrize("order", ["owner", "expired"])
def test_an_erasure_that_was_killed_is_completed_by_the_next(order: str, kind: str, tmp_path: Path) -> None:
    """Before every store request, state transaction, rewriting and search, and at random: run again, and it is done.

    Of everything of an owner, and of what expired of owners whom nobody names.
    """
    script = Path(__file__).with_name("killing.py")
    stride = "1" if KILLS else {"owner": "2", "expired": "4"}[order]
    command = [sys.executable, "-W", "ignore", str(script), kind, str(tmp_path), str(KILLS or 4), stride, order]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60 + 20 * (KILLS + 60))
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(told) >= (8 if order == "owner" or KILLS else 4) + (
        KILLS or 4
    )  # as many steps as the shortest of them has, every second one
    assert [each for each in told if {name: value for name, value in each.items() if name != "killed"} != GOOD] == []
