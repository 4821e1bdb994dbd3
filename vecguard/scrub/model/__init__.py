"""The English recogniser that ships with the package: a small spaCy pipeline, loaded only if nobody touched it.

Order is the point: the manifest is held against the digest in `_digest.py`, every file of the folder against the
manifest, and only then does spaCy read any of them. A file that is missing, changed or not listed is `ScrubFailed`.
What the recogniser was trained on, how well it does and where it fails is in `CARD.md`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecguard.errors import ScrubFailed, shielded
from vecguard.scrub.model._digest import MANIFEST_SHA256

if TYPE_CHECKING:
    from spacy.language import Language

__all__ = ["LABELS", "load"]

LABELS: frozenset[str] = frozenset({"ADDRESS", "LOCATION", "NRP", "ORGANIZATION", "PERSON"})
"""What the recogniser finds. An ADDRESS is whole, from the house to the postcode or country; NRP is a nationality,
religion or political group."""

_FOLDER = Path(__file__).with_name("en")
_MANIFEST = "manifest.json"


def load() -> Language:
    """Read the pipeline afresh: 0.04 CPU seconds once spaCy is imported. Who calls keeps it.

    Raises `ScrubFailed` when a file of it is missing, changed or unknown, or when spaCy cannot read it. Wrap its use
    in `with nlp.memory_zone():` to keep the vocabulary from growing with the texts.
    """
    pipeline: Language = _read(_FOLDER, MANIFEST_SHA256)
    return pipeline


def _read(folder: Path, digest: str) -> Any:
    """Verify every file of `folder`, then have spaCy read it."""
    _verify(folder, digest)

    def read() -> Any:
        from spacy.util import load_model_from_path  # noqa: PLC0415 - half a second that only a user of it pays

        import vecguard.scrub.model.language  # noqa: F401, PLC0415 - registers the language that the pipeline names

        return load_model_from_path(folder)

    return shielded(lambda name: ScrubFailed(f"the shipped recogniser cannot be read ({name})"), read)


def _verify(folder: Path, digest: str) -> None:
    listed = _listed(folder / _MANIFEST, digest)
    present = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    present.pop(_MANIFEST, None)
    for name in sorted(listed.keys() | present.keys()):
        if name not in listed:
            raise ScrubFailed(f"the shipped recogniser has a file that its manifest does not list: {name}")
        if name not in present:
            raise ScrubFailed(f"the shipped recogniser lacks a file: {name}")
        if _digest(present[name]) != listed[name]:
            raise ScrubFailed(f"a file of the shipped recogniser was changed: {name}")


def _listed(path: Path, digest: str) -> dict[str, str]:
    """Return the digest of every file, by its name in the folder."""
    if not path.is_file():
        raise ScrubFailed("the shipped recogniser is not there: its manifest is missing")
    if _digest(path) != digest:
        raise ScrubFailed("the manifest of the shipped recogniser was changed")
    listed: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return listed


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
