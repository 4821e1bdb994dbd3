"""An encoder seen from inside: token embeddings in, vectors out, with gradients.

Whoever downloads an encoder has its weights too. `opened` finds them in what a corpus is embedded with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from vecguard.redteam.attack import Encode


class OpenEncoder(Protocol):
    """What a white-box attack needs. Tensors are torch's; `table` (v, e) has the embedding of every token."""

    @property
    def table(self) -> Any:
        """Token embeddings (v, e)."""
        ...

    def plain(self) -> list[int]:
        """Return the tokens that are whole words of ASCII letters."""
        ...

    def framed(self, tokens: Any) -> Any:
        """Return token numbers (n, t) with what the encoder puts before and after a text: (n, t + 2)."""
        ...

    def vectors(self, embeddings: Any) -> Any:
        """Return vectors (n, d) at length 1 for framed token embeddings (n, t + 2, e)."""
        ...

    def text(self, tokens: Any) -> str:
        """Return the text of token numbers (t,)."""
        ...


@dataclass(frozen=True, slots=True)
class SentenceTransformer:
    """A BERT-like model of the sentence-transformers library, `model`."""

    model: Any = field(repr=False)

    @property
    def table(self) -> Any:
        """Token embeddings (v, e)."""
        return self.model[0].auto_model.get_input_embeddings().weight.detach()

    def plain(self) -> list[int]:
        """Return the tokens that are whole words of ASCII letters."""
        names = self.model.tokenizer.convert_ids_to_tokens(list(range(len(self.table))))
        return [i for i, name in enumerate(names) if name.isascii() and name.isalpha()]

    def framed(self, tokens: Any) -> Any:
        """Return token numbers with [CLS] before and [SEP] after them."""
        ends = self.model.tokenizer.cls_token_id, self.model.tokenizer.sep_token_id
        padded = tokens.new_empty((len(tokens), tokens.shape[1] + 2))
        padded[:, 0], padded[:, 1:-1], padded[:, -1] = ends[0], tokens, ends[1]
        return padded

    def vectors(self, embeddings: Any) -> Any:
        """Run the transformer on embeddings, then the library's own pooling and normalising."""
        transformer, *after = self.model
        mask = embeddings.new_ones(embeddings.shape[:2]).long()
        states = transformer.auto_model(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        features = {"token_embeddings": states, "attention_mask": mask}
        for module in after:
            features = module(features)
        found = features["sentence_embedding"]
        return found / found.norm(dim=1, keepdim=True)

    def text(self, tokens: Any) -> str:
        """Return the text of token numbers."""
        return str(self.model.tokenizer.decode(tokens))


def opened(encode: Encode | Callable[..., Any] | None) -> OpenEncoder | None:
    """Return the inside of an encoder: one that has a `model`, maybe behind a cache. None where it shows none."""
    inner = getattr(encode, "embedder", encode)
    model = getattr(inner, "model", None)
    return None if model is None else SentenceTransformer(model)
