"""How recovered texts are judged: by the definitions of the libraries that everybody quotes."""

from __future__ import annotations

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.redteam import Hidden
from vecguard.redteam.phrases import Lexicon, tokens, written
from vecguard.redteam.wording import bleu, judged, most_usual, rouge_l, worded

READ = ("i love my dog .", "He said it's 3.5 km - really!", "", "hello hello hello world", "the cat sat on the mat")
TRUE = ("I love my big dog.", "he said it's 3.5 km-really!", "x y", "hello world you", "on the mat the cat sat")


def test_rouge_l_is_that_of_rouge_score() -> None:
    """F-measures of rouge-score 0.1.2 without a stemmer: order counts, repeats count once, nothing scores 0."""
    assert [rouge_l(*pair) for pair in zip(READ, TRUE, strict=True)] == pytest.approx([8 / 9, 1, 0, 4 / 7, 0.5])


def test_bleu_is_that_of_sacrebleu() -> None:
    """Figures of sacrebleu 2.6.0 with `tokenize="none"` on our tokens: of all texts, and of single ones, smoothed."""
    assert bleu(READ, TRUE) == pytest.approx(0.6588482820)
    singles = [bleu([said], [text]) for said, text in zip(READ, TRUE, strict=True)]
    assert singles == pytest.approx([0.4093653765, 1, 0, 0.3194715521, 0.5081327482])
    assert bleu([], []) == 0


def test_both_agree_with_the_libraries_where_they_are_installed() -> None:
    """A thousand random texts of ten words; sacrebleu with its own tokens, rouge-score as it comes."""
    sacrebleu = pytest.importorskip("sacrebleu", reason="sacrebleu is not installed: BLEU is not held against it")
    rouge = pytest.importorskip("rouge_score.rouge_scorer", reason="rouge-score is not installed: ROUGE-L is not held")
    draw = np.random.default_rng(0)
    bag = np.array(["a", "dog", ",", "cat", "don't", "sat", ".", "on", "the", "Mat", "!", "it's", "7", "i"])
    read, true = ([" ".join(bag[draw.integers(len(bag), size=10)]) for _ in range(1000)] for _ in range(2))
    assert bleu(read, true) == pytest.approx(sacrebleu.corpus_bleu(read, [true], lowercase=True).score / 100, abs=1e-9)
    scorer = rouge.RougeScorer(["rougeL"])
    theirs = [scorer.score(text, said)["rougeL"].fmeasure for said, text in zip(read, true, strict=True)]
    assert [rouge_l(*pair) for pair in zip(read, true, strict=True)] == pytest.approx(theirs)


def test_words_are_counted_as_sets_and_content_apart() -> None:
    """Of "the red dog" and "the dog barks loudly": two of three and four words, one of two and three that matter."""
    found = worded(["the red dog"], ["The dog barks loudly."])
    assert found["token F1"] == pytest.approx(4 / 7)
    assert found["content F1"] == pytest.approx(2 / 5)
    assert found["content recall"] == pytest.approx(1 / 3)
    assert found["exact"] == 0


def test_exact_is_without_case_and_spaces_but_with_punctuation() -> None:
    """A text written from its tokens is the text."""
    assert worded(["i 'm fine !"], ["I'm fine!"])["exact"] == 0  # an apostrophe belongs to its word
    assert worded(["i'm fine !", "fine"], ["I'm fine!", "fine!"])["exact"] == 0.5


def test_a_floor_is_the_better_of_two_ways_to_see_nothing() -> None:
    """Texts of other rows, and one sentence for all: whoever says only these has no more than the floor."""
    texts = ("i like dogs", "i like cats", "it rains", "i like rain")
    hidden = Hidden(np.eye(4, dtype=np.float32), texts)
    usual = most_usual(texts)
    assert usual.startswith("i like")
    blind = {each.metric: each for each in judged([usual] * 4, hidden, usual=usual)}
    assert all(each.value == each.floor for each in blind.values())
    right = {each.metric: each for each in judged(texts, hidden, usual=usual)}
    assert right["exact"].value == 1
    assert right["exact"].floor == 0.25
    assert 0.3 < right["token F1"].floor < 0.7


def test_the_vector_of_a_recovered_text_is_held_against_the_right_one() -> None:
    """An encoder gives one figure more: 1 for the text itself, less for another."""
    texts = ("one", "two")
    axes = {"one": (1.0, 0.0), "two": (0.0, 2.0)}

    def encode(said: object) -> Floats:
        return np.array([axes[each] for each in said], dtype=np.float32)  # type: ignore[attr-defined]

    found = judged(["one", "one"], Hidden(encode(texts), texts), usual="two", encode=encode)
    assert found[-1].metric == "re-embedded cosine"
    assert (found[-1].value, found[-1].floor) == (0.5, 0.5)


def test_texts_are_needed_to_judge_texts() -> None:
    """Without the truth there is nothing to count."""
    with pytest.raises(BadInput):
        judged(["a"], Hidden(np.eye(1, dtype=np.float32)), usual="")


def test_a_lexicon_writes_what_it_read() -> None:
    """Numbers and back: the same tokens; those that it lacks are left out, nothing comes behind the end."""
    lexicon = Lexicon.of(["It's a dog, a dog!", "a dog, it's"], least=2)
    numbered = lexicon.numbered(["It's a dog!", "a"])
    assert numbered.shape == (2, 5)
    assert [lexicon.text(row) for row in numbered.tolist()] == ["it's a dog", "a"]
    assert written(tokens("It's a dog!")) == "it's a dog !"
