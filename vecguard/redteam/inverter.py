"""Inverters that are not ours: anything that takes vectors and gives texts, trained elsewhere, with weights of its own.

Any callable will do: a language model behind a prompt, a service, a model of one's own. `vec2text` loads the one that
is published (Morris et al. 2023, "Text Embeddings Reveal (Almost) As Much As Text"), which has to be installed apart;
its weights come from its authors, or from a folder. Such an inverter knows no mechanism: it is naive, and a rotation is
all that can be undone before it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from vecguard.arrays import Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Encode, Hidden, Knowledge, Score, Stolen
from vecguard.redteam.turning import Turn, Unturned, turned_back
from vecguard.redteam.wording import judged, most_usual

Invert: TypeAlias = Callable[[Floats], Sequence[str]]
"""Vectors (n, d) to n texts."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """An inverter trained elsewhere, `label` in tables. `undo` says how the victim's rotation is undone.

    The floor of its figures needs texts of the domain; without any it is what its own texts score on other rows.
    """

    invert: Invert = field(repr=False)
    label: str = "pretrained inverter"
    undo: Unturned = "as stolen"

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.label if self.undo == "as stolen" else f"{self.label}, {self.undo}"

    def fit(self, known: Knowledge) -> PretrainedAttacker:
        """Learn how to turn rows back. Raises `BadInput` without the pairs or the corpus that it takes."""
        return PretrainedAttacker(self.invert, most_usual(known.texts), turned_back(self.undo, known), known.encode)


@dataclass(frozen=True, slots=True)
class PretrainedAttacker:
    """Holds the inverter, and the sentence that is said of any row by somebody who sees none."""

    invert: Invert = field(repr=False)
    usual: str = field(repr=False)
    turn: Turn = field(repr=False)
    encode: Encode | None = field(default=None, repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return what `wording` counts, with floors. Raises `BadInput` where there is not one text for each row."""
        return judged(self.told(stolen, len(stolen.rows)), hidden, usual=self.usual, encode=self.encode)

    def told(self, stolen: Stolen, count: int) -> list[str]:
        """Return what the inverter makes of the first rows. Raises `BadInput` where that is not one text for each."""
        rows = self.turn(stolen.rows)[:count]
        texts = list(self.invert(rows))
        if len(texts) != len(rows) or not all(isinstance(text, str) for text in texts):
            raise BadInput("an inverter must return one text for each vector")
        return texts


def vec2text(
    corrector: str | Path, hypothesizer: Path | None = None, *, steps: int = 20, beam: int = 0, batch: int = 32
) -> Invert:
    """Load vec2text. `steps` corrections follow the first guess, `beam` texts are followed at once (0: one).

    `corrector` is the name of an encoder for which its authors publish weights ("gtr-base", "text-embedding-ada-002"),
    which are downloaded; or the folder of a corrector's weights, with `hypothesizer` that of the model that guesses.
    `batch` vectors are inverted at a time, of the encoder's own length: it matters to some.

    Raises `ImportError` without the package, `BadInput` for an unknown name, a folder without a model, and later for
    vectors of another dimension than the encoder's.
    """
    folders = _folders(corrector, hypothesizer)
    try:
        import torch  # noqa: PLC0415 - optional dependencies that take seconds to load
        import vec2text as package  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415
    except ImportError as missing:
        raise ImportError("this inverter needs its authors' package: `pip install vec2text`") from missing
    loaded = _loaded(package, corrector, folders)

    def invert(rows: Floats) -> list[str]:
        if rows.shape[1] != loaded.inversion_trainer.model.embedder_dim:
            raise BadInput("these vectors have another dimension than those the inverter was trained on")
        texts: list[str] = []
        for start in range(0, len(rows), batch):
            part = torch.from_numpy(np.ascontiguousarray(rows[start : start + batch])).to(loaded.model.device)
            texts += package.invert_embeddings(part, loaded, num_steps=steps, sequence_beam_width=beam)
        return texts

    return invert


def _loaded(package: Any, name: str | Path, folders: tuple[str, str] | None) -> Any:
    if folders is not None:
        guessing, correcting = folders
        return package.load_corrector(
            package.models.InversionModel.from_pretrained(guessing),
            package.models.CorrectorEncoderModel.from_pretrained(correcting),
        )
    if name not in package.api.SUPPORTED_MODELS:
        raise BadInput(f"vec2text has weights for {', '.join(package.api.SUPPORTED_MODELS)}, or takes two folders")
    return package.load_pretrained_corrector(name)


def _folders(corrector: str | Path, hypothesizer: Path | None) -> tuple[str, str] | None:
    """Return the folders of hypothesizer and corrector, or None where a name is given. Raises `BadInput`."""
    if hypothesizer is None:
        if isinstance(corrector, Path):
            raise BadInput("a corrector's folder needs that of its hypothesizer beside it")
        return None
    for folder, what in ((hypothesizer, "hypothesizer"), (Path(corrector), "corrector")):
        if not (folder / "config.json").is_file():
            raise BadInput(f"the folder of the {what} has no config.json: it holds no model")
    return str(hypothesizer), str(corrector)
