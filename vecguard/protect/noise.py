"""Keyed normal noise: the same key and seed give the same vector, anything else a fresh one.

AES-256-CTR makes the uniform bits and Box-Muller (1958) makes them normal, in float64. All counter blocks of all rows
are laid out in one array and encrypted in one call, so nothing happens per row or per float in Python. No random
generator of the process is involved: `numpy.random.seed` changes nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from vecguard.arrays import Doubles
from vecguard.keys import Secret

SEED_BYTES = 12
_BLOCK, _WORD = 16, 4  # bytes
_SEED_WORDS = SEED_BYTES // _WORD
_TWO_52 = float(2**52)
_TWO_53 = float(2**53)


def standard_normals(key: Secret, seeds: Sequence[bytes], count: int) -> Doubles:
    """Return (len(seeds), count) standard normals in float64. Each seed has 12 bytes and starts its own keystream."""
    pairs = (count + 1) // 2
    words = _keystream(key, seeds, pairs)  # (n, pairs, 2) uint64
    # 53 random bits each, moved off zero so that the logarithm is finite
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 0.5) / _TWO_53
    radius = np.sqrt(-2.0 * np.log(uniform[:, :, 0]))
    angle = 2.0 * np.pi * uniform[:, :, 1]
    normals = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return normals.reshape(len(seeds), 2 * pairs)[:, :count]


def uniforms(key: Secret, seeds: Sequence[bytes], count: int) -> Doubles:
    """Return (len(seeds), count) uniforms in float64, of 52 random bits each and symmetric about a half: never 0 or 1.

    Each seed has 12 bytes and starts its own keystream: the one that its normals are made of, so draw either, not both.
    """
    words = _keystream(key, seeds, (count + 1) // 2).reshape(len(seeds), -1)[:, :count]
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) / _TWO_52


def _keystream(
    key: Secret, seeds: Sequence[bytes], blocks: int
) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint64]]:
    """Encrypt the counter blocks seed | 0, 1, 2 ... of every seed: two uint64 per block."""
    counters = np.empty((len(seeds), blocks, _BLOCK // _WORD), dtype="<u4")  # of words: bytes take twice as long
    counters[:, :, :_SEED_WORDS] = np.frombuffer(b"".join(seeds), dtype="<u4").reshape(len(seeds), 1, _SEED_WORDS)
    counters[:, :, _SEED_WORDS] = np.arange(blocks, dtype=">u4").view("<u4")
    # ECB over distinct counter blocks is CTR mode's keystream; one call serves every row
    encryptor = Cipher(algorithms.AES256(key.reveal()), modes.ECB()).encryptor()  # noqa: S305
    stream = encryptor.update(counters.view(np.uint8).ravel().data)
    encryptor.finalize()
    return np.frombuffer(stream, dtype="<u8").reshape(len(seeds), blocks, 2)
