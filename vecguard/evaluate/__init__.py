"""Measure what protection costs: corpora in BEIR layout, embeddings kept on disk, metrics, intervals, reports.

Nothing here knows the guard; the command line runs the stores and fills `Cell`s.
"""

from vecguard.evaluate.cache import Cached, default_folder
from vecguard.evaluate.corpus import Corpus, load
from vecguard.evaluate.embedding import MiniLM, minilm
from vecguard.evaluate.errors import BadCorpus, CacheUnusable
from vecguard.evaluate.intervals import Interval, paired_bootstrap
from vecguard.evaluate.metrics import Qrels, Run, Scores, overlap_at_k, score
from vecguard.evaluate.plot import plot
from vecguard.evaluate.report import Cell, Setup, document, table, versions, write_json

__all__ = [
    "BadCorpus",
    "CacheUnusable",
    "Cached",
    "Cell",
    "Corpus",
    "Interval",
    "MiniLM",
    "Qrels",
    "Run",
    "Scores",
    "Setup",
    "default_folder",
    "document",
    "load",
    "minilm",
    "overlap_at_k",
    "paired_bootstrap",
    "plot",
    "score",
    "table",
    "versions",
    "write_json",
]
