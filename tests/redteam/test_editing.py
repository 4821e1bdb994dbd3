"""The parts of a search through sentences: what is one edit away, what is usual to say, what a decoder follows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from vecguard.redteam.edits import edited
from vecguard.redteam.ngrams import Trigrams
from vecguard.redteam.phrases import END, PAD, RARE, Lexicon, tabled
from vecguard.redteam.recurrent import Network

TEXTS = ("the dog barks", "the dog sleeps", "the cat sleeps", "a dog barks loudly")


def test_every_edit_of_a_short_text_is_there_once() -> None:
    """Against edits made one by one: swaps, insertions, deletions and moves, without the text itself."""
    text, pool = [5, 6, 7], [7, 9]
    made = {
        *((*text[:i], w, *text[i + 1 :]) for i, w in product(range(3), pool)),
        *((*text[:i], w, *text[i:]) for i, w in product(range(4), pool)),
        *(tuple(text[:i] + text[i + 1 :]) for i in range(3)),
        *(tuple(np.insert(np.delete(text, i), j, text[i]).tolist()) for i, j in product(range(3), range(3))),
    } - {tuple(text)}
    rows = [tuple(row[: row.index(END)]) for row in edited(np.array(text), np.array(pool)).tolist()]
    assert len(rows) == len(set(rows))
    assert set(rows) == made


def test_a_text_of_one_token_can_be_edited() -> None:
    """It is not emptied."""
    rows = edited(np.array([5]), np.array([6])).tolist()
    assert sorted(rows) == [[5, 6, END], [6, END, PAD], [6, 5, END]]


def test_chances_of_all_that_can_follow_sum_to_one() -> None:
    """After contexts that were seen, and after one that was not."""
    lexicon = Lexicon.of(TEXTS, least=1)
    prior = Trigrams.of(lexicon.numbered(TEXTS), len(lexicon))
    for text in ("the dog", "loudly loudly"):
        begun = lexicon.numbered([text])[0, :2].tolist()
        rows = np.array([[*begun, each] for each in range(1, len(lexicon))])  # PAD is written nowhere
        chances = np.exp(prior.likely(rows) - prior.likely(np.array([begun])))
        assert 0.9 < chances.sum() + 1 / len(lexicon) <= 1.1
        assert chances.min() > 0


def test_what_was_said_is_likelier_than_its_words_in_another_order() -> None:
    """The model knows order, and that texts end."""
    lexicon = Lexicon.of(TEXTS, least=1)
    prior = Trigrams.of(lexicon.numbered(TEXTS), len(lexicon))
    said, turned, cut = prior.likely(lexicon.numbered(["the dog sleeps", "sleeps dog the", "the dog"]))
    assert said > turned
    assert said > cut


def _network(seed: int, *, d: int = 6, h: int = 5, v: int = 9) -> Network:
    draw = np.random.default_rng(seed)
    shapes = [(v, h), (d, h), h, (d, h), h, (d, h), h, (h, v), v, (h, 3 * h), 3 * h, (h, 3 * h), 3 * h]
    return Network(*(draw.standard_normal(shape).astype(np.float32) for shape in shapes))


def test_a_wide_beam_finds_texts_at_least_as_likely_as_a_greedy_one() -> None:
    """On random networks; every text ends once, in nothing but END, and never has a token that nobody can write."""
    for seed in range(5):
        rows = np.random.default_rng(seed).standard_normal((150, 6)).astype(np.float32)
        wide, chances = _network(seed).write(rows, beam=6)
        _, single = _network(seed).write(rows, beam=1)
        assert wide.shape[:2] == (150, 6)
        assert (np.diff(chances, axis=1) <= 0).all()
        assert np.mean(chances[:, 0] >= single[:, 0] - 1e-4) > 0.9
        ended = np.cumsum(wide == END, axis=2) > 0
        assert (wide[ended] == END).all()
        assert not np.isin(wide, (PAD, RARE)).any()


def test_a_row_is_written_alike_alone_and_among_others() -> None:
    """Rows go through in parts of a fixed size: where they are cut changes nothing."""
    rows = np.random.default_rng(0).standard_normal((130, 6)).astype(np.float32)
    whole, _ = _network(0).write(rows, beam=3)
    last, _ = _network(0).write(rows[-1:], beam=3)
    shared = min(whole.shape[2], last.shape[2])
    assert (whole[-1, :, :shared] == last[0, :, :shared]).all()


def test_no_rows_give_no_texts() -> None:
    """An empty shelf is read to its end."""
    texts, chances = _network(0).write(np.empty((0, 6), dtype=np.float32), beam=2)
    assert texts.shape[:2] == chances.shape == (0, 2)


def test_a_table_of_texts_has_end_and_padding() -> None:
    """The longest decides the width."""
    assert tabled([[4], [5, 6]]).tolist() == [[4, END, PAD], [5, 6, END]]


@pytest.mark.parametrize("count", [1, 3])
def test_the_greedy_path_is_the_likeliest_token_each_time(count: int) -> None:
    """A beam of one, followed by hand through the network's own step."""
    network = _network(count)
    row = np.random.default_rng(count).standard_normal((1, 6)).astype(np.float32)
    state = np.tanh(row @ network.start + network.start_bias)
    vote = np.maximum(row @ network.wide + network.wide_bias, 0) @ network.vote + network.vote_bias
    vote[:, [PAD, RARE]] = -np.inf
    last, path = PAD, []
    while last != END and len(path) < 48:
        state = network._step(network.tokens[[last]] + row @ network.look + network.look_bias, state)
        last = int(np.argmax(state @ network.tokens.T + vote))
        path.append(last)
    assert network.write(row, beam=1)[0][0, 0, : len(path)].tolist() == path
