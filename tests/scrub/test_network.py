"""The shipped weights, read by numpy and by spaCy: the same spans, whatever stands around them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from vecguard.scrub import model
from vecguard.scrub.model.network import Network, Span
from vecguard.scrub.model.train.augment import lower, upper
from vecguard.scrub.model.train.corpus import unseen_texts
from vecguard.scrub.model.train.marked import Marked


@pytest.fixture(scope="module")
def spacy_reads() -> Any:
    return model.load()


@pytest.fixture(scope="module")
def network() -> Network:
    return Network.of(model.load())


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Letters, forms, chats and prose, as they are and in both cases."""
    made = [*unseen_texts(per_template=4), Marked("A Chinese tourist, two Buddhists and a Norwegian met in Oslo.")]
    return [change(text).text for text in made for change in (lambda text: text, upper, lower)]


def _by_network(network: Network, texts: Sequence[str]) -> list[list[Span]]:
    with network.pipeline.memory_zone():
        return network.read(texts)


def _by_spacy(nlp: Any, texts: Sequence[str]) -> list[list[Span]]:
    with nlp.memory_zone():
        return [[(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in nlp.pipe(texts)]


def test_texts_of_many_kinds_have_the_spans_that_spacy_finds(
    network: Network, spacy_reads: Any, texts: list[str]
) -> None:
    """Every label, in a few hundred texts read in one go."""
    found = _by_network(network, texts)
    assert {label for spans in found for _, _, label in spans} == model.LABELS
    assert found == _by_spacy(spacy_reads, texts)


def test_one_long_text_has_the_spans_that_spacy_finds(network: Network, spacy_reads: Any, texts: list[str]) -> None:
    """A text that is longer than what goes through the layers at once, and names that stand next to each other."""
    for gap in (" ", "\n\n", ", ", ""):
        long = [gap.join(texts)]
        assert _by_network(network, long) == _by_spacy(spacy_reads, long)


@pytest.mark.parametrize(
    "odd",
    [
        [],
        [""],
        ["", " ", "\n\n\t"],
        ["We have updated our records and your new address is now Flat"],  # the last word would begin something
        ["We have updated our records and your new address is now Flat", "", "12 Leeds Road is far away"],
        ["Dear Sarah", "", "Johnson lives here"],
        ["Sarah", "Johnson", "Boston", "Sarah Johnson"],
        ["  Sarah Johnson  ", "\nSarah\nJohnson\n", "Sarah  Johnson", "Mr  \n  Johnson"],
        ["Sarah Johnson " * 40, "x", "Sarah Johnson, Maria Garcia, Paris, London, Chicago; 12 High Street, Leeds"],
        ["Write to 742 Evergreen Terrace,", "Springfield, IL 62704"],
        ["\u200bSarah\u00a0Johnson", "José Hernández \U0001f600 Ayşe Yılmaz", "e\u0301 " * 9 + "Sarah Johnson"],
        ["a." * 2_000, "A. B. C. D. " * 300],
    ],
)
def test_odd_texts_have_the_spans_that_spacy_finds(network: Network, spacy_reads: Any, odd: list[str]) -> None:
    """Nothing, white space, ends of texts, names without anything between them."""
    assert _by_network(network, odd) == _by_spacy(spacy_reads, odd)


def test_a_text_is_read_alone_as_among_others(network: Network, texts: list[str]) -> None:
    """What stands in another text of the same call changes nothing."""
    together = _by_network(network, texts[:60])
    assert together == [_by_network(network, [text])[0] for text in texts[:60]]


def test_the_layers_give_the_vectors_that_spacy_gives(network: Network, spacy_reads: Any, texts: list[str]) -> None:
    """Findings hide small mistakes; vectors show them, at the borders of texts and of what is computed at once."""
    with spacy_reads.memory_zone():
        docs = [spacy_reads.tokenizer(text) for text in texts[:60]]
        words = spacy_reads.get_pipe("ner").model.get_ref("tok2vec").layers[0]
        expected = np.vstack(words.predict(docs))
        features = np.vstack([doc.to_array(["ORTH", "NORM", "PREFIX", "SUFFIX", "SHAPE"]) for doc in docs])
        vectors = network._vectors(features, np.array([len(doc) for doc in docs]))
    assert len(vectors) > 1_000
    np.testing.assert_allclose(vectors, expected, atol=1e-4)


def test_a_read_leaves_no_word_behind(network: Network, texts: list[str]) -> None:
    """A memory zone takes every word back that a call brought."""
    _by_network(network, texts[:20])
    vocabulary = network.pipeline.vocab
    before = len(vocabulary.strings), sum(1 for _ in vocabulary)
    for number in range(50):
        _by_network(network, [f"unheard{number} of{number} words{number}"])
    assert (len(vocabulary.strings), sum(1 for _ in vocabulary)) == before


def test_memory_is_bounded_by_the_number_of_tokens(network: Network) -> None:
    """What a read takes beside its tokens: about a kilobyte for each, and no text multiplies it."""
    text = "Sarah Johnson met Maria Garcia " * 160
    _by_network(network, [text])
    tracemalloc.start()
    _by_network(network, [text] * 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000 * 20 * len(text.split())
