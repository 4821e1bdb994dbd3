"""Every text that is one edit away from a text: a token swapped, inserted, left out or moved.

Texts are rows of numbers with END and PAD behind them, so that a model can score thousands of them at once.
"""

from __future__ import annotations

import numpy as np

from vecguard.redteam.phrases import END, PAD, Ids


def edited(text: Ids, pool: Ids) -> Ids:
    """Return the edits (p, n + 2) of a text (n,), tokens put in being those of `pool` (m,); the text is not one."""
    made = [_swapped(text, pool), _inserted(text, pool), _shortened(text), _moved(text)]
    ended = [np.pad(each, ((0, 0), (0, 1)), constant_values=END) for each in made]
    width = len(text) + 2
    padded = [np.pad(each, ((0, 0), (0, width - each.shape[1])), constant_values=PAD) for each in ended]
    whole = np.concatenate(padded)
    same = np.concatenate([text, [END, PAD]])
    changed: Ids = np.unique(whole[np.any(whole != same, axis=1)], axis=0)
    return changed


def _swapped(text: Ids, pool: Ids) -> Ids:
    places = np.arange(len(text))
    made = np.tile(text, (len(text), len(pool), 1))
    made[places, :, places] = pool
    return made.reshape(-1, len(text))


def _inserted(text: Ids, pool: Ids) -> Ids:
    gaps = len(text) + 1
    made = np.empty((gaps, len(pool), gaps), dtype=np.int64)
    for gap in range(gaps):
        made[gap, :, :gap], made[gap, :, gap], made[gap, :, gap + 1 :] = text[:gap], pool, text[gap:]
    return made.reshape(-1, gaps)


def _shortened(text: Ids) -> Ids:
    if len(text) < 2:
        return np.empty((0, len(text)), dtype=np.int64)
    return np.stack([np.delete(text, place) for place in range(len(text))])


def _moved(text: Ids) -> Ids:
    """Return the text with each token put at each other place."""
    places = np.arange(len(text))
    keys = np.tile(places * 1.0, (len(text), len(text), 1))  # of token `from`, to the place `goal`: sorted by key
    keys[places[:, None], places, places[:, None]] = places + 0.5 * np.sign(places - places[:, None])
    return text[np.argsort(keys, axis=2)].reshape(-1, len(text))
