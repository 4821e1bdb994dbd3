"""Which labelled sets lie in a data folder, and what each of them is good for.

Every set is optional: what is not there is named and left out. The layout is `NAME/FILE` as in `Source`; a file of the
same layout may be of another edition or split, so that a run elsewhere measures by the same rules on other texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from vecguard.evaluate.pii import conll, sets
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.types import NEWS_AND_WEB

Loaded: TypeAlias = "Mapping[str, list[Labelled]]"  # by what is appended to the set's name: a split, or nothing


class Use(Enum):
    """What a set can tell."""

    PROTOCOL = "spans by presidio-research's protocol"
    HIDDEN = "characters hidden"
    EXACT = "exact spans"
    SILENCE = "false alarms"


@dataclass(frozen=True, slots=True)
class Source:
    """A set by its name, where it lies in the folder, and how it is read. `selections` are "default" and "all"."""

    name: str
    path: Path
    use: Use
    load: Callable[[Path], Loaded] = field(repr=False)
    selections: tuple[str, ...] = ("all",)


def sources(data: Path) -> Iterator[Source]:
    """Yield every set that a data folder may have, present or not."""
    for stem in ("synth_dataset_v2", "generated_large"):
        path = data / "presidio_research" / f"{stem}.json"
        yield Source(stem, path, Use.PROTOCOL, lambda path: {"": sets.presidio_research(path)})
    tab = next(iter(sorted((data / "tab_echr").glob("*.jsonl"))), data / "tab_echr" / "tab_144.jsonl")
    both = ("default", "all")
    yield Source("TAB direct identifiers", tab, Use.HIDDEN, lambda path: sets.tab(path, "DIRECT"), both)
    yield Source("TAB quasi-identifiers", tab, Use.HIDDEN, lambda path: sets.tab(path, "QUASI"), both)
    notes = data / "aci_bench" / "encounters.jsonl"
    yield Source("ACI-Bench patient names", notes, Use.HIDDEN, _with_all(sets.aci_bench), both)
    for name in ("dev", "test"):
        path = data / "wnut17" / f"{name}.conll"
        yield Source(f"WNUT17 {name}", path, Use.EXACT, tokens, both)
    yield Source("WikiGold", data / "wikigold" / "wikigold.conll", Use.EXACT, tokens)
    yield Source("Broad Twitter Corpus", data / "btc", Use.EXACT, _folder(handles=True))
    yield Source("CrossNER", data / "crossner", Use.EXACT, _folder("_test"))
    for name in ("scifact", "medquad"):
        yield Source(name, data / name / "corpus.jsonl", Use.SILENCE, lambda path: {"": sets.plain(path)}, both)


def tokens(path: Path) -> Loaded:
    """Read a file of tokens and tags, with the types of news and the web."""
    return {"": conll.read(path, NEWS_AND_WEB)}


def spans(path: Path) -> Loaded:
    """Read a JSONL file of texts and spans, with types as they are called here."""
    return {"": sets.jsonl(path)}


def _with_all(load: Callable[[Path], Mapping[str, list[Labelled]]]) -> Callable[[Path], Loaded]:
    """Add all splits together, as "all splits", in front of the splits."""

    def loaded(path: Path) -> Loaded:
        splits = load(path)
        return {"all splits": [text for texts in splits.values() for text in texts], **splits}

    return loaded


def _folder(ending: str = "", *, handles: bool = False) -> Callable[[Path], Loaded]:
    """Read all files of a folder as one set; where files have splits, those with `ending`."""

    def loaded(path: Path) -> Loaded:
        files = sorted(path.glob(f"*{ending}.conll"))
        return {"": [text for file in files for text in conll.read(file, NEWS_AND_WEB, handles=handles)]}

    return loaded
