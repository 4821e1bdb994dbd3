"""What the recogniser is trained on, how much of each, and in which order. One seed fixes it all."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from vecguard.scrub.model.train import clinical, sources
from vecguard.scrub.model.train.augment import Variants
from vecguard.scrub.model.train.marked import Marked, cut, joined
from vecguard.scrub.model.train.names import People
from vecguard.scrub.model.train.places import Places
from vecguard.scrub.model.train.templates import Filler, templates

SEED = 20261120
CROSSNER_TRAIN = (
    *(f"{domain}_{split}" for domain in ("ai", "literature", "music", "science") for split in ("train", "dev", "test")),
    "politics_train",
)
PER_TEMPLATE, PER_PLAIN_TEMPLATE, PROSE = 60, 20, 12_000
MAX_CHARS = 1_200


class Corpus:
    """Makes the texts of one epoch: real ones, real ones with other people in them, made ones, and prose."""

    def __init__(self, data: Path, seed: int = SEED) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - for training data, not for secrets
        people = People(self._rng)
        places = Places(self._rng, people)
        self._filler = Filler(self._rng, people, places)
        self._variants = Variants(self._rng, people, places)
        self.composition: Counter[str] = Counter()
        self._prose: list[Marked] = []
        self._real = self._read(data)

    def _read(self, data: Path) -> list[tuple[Marked, int]]:
        """Return every real text with how many copies of it, other people's names in them, join each epoch."""
        readers: tuple[tuple[str, Iterable[Marked], int, int], ...] = (
            ("WNUT17 train", sources.wnut17(data, "train"), 2, 4),
            ("BTC", sources.btc(data, dev=False), 1, 1),
            ("WikiGold", sources.wikigold(data, held_out=False), 1, 2),
            ("CrossNER", sources.crossner(data, CROSSNER_TRAIN), 1, 1),
            ("TAB train", sources.tab(data, "train"), 1, 3),
            ("ACI-Bench train", clinical.aci(data, ("train",)), 1, 1),
        )
        kept: list[tuple[Marked, int]] = []
        for name, texts, times, copies in readers:
            real = [text for text in texts if text.text.strip()]
            self.composition[name] = len(real)
            kept += [(text, copies if "PERSON" in text.kinds() else 0) for text in real for _ in range(times)]
        self._prose = list(clinical.prose(data, dev=False))
        self.composition["SciFact, MedQuAD and MTS-Dialog sentences"] = len(self._prose)
        return kept

    def epoch(self) -> list[Marked]:
        """Return a fresh epoch in random order."""
        texts = [self._variants.varied(text) for text, _ in self._real]
        for text, copies in self._real:
            texts += [self._variants.varied(self._variants.renamed(text)) for _ in range(copies)]
        made = self._made(templates("templates", unseen=False), PER_TEMPLATE, self._filler.fill)
        plain = self._made(templates("templates_plain", unseen=False), PER_PLAIN_TEMPLATE, self._filler.fill)
        self.composition["made from templates, per epoch"] = len(made)
        self.composition["made from templates without names, per epoch"] = len(plain)
        texts += [self._variants.varied(text) for text in made]
        texts += [self._variants.varied_prose(text) for text in plain]
        prose = self._rng.sample(self._prose, min(PROSE, len(self._prose)))
        texts += [self._variants.varied_prose(text) for text in prose]
        texts = [text for text in texts if len(text.text) <= MAX_CHARS]
        self._rng.shuffle(texts)
        return self._run_together(texts)

    def _run_together(self, texts: list[Marked]) -> list[Marked]:
        """Join one text in seven to the one before it: in use, sentences have others around them."""
        runs: list[Marked] = []
        for text in texts:
            if runs and self._rng.random() < 1 / 7 and len(runs[-1].text) + len(text.text) < MAX_CHARS:
                gap = self._rng.choice((" ", " ", "\n", "\n\n"))
                text = joined([*cut(runs.pop()), (gap, ""), *cut(text)])  # noqa: PLW2901 - the run takes its place
            runs.append(text)
        return runs

    def _made(self, records: tuple[str, ...], times: int, fill: Callable[[str], Marked]) -> list[Marked]:
        return [fill(record) for record in records for _ in range(times)]


def unseen_texts(seed: int = SEED + 1, *, per_template: int = 30, names_unseen: bool = True) -> list[Marked]:
    """Return texts from templates, and with names, that training never sees."""
    rng = random.Random(seed)  # noqa: S311 - for scoring, not for secrets
    people = People(rng, unseen=names_unseen)
    filler = Filler(rng, people, Places(rng, people))
    records = templates("templates", unseen=True) + templates("templates_plain", unseen=True)
    return [filler.fill(record) for record in records for _ in range(per_template)]
