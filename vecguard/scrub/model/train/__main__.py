"""`python -m vecguard.scrub.model.train`: train, score what was held out, write the weights and their manifest."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from vecguard.scrub.model.train import score
from vecguard.scrub.model.train.corpus import SEED
from vecguard.scrub.model.train.train import EPOCHS, train

_PACKAGE = Path(__file__).resolve().parents[1]
_DIGEST = '''"""The SHA-256 of `en/manifest.json`, which lists those of all other files. Written by `make model`."""

MANIFEST_SHA256 = "{digest}"
'''


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write(nlp: Any, package: Path) -> str:
    """Write pipeline, manifest and `_digest.py` into `package`; return the manifest's digest."""
    folder = package / "en"
    shutil.rmtree(folder, ignore_errors=True)
    nlp.to_disk(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = {path.relative_to(folder).as_posix(): _sha256(path) for path in files}
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    (package / "_digest.py").write_text(_DIGEST.format(digest=_sha256(manifest)), encoding="utf-8")
    return _sha256(manifest)


def main() -> None:
    """Train and write; with `--score` read the shipped weights and score them instead."""
    parser = argparse.ArgumentParser(prog="python -m vecguard.scrub.model.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the open corpora")
    parser.add_argument("--out", type=Path, default=_PACKAGE, help="where en/ and _digest.py go (default: the package)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--score", action="store_true", help="score the weights in --out; train nothing")
    asked = parser.parse_args()
    if asked.score:
        import spacy  # noqa: PLC0415

        import vecguard.scrub.model.language  # noqa: F401, PLC0415 - registers the language

        nlp = spacy.load(asked.out / "en")
    else:
        nlp, corpus = train(asked.data, seed=asked.seed, epochs=asked.epochs)
        for name, count in corpus.composition.items():
            print(f"{count:7,} {name}")  # noqa: T201
        print(f"manifest {write(nlp, asked.out)}")  # noqa: T201
    for name, value in {**score.development(nlp, asked.data), **score.held_out(nlp, asked.data)}.items():
        print(f"{value:8.3f} {name}")  # noqa: T201


if __name__ == "__main__":
    main()
