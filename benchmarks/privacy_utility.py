"""What each setting costs in retrieval and what it leaves to each attacker, at equal utility.

    python benchmarks/privacy_utility.py --data FOLDER [--quick | --full] [options of `vecguard bench frontier`]

Runs `vecguard bench frontier`: the same options work here and there.
"""

from __future__ import annotations

import sys

from vecguard.cli import app

if __name__ == "__main__":
    app(["bench", "frontier", *(sys.argv[1:] or ["--help"])])
