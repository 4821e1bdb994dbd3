"""Read a BEIR set by its name through `ir_datasets` (MacAvaney et al. 2021), which downloads it and checks its hash.

Preferred to the `datasets` library, whose 4.0 dropped the loading scripts that many retrieval sets rely on.
"""

from __future__ import annotations

import importlib
from typing import Any

from vecguard.errors import shielded
from vecguard.evaluate._folder import Judged, titled
from vecguard.evaluate.errors import BadCorpus

OFFLINE = "a folder in BEIR layout (corpus.jsonl, queries.jsonl, qrels/<split>.tsv) works offline"


def read(name: str, split: str) -> Judged:
    """Fetch the BEIR set `name` ("scifact", "cqadupstack/android"), which `ir_datasets` keeps for the next time.

    Raises `ImportError` without `ir_datasets`, `BadCorpus` for an unknown name and for a failed download.
    """
    found = _find(name.removeprefix("beir/"), split)
    return shielded(
        lambda why: BadCorpus(f"the BEIR set could not be fetched ({why}); {OFFLINE}"),
        lambda: _judged(found),
    )


def _find(name: str, split: str) -> Any:
    hub = _hub()
    # Sets with a single split are registered without its name: beir/arguana, but beir/scifact/test.
    for candidate in (f"beir/{name}/{split}", *([f"beir/{name}"] if split == "test" else [])):
        try:
            found = hub.load(candidate)
        except KeyError:
            continue
        if found.has_qrels():
            return found
    raise BadCorpus(f"neither a folder nor a BEIR set known to ir_datasets with a split of that name; {OFFLINE}")


def _hub() -> Any:
    try:
        return importlib.import_module("ir_datasets")
    except ImportError as missing:
        message = f"not a folder, so taken as the name of a BEIR set, which needs `pip install ir-datasets`; {OFFLINE}"
        raise ImportError(message) from missing


def _judged(found: Any) -> Judged:
    qrels: dict[str, dict[str, int]] = {}
    for judgement in found.qrels_iter():
        qrels.setdefault(judgement.query_id, {})[judgement.doc_id] = int(judgement.relevance)
    return Judged(
        # fiqa and quora have no titles.
        docs={doc.doc_id: titled(getattr(doc, "title", None), doc.text) for doc in found.docs_iter()},
        queries={query.query_id: query.text for query in found.queries_iter()},
        qrels=qrels,
    )
