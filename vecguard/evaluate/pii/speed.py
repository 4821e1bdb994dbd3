"""CPU time of our detector beside stock Presidio's analyzer: the same texts, entities and model, in one process.

The two take turns, each round in the other order, so that whatever slows the machine down slows both. Time is the
process's CPU time (user and system, all threads), never the wall's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vecguard.evaluate.pii.counts import Estimate
from vecguard.evaluate.pii.report import Block, Gate, Part, interval

LIMIT_RATIO = 0.5

_LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Race:
    """Rounds of the same work by two. Times are CPU seconds per round."""

    name: str
    texts: int
    ours_s: tuple[float, ...]
    stock_s: tuple[float, ...]

    def ratio(self, *, seed: int, resamples: int = 2_000) -> Estimate:
        """Return the median of ours / stock over rounds, with a 95 % interval by bootstrap over rounds."""
        ratios = np.array(self.ours_s) / np.array(self.stock_s)
        rng = np.random.default_rng(seed)
        drawn = np.median(ratios[rng.integers(0, len(ratios), size=(resamples, len(ratios)))], axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Estimate(float(np.median(ratios)), float(low), float(high), len(ratios))

    def per_text_ms(self) -> tuple[float, float]:
        """Return median CPU milliseconds per text: ours, stock."""
        ours, stock = (1_000 * float(np.median(times)) / self.texts for times in (self.ours_s, self.stock_s))
        return ours, stock


def races(several: Iterable[tuple[Race, bool]], *, seed: int, note: str) -> Part:
    """Return the ratios of several races; those marked True are the ones that something is promised about."""
    part, rows = Part(), []
    for each, promised in several:
        ratio, (ours, stock) = each.ratio(seed=seed), each.per_text_ms()
        rows.append((each.name, str(each.texts), f"{ours:.2f}", f"{stock:.2f}", interval(ratio)))
        part.figures[f"speed, {each.name}: ours / stock"] = ratio.value
        if promised:
            part.gates.append(Gate(f"{each.name}: CPU time, ours / stock", ratio.value, LIMIT_RATIO, at_most=True))
    columns = ("texts", "number", "ours, CPU ms", "stock, CPU ms", "ours / stock")
    part.blocks.append(Block("Speed beside stock Presidio", columns, tuple(rows), note))
    return part


def race(
    name: str,
    texts: Sequence[str],
    ours: Callable[[Sequence[str]], object],
    stock: Callable[[Sequence[str]], object],
    *,
    rounds: int = 9,
    advance: Callable[[int], None] = lambda _: None,
) -> Race:
    """Time both over all texts, `rounds` times after one round that is not counted."""
    times: dict[str, list[float]] = {"ours": [], "stock": []}
    for number in range(rounds + 1):
        turns = [("ours", ours), ("stock", stock)]
        for who, work in turns if number % 2 else reversed(turns):
            began = time.process_time()
            work(texts)
            if number:
                times[who].append(time.process_time() - began)
        advance(1)
    return Race(name, len(texts), tuple(times["ours"]), tuple(times["stock"]))


def stock_analyzer(pipeline: Any, entities: Iterable[str]) -> tuple[Any, list[str]]:
    """Return Presidio's `AnalyzerEngine` on a loaded spaCy pipeline, and which of `entities` it knows.

    Its recognisers are the predefined ones. The public list of top-level domains that its e-mail recogniser would
    download is replaced by tldextract's own copy: downloading would be timed too, and nothing here opens a socket.
    """
    import tldextract  # noqa: PLC0415 - Presidio takes seconds to import
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry  # noqa: PLC0415
    from presidio_analyzer.nlp_engine import SpacyNlpEngine  # noqa: PLC0415

    class Loaded(SpacyNlpEngine):  # type: ignore[misc]  # Presidio is untyped
        """Presidio's engine on a pipeline that is in memory, as its documentation does it."""

        def __init__(self) -> None:
            super().__init__(models=[{"lang_code": _LANGUAGE, "model_name": "loaded"}])
            self.nlp = {_LANGUAGE: pipeline}

    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    engine = Loaded()
    registry = RecognizerRegistry(supported_languages=[_LANGUAGE])
    registry.load_predefined_recognizers(languages=[_LANGUAGE], nlp_engine=engine)
    analyzer = AnalyzerEngine(nlp_engine=engine, registry=registry, supported_languages=[_LANGUAGE])
    known = set(analyzer.get_supported_entities(_LANGUAGE))
    return analyzer, sorted(known.intersection(entities))


def cut(texts: Iterable[str], words: int, count: int, seed: int) -> list[str]:
    """Return `count` pieces of `words` words between white space, drawn from all texts without overlap."""
    pieces = []
    for text in texts:
        parts = text.split(" ")
        pieces += [" ".join(parts[at : at + words]) for at in range(0, len(parts) - words + 1, words)]
    random.Random(seed).shuffle(pieces)  # noqa: S311 - nothing secret about it
    return pieces[:count]
