"""Models that read names: the user's own by one line of configuration, threads, forks, and words that are forgotten."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard.errors import PolicyError, ScrubFailed
from vecguard.scrub.detect import Detector
from vecguard.scrub.ner import SpacyModel, model_of
from vecguard.scrub.scrubber import PresidioScrubber


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A spaCy pipeline of a user's own, saved to a folder: it knows two entities by name."""
    import spacy

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Quillon"}, {"label": "GPE", "pattern": "Zubrowka"}])
    folder = tmp_path_factory.mktemp("pipeline") / "own"
    nlp.to_disk(folder)
    return f"spacy:{folder}"


def found(detector: Detector, text: str) -> list[tuple[str, str]]:
    return [(each.entity, text[each.start : each.end]) for each in detector.find(text)]


def test_a_pipeline_of_ones_own_is_one_line(settings: Callable[..., Any], pipeline: str) -> None:
    """Its labels become our types, and only those that are asked for are believed."""
    text = "Quillon of Zubrowka wrote to a@example.com"
    both = Detector(settings(model=pipeline, entities=("PERSON", "LOCATION", "EMAIL_ADDRESS")))
    assert found(both, text) == [("PERSON", "Quillon"), ("LOCATION", "Zubrowka"), ("EMAIL_ADDRESS", "a@example.com")]
    assert next(each.rule for each in both.find(text)) == f"model {pipeline}"
    one = Detector(settings(model=pipeline, entities=("PERSON",)))
    assert found(one, text) == [("PERSON", "Quillon")]


def test_many_texts_are_read_as_one_by_one(settings: Callable[..., Any], pipeline: str) -> None:
    """Batches, long texts and empty ones answer as single calls do."""
    detector = Detector(settings(model=pipeline, entities=("PERSON",), max_chars=1_000))
    texts = ["", "Quillon", "x " * 3_000 + "Quillon " + "y " * 3_000, "nobody", " "] * 20
    assert detector.find_all(texts) == [detector.find(text) for text in texts]
    assert [len(each) for each in detector.find_all(texts)][:5] == [0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    "name",
    ["spacy:not_installed_anywhere", "spacy:", "gliner:some/model", "other", "", "spacy"],
)
def test_a_model_that_is_not_there_is_refused_at_once(settings: Callable[..., Any], name: str) -> None:
    """A typo or a missing package is an error where the policy is used, not a text that passes unread."""
    with pytest.raises(PolicyError, match=r"scrub\.model"):
        PresidioScrubber(settings(model=name))


def test_a_transformer_of_ones_own_is_one_line(settings: Callable[..., Any], tmp_path: Path) -> None:
    """A token classifier on disk is read through Presidio's recogniser; an untrained one finds what it finds."""
    transformers = pytest.importorskip("transformers")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ann", "was", "here"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        id2label={0: "B-PER"}, label2id={"B-PER": 0},
    )  # fmt: skip
    transformers.BertForTokenClassification(config).save_pretrained(tmp_path)
    transformers.BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    detector = Detector(settings(model=f"transformers:{tmp_path}", entities=("PERSON",), threshold=0.0))
    assert {each.entity for each in detector.find("ann was here")} == {"PERSON"}


def test_a_model_that_fails_refuses_the_text(settings: Callable[..., Any], pipeline: str, monkeypatch: Any) -> None:
    """What a model raises is one typed error that quotes nothing."""
    detector = Detector(settings(model=pipeline, entities=("PERSON",)))

    def broken(texts: Any) -> Any:
        raise RuntimeError(f"cannot read {texts}")

    monkeypatch.setattr(detector._model, "read", broken)
    with pytest.raises(ScrubFailed) as caught:
        detector.find("Quillon was here")
    assert "Quillon" not in str(caught.value)
    assert caught.value.__context__ is None


def test_a_model_whose_weights_cannot_be_read_finds_no_silence(pipeline: str) -> None:
    """A first failure does not leave a model behind that answers "nobody is named" from then on."""
    import spacy

    def unreadable(_: Any) -> Any:
        raise ValueError("no such layer")

    broken = SpacyModel("broken", lambda: spacy.load(pipeline.removeprefix("spacy:")), unreadable)
    for _ in range(2):
        with pytest.raises(ValueError, match="no such layer"):
            broken.read(["Quillon was here"])


def test_threads_read_at_the_same_time(settings: Callable[..., Any], pipeline: str) -> None:
    """Sixteen threads with texts of their own get their own findings."""
    detector = Detector(settings(model=pipeline, entities=("PERSON",)))
    texts = [f"{'word ' * n}Quillon" for n in range(16)]
    answers: dict[int, list[Any]] = {}
    threads = [threading.Thread(target=lambda n=n: answers.__setitem__(n, detector.find(texts[n]))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: [(each.start, each.end) for each in found] for n, found in answers.items()} == {
        n: [(5 * n, 5 * n + 7)] for n in range(16)
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_reads_while_the_parent_was_reading(settings: Callable[..., Any], pipeline: str) -> None:
    """A fork that catches another thread with the model in its hands leaves the child one of its own."""
    detector = Detector(settings(model=pipeline, entities=("PERSON",)))
    detector.find("Quillon")
    with detector._model._lock:  # as if a thread of the parent were reading
        child = os.fork()
        if child == 0:
            os._exit(0 if len(detector.find("Quillon was here")) == 1 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_words_are_forgotten(settings: Callable[..., Any], pipeline: str) -> None:
    """The vocabulary of a model does not grow with the words of the texts that it reads."""
    detector = Detector(settings(model=pipeline, entities=("PERSON",)))
    detector.find("Quillon")
    vocabulary = detector._model._pipeline.vocab
    before = len(vocabulary.strings), sum(1 for _ in vocabulary)
    detector.find_all([f"word{n} other{n * 7}" for n in range(5_000)])
    assert (len(vocabulary.strings), sum(1 for _ in vocabulary)) == before


def test_a_worn_pipeline_is_read_anew(settings: Callable[..., Any], pipeline: str, monkeypatch: Any) -> None:
    """After enough words a fresh pipeline takes over, and finds the same."""
    detector = Detector(settings(model=pipeline, entities=("PERSON",)))
    monkeypatch.setattr("vecguard.scrub.ner._WORDS", 100)
    detector._model._forget()
    detector.find("Quillon")
    first = detector._model._pipeline
    assert detector._model._pipeline is first
    detector.find_all([f"word{n}" for n in range(200)])
    assert len(detector.find_all(["Quillon"] * 3)) == 3
    assert [len(found) for found in detector.find_all(["Quillon"] * 3)] == [1, 1, 1]
    assert detector._model._pipeline is not first


def test_one_model_per_process(pipeline: str) -> None:
    """Two guards with one policy share one model."""
    assert model_of(pipeline) is model_of(pipeline)
