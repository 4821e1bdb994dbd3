"""Masking: y = Q x + r z comes off exactly for whoever has the keys, is sticky, and tells a swapped row."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from scipy import stats

from vecguard.arrays import Floats
from vecguard.embedding import Embedding
from vecguard.keys import Secret
from vecguard.protect.mask import Mask, Unmasked
from vecguard.protect.noise import standard_normals
from vecguard.protect.rotation import rotation
from vecguard.records import Body, Embedded, Protected, RecordId
from vecguard.space import CollectionKeys, OwnerKeys, Space

NOISES = [0.0, 1.0, 30.0, 100.0]


def _space(seed: int = 1, *, uid: str = "u1", owner: str = "alice", collection: int = 9) -> Space:
    return Space(
        uid,
        owner,
        "digest",
        CollectionKeys.of(Secret(bytes([collection]) * 32)),
        OwnerKeys.of(Secret(bytes([seed]) * 32)),
    )


def _embedded(vectors: Any, space: Space, ids: list[str] | None = None, digests: list[bytes] | None = None) -> Embedded:
    exact = np.asarray(vectors, dtype=np.float32)
    count = len(exact)
    names = ids or [f"r{i}" for i in range(count)]
    bodies = tuple(Body(RecordId.text(n), space.backend_id(RecordId.text(n)), "t", "", {}, False, 1) for n in names)
    return Embedded(
        bodies,
        tuple(range(count)),
        exact,
        ("guard",) * count,
        tuple(digests or [n.encode().ljust(16, b"x") for n in names]),
        {},
        (),
    )


def _vectors(count: int, dimension: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32) * 3.0


def _stored(protected: Protected) -> Floats:
    return np.stack([each.values for each in protected.vectors if each is not None])


def _back(mask: Any, protected: Protected, stored: Any, space: Space) -> tuple[Floats, Any]:
    ids = [body.backend_id for body in protected.bodies]
    return mask.unmask(np.asarray(stored, dtype=np.float32), protected.seals, ids, space)  # type: ignore[no-any-return]


def _relative(found: Floats, exact: Floats) -> float:
    return float(np.max(np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)))


@pytest.mark.parametrize("turned", [True, False], ids=["store", "guard"])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("dimension", [8, 384, 1536])
def test_a_masked_vector_comes_back(dimension: int, noise: float, turned: bool) -> None:
    """The exact vector comes back to 1e-5, from a store that keeps the row as from one that normalises it."""
    space, mask = _space(), Mask(noise=noise, turned=turned)
    exact = _vectors(6, dimension)
    protected = mask.protect(_embedded(exact, space), space)
    stored = _stored(protected)
    normalised = stored / np.linalg.norm(stored, axis=1, keepdims=True)
    for kept in (stored, normalised, stored * 7.0):
        found, genuine = _back(mask, protected, kept, space)
        assert genuine.all()
        assert _relative(found, exact) < 1e-5


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("dimension", [8, 384])
def test_half_precision_storage_keeps_the_direction(dimension: int, noise: float) -> None:
    """From a store that keeps float16, the cosine is still above .999."""
    space, mask = _space(), Mask(noise=noise, turned=True)
    exact = _vectors(20, dimension)
    protected = mask.protect(_embedded(exact, space), space)
    found, _ = _back(mask, protected, _stored(protected).astype(np.float16), space)
    cosines = np.sum(found * exact, axis=1) / (np.linalg.norm(found, axis=1) * np.linalg.norm(exact, axis=1))
    assert cosines.min() > 0.999


@pytest.mark.parametrize("scale", [1e-12, 1e-3, 1.0, 1e6, 1e12])
def test_vectors_of_any_length_come_back(scale: float) -> None:
    """The length of a vector changes nothing about how exactly it comes back."""
    space, mask = _space(), Mask(noise=1.0, turned=True)
    exact = (_vectors(4, 32) * scale).astype(np.float32)
    protected = mask.protect(_embedded(exact, space), space)
    found, genuine = _back(mask, protected, _stored(protected), space)
    assert genuine.all()
    assert _relative(found, exact) < 1e-5


def test_what_is_stored_has_the_exact_length_to_rank_by_but_not_to_know_a_text_by() -> None:
    """A store that ranks sees one length in every 9 %, whatever the noise was; one that does not sees 1."""
    space = _space()
    exact = _vectors(200, 64) * np.linspace(0.1, 7.0, 200, dtype=np.float32)[:, None]
    lengths = np.linalg.norm(exact, axis=1)
    stored = np.linalg.norm(_stored(Mask(noise=1.0, turned=True).protect(_embedded(exact, space), space)), axis=1)
    np.testing.assert_allclose(stored, lengths, rtol=0.046)
    assert len(np.unique(stored.round(4))) < 60
    unit = _stored(Mask(noise=1.0, turned=True).protect(_embedded(exact / lengths[:, None], space), space))
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1.0, atol=1e-6)
    hidden = _stored(Mask(noise=100.0, turned=False).protect(_embedded(exact, space), space))
    np.testing.assert_allclose(np.linalg.norm(hidden, axis=1), 1.0, atol=1e-6)


def test_the_same_content_under_the_same_id_is_bit_identical() -> None:
    """Writing the same record again stores the same bits, whatever is written beside it: nothing to average."""
    space, mask = _space(), Mask(noise=30.0, turned=True)
    exact = _vectors(3, 64)
    once = _stored(mask.protect(_embedded(exact, space), space))
    again = _stored(Mask(noise=30.0, turned=True).protect(_embedded(exact, space), space))
    alone = _stored(mask.protect(_embedded(exact[1:2], space, ["r1"]), space))
    assert once.tobytes() == again.tobytes()
    assert once[1].tobytes() == alone[0].tobytes()


CHANGES = {
    "owner": {"space": _space(owner="bob")},
    "owner key": {"space": _space(2)},
    "id": {"ids": ["other"]},
    "collection": {"space": _space(uid="u2")},
    "content": {"digests": [b"y" * 16]},
    "noise": {"noise": 30.000001},
    "rotation": {"turned": False},
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_record_draws_afresh(change: str) -> None:
    """Another owner, id, collection, content or parameter has unrelated noise: nothing to subtract."""
    dimension = 384
    exact = _vectors(1, dimension)
    exact /= np.linalg.norm(exact)

    def noise_of(**options: Any) -> Any:
        space = options.get("space", _space())
        mask = Mask(noise=options.get("noise", 30.0), turned=options.get("turned", True))
        body = _embedded(exact, space, options.get("ids", ["r0"]), options.get("digests", [b"x" * 16]))
        protected = mask.protect(body, space)
        stored = _stored(protected)[0].astype(np.float64) * protected.seals[0].scale
        turned = options.get("turned", True)
        base = exact[0] @ rotation(space.collection_keys.rotation, dimension).T if turned else exact[0]
        return stored - base

    one, other = noise_of(), noise_of(**CHANGES[change])
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert abs(cosine) < 0.25  # 384 dimensions: a standard deviation of .05
    assert noise_of() @ one / np.linalg.norm(one) ** 2 == pytest.approx(1.0)


def test_another_dimension_draws_afresh() -> None:
    """The first coordinates of a longer vector's noise are not those of a shorter one's."""
    space, mask = _space(), Mask(noise=1.0, turned=False)
    short = mask._noise_of(["i"], [b"d" * 16], [0], 8, space)
    long = mask._noise_of(["i"], [b"d" * 16], [0], 16, space)
    assert not np.any(np.isclose(short[0] * sqrt(8), long[0, :8] * sqrt(16)))


@pytest.mark.parametrize("noise", NOISES)
def test_the_stored_cosine_is_what_the_policy_says(noise: float) -> None:
    """With the rotation undone, the cosine to the exact vector is 1 / sqrt(1 + r^2), and never more than .05 above.

    Draws above that are made again, which takes a little off the mean where they are common (large r).
    """
    space, mask = _space(), Mask(noise=noise, turned=True)
    exact = _vectors(300, 384)
    stored = _stored(mask.protect(_embedded(exact, space), space))
    undone = stored @ rotation(space.collection_keys.rotation, 384)
    cosines = np.sum(undone * exact, axis=1) / np.linalg.norm(undone, axis=1) / np.linalg.norm(exact, axis=1)
    expected = 1 / sqrt(1 + noise**2)
    assert expected - (0.01 if noise <= 1 else 0.03) < cosines.mean() < expected + 0.01
    assert cosines.max() <= expected + 0.05 + 1e-5
    turned = np.sum(stored * exact, axis=1) / np.linalg.norm(stored, axis=1) / np.linalg.norm(exact, axis=1)
    assert abs(turned.mean()) < 0.03


def test_noise_is_standard_normal() -> None:
    """Coordinates of many seeds pass a Kolmogorov-Smirnov test, odd dimensions included, and are uncorrelated."""
    key = Secret(b"k" * 32)
    drawn = standard_normals(key, [i.to_bytes(12, "big") for i in range(200)], 384)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 1e-3
    assert abs(np.corrcoef(drawn[:, 0::2].ravel(), drawn[:, 1::2].ravel())[0, 1]) < 0.02
    odd = standard_normals(key, [b"s" * 12], 7)
    assert odd.shape == (1, 7)
    assert np.array_equal(odd[0], standard_normals(key, [b"s" * 12], 8)[0, :7])


def test_noise_is_finite_and_keyed() -> None:
    """Two keys, and two seeds, share no coordinate."""
    one, two = (standard_normals(Secret(bytes([i]) * 32), [b"s" * 12, b"t" * 12], 100) for i in (1, 2))
    assert np.isfinite(one).all()
    assert not np.any(np.isclose(one, two, atol=1e-12))
    assert not np.any(np.isclose(one[0], one[1], atol=1e-12))


def test_the_rotation_is_orthogonal_and_haar_like() -> None:
    """Q is orthogonal to rounding, its entries are normal with variance 1/d, and its determinant takes both signs."""
    q = rotation(Secret(b"q" * 32), 384)
    assert np.abs(q @ q.T - np.eye(384)).max() < 1e-12
    assert stats.kstest(q[:, :20].ravel() * sqrt(384), "norm").pvalue > 1e-3
    signs = {round(float(np.linalg.det(rotation(Secret(bytes([i]) * 32), 5)))) for i in range(20)}
    assert signs == {1, -1}
    firsts = np.array([rotation(Secret(bytes([i]) * 32), 5)[0, 0] for i in range(100)])
    assert abs(firsts.mean()) < 0.15  # without the sign of R's diagonal this is far from zero


def test_the_rotation_belongs_to_its_key_and_cannot_be_written_to() -> None:
    """Another key or dimension is another rotation, and the cached matrix is read-only."""
    one, other = rotation(Secret(b"a" * 32), 32), rotation(Secret(b"b" * 32), 32)
    assert np.abs(one @ other.T).max() < 0.999
    assert not np.allclose(one[:8, :8], rotation(Secret(b"a" * 32), 8))
    with pytest.raises(ValueError, match="read-only"):
        one[0, 0] = 1.0


def test_the_process_seed_changes_nothing() -> None:
    """`numpy.random.seed` and `random.seed` neither change the noise nor are they advanced by it."""
    import random

    def masks() -> bytes:
        space = _space()
        return _stored(Mask(noise=1.0, turned=True).protect(_embedded(_vectors(2, 48), space), space)).tobytes()

    np.random.seed(0)
    random.seed(0)
    one = masks()
    drawn = np.random.random(), random.random()
    np.random.seed(1)
    assert masks() == one
    np.random.seed(0)
    random.seed(0)
    assert (np.random.random(), random.random()) == drawn


@pytest.mark.parametrize("noise", [1.0, 30.0, 100.0])
def test_swapped_rows_are_not_genuine(noise: float) -> None:
    """Two rows whose vectors were exchanged are both reported, and untouched ones are not."""
    space, mask = _space(), Mask(noise=noise, turned=True)
    exact = _vectors(4, 384)
    protected = mask.protect(_embedded(exact, space), space)
    stored = _stored(protected)[[1, 0, 2, 3]]
    _, genuine = _back(mask, protected, stored, space)
    assert genuine.tolist() == [False, False, True, True]


TAMPERS: dict[str, Any] = {
    "zero": lambda row: row * 0,
    "negated": lambda row: -row,
    "nan": lambda row: row * np.nan,
    "infinite": lambda row: row + np.inf,
    "random": lambda row: np.random.default_rng(5).standard_normal(len(row)),
    "rolled": lambda row: np.roll(row, 1),
    "quantised to signs": np.sign,
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_replaced_vector_is_not_genuine(tamper: str) -> None:
    """A row that the store made up, lost or rounded away does not pass for what was stored."""
    space, mask = _space(), Mask(noise=1.0, turned=True)
    protected = mask.protect(_embedded(_vectors(2, 384), space), space)
    stored = _stored(protected).astype(np.float64)
    stored[0] = TAMPERS[tamper](stored[0])
    _, genuine = _back(mask, protected, stored, space)
    assert genuine.tolist() == [False, True]


def test_another_owners_keys_do_not_unmask() -> None:
    """Unmasking under another owner's keys gives neither the vector nor a row that counts as genuine."""
    space, other, mask = _space(), _space(2, owner="bob"), Mask(noise=1.0, turned=True)
    exact = _vectors(5, 384)
    protected = mask.protect(_embedded(exact, space), space)
    found, genuine = _back(mask, protected, _stored(protected), other)
    cosines = np.sum(found * exact, axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(exact, axis=1)
    assert not genuine.any()
    assert cosines.max() < 0.8


def test_rotated_queries_rank_as_exact_ones() -> None:
    """Without noise the rotated space has the cosines of the exact one."""
    space, mask = _space(), Mask(noise=0.0, turned=True)
    exact, queries = _vectors(30, 64), _vectors(3, 64, seed=1)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)  # other lengths are coarse on the shelf
    stored = _stored(mask.protect(_embedded(exact, space), space))
    assert np.allclose(queries @ exact.T, mask.query(queries, space).values @ stored.T, rtol=1e-3, atol=1e-3)


