"""What protection costs in retrieval quality: the benchmark behind the figures of the README.

    python benchmarks/retrieval_utility.py FOLDER [FOLDER ...] [-- options of `vecguard bench retrieval`]

Runs `vecguard bench retrieval` on each corpus in BEIR layout. The same options work here and there.
"""

from __future__ import annotations

import subprocess
import sys


def main(arguments: list[str]) -> int:
    """Run the command once per folder and return the worst exit status."""
    split = arguments.index("--") if "--" in arguments else len(arguments)
    folders, options = arguments[:split], arguments[split + 1 :]
    if not folders:
        print(__doc__)
        return 2
    command = [sys.executable, "-m", "vecguard.cli", "bench", "retrieval"]
    return max(subprocess.call([*command, "--data", folder, *options]) for folder in folders)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
