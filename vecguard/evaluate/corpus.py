"""A retrieval corpus with judgements, from a folder in BEIR layout or from a hub by name."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from vecguard.evaluate import _folder, _hub
from vecguard.evaluate.errors import BadCorpus

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts, queries and who answers whom. Its repr shows the name only: texts may be private.

    `doc_ids[i]` names `texts[i]`, `query_ids[j]` names `queries[j]`; both keep the source's order. `texts` are
    "title text"; one may be empty, as in some BEIR sets. `qrels[query_id][doc_id]` is the grade, relevant when
    positive; a judged document may be absent from the corpus, where it counts against every system alike.
    """

    name: str
    split: str
    doc_ids: tuple[str, ...] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    query_ids: tuple[str, ...] = field(repr=False)
    queries: tuple[str, ...] = field(repr=False)
    qrels: Mapping[str, Mapping[str, int]] = field(repr=False)


def load(path_or_name: str | os.PathLike[str], split: str = "test") -> Corpus:
    """Load the corpus in the folder `path_or_name`, or the BEIR set of that name, with the judged queries of `split`.

    A string that is no folder and does not look like a path ("./", "../", "~", absolute) is a name such as "scifact".

    Raises `BadCorpus` when the corpus is missing, incomplete or badly formed, and `ImportError` when a name is given
    and `ir_datasets` is not installed.
    """
    folder = Path(path_or_name).expanduser()
    if folder.is_dir():
        return _judged_only(folder.resolve().name, split, _folder.read(folder, split))
    if not isinstance(path_or_name, str) or path_or_name.startswith((".", "~")) or folder.is_absolute():
        raise BadCorpus("there is no folder at the path given")
    return _judged_only(path_or_name, split, _hub.read(path_or_name, split))


def _judged_only(name: str, split: str, source: _folder.Judged) -> Corpus:
    kept = {key: text for key, text in source.queries.items() if key in source.qrels}
    if not source.docs or not kept:
        raise BadCorpus(f"the corpus has {len(source.docs)} document(s) and {len(kept)} judged query(ies)")
    if len(kept) != len(source.qrels):
        # Measuring on fewer queries without a word would give a figure that nobody else can reproduce.
        raise BadCorpus(f"{len(source.qrels) - len(kept)} judged query(ies) of this split have no text in the queries")
    return Corpus(
        name=name,
        split=split,
        doc_ids=tuple(source.docs),
        texts=tuple(source.docs.values()),
        query_ids=tuple(kept),
        queries=tuple(kept.values()),
        qrels=MappingProxyType({key: MappingProxyType(source.qrels[key]) for key in kept}),
    )