def test_no_mask_stores_what_it_is_given() -> None:
    """The mechanism without protection is the identity, lengths included."""
    space = _space()
    exact = _vectors(3, 8)
    protected = Unmasked().protect(_embedded(exact, space), space)
    found, genuine = _back(Unmasked(), protected, _stored(protected) / 2.0, space)
    assert np.array_equal(_stored(protected), exact)
    assert np.allclose(found, exact)
    assert genuine.all()


def test_the_same_text_through_a_store_is_bit_identical(desk: Any) -> None:
    """Writing a text again, alone or in a batch, leaves the stored bits as they were."""
    desk.write(["a", "b"], ["the ward opens", "the ward closes"])
    before = {key: row.vector.tobytes() for key, row in desk.store.rows.items()}
    desk.write(["a"], ["the ward opens"])
    assert {key: row.vector.tobytes() for key, row in desk.store.rows.items()} == before


def test_a_jitter_of_the_last_bits_leaves_a_callers_vector_as_it_was(desk_of: Any) -> None:
    """A caller's vector embedded again in another batch (1e-7 off) draws the same noise; another one does not."""
    desk = desk_of(embedder=None)
    vector = _vectors(1, 16) + 0.00012345
    spread: list[Any] = []
    for given in (vector, vector * np.float32(1 + 1e-7), vector + 0.5):
        desk.write(["a"], vectors=given)
        (row,) = [row for row in desk.store.rows.values() if "_vg_owner" in row.fields]
        spread.append(row.vector.astype(np.float64))
    assert np.abs(spread[0] - spread[1]).max() < 1e-5
    assert np.abs(spread[0] - spread[2]).max() > 0.05


def test_two_embedders_never_share_a_content_digest(desk_of: Any) -> None:
    """One text under two models gets two noise vectors, whatever the models are called."""
    from vecguard.testing import word_hash

    desk = desk_of()
    base = word_hash(16)
    first = desk.guard.embedding
    second = Embedding(lambda texts: -base(texts), desk.guard.state.embedder_id)
    third = Embedding(base, desk.guard.state.embedder_id)
    digests = [each._digest("one text") for each in (first, second, third)]
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]
