"""Noise that nobody can take off: drawn once, kept by nobody, sticky on the shelf, and every word about it true."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import Guard, Keyring, OutOfOrder, Policy, PolicyError, Retention, Scrub, Vectors
from vecguard.arrays import Floats
from vecguard.entry import MARKER
from vecguard.keys import Secret
from vecguard.ports import Traits
from vecguard.protect.irreversible import MECHANISMS, Irreversible
from vecguard.protect.rotation import rotation
from vecguard.records import Ask, Body, Embedded, Protected, Query, RecordId, Row, VectorSeal, VectorSource
from vecguard.space import CollectionKeys, OwnerKeys, Space
from vecguard.testing import MemoryStore, word_hash

NAMES: list[Any] = list(MECHANISMS)
D = 384


def _policy(name: Any = None, noise: float = 0.5, **settings: Any) -> Policy:
    vectors = Vectors(noise=noise, non_recoverable=True, mechanism=name, **settings)
    return Policy(scrub=Scrub(enabled=False), vectors=vectors)


def _space(owner: int = 1) -> Space:
    keys = CollectionKeys.of(Secret(b"c" * 32)), OwnerKeys.of(Secret(bytes([owner]) * 32))
    return Space("u1", "alice", "digest", *keys)


def _vectors(count: int, dimension: int = D, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32) * 3.0


def _embedded(vectors: Any, held: dict[int, VectorSeal] | None = None, content: str = "x") -> Embedded:
    count = len(vectors)
    names = [f"r{i}" for i in range(count)]
    space = _space()
    bodies = tuple(Body(RecordId.text(n), space.backend_id(RecordId.text(n)), "t", "", {}, False, 1) for n in names)
    digests = tuple((name + content).encode().ljust(16, b".") for name in names)
    rows = tuple(range(count))
    source: VectorSource = "guard"
    return Embedded(bodies, rows, np.asarray(vectors, np.float32), (source,) * count, digests, {}, (), held or {})


def _stored(protected: Protected) -> Floats:
    return np.stack([each.values for each in protected.vectors if each is not None])


def _back(protector: Irreversible, protected: Protected, stored: Any, space: Space | None = None) -> tuple[Floats, Any]:
    ids = [body.backend_id for body in protected.bodies]
    return protector.unmask(np.asarray(stored, dtype=np.float32), protected.seals, ids, space or _space())


def _cosines(left: Any, right: Any) -> Any:
    return np.sum(left * right, axis=1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


# ---------------------------------------------------------------------------------------------------- the protector


@pytest.mark.parametrize("dimension", [8, 384, 1536])
@pytest.mark.parametrize("name", NAMES)
def test_what_comes_back_is_the_noisy_vector(name: Any, dimension: int) -> None:
    """Unmasking undoes the rotation and no more: cosine 1 / sqrt(1 + r^2) to the exact vector, at length 1."""
    protector = Irreversible(noise=1.0, name=name)
    exact = _vectors(400, dimension)
    protected = protector.protect(_embedded(exact), _space())
    stored = _stored(protected)
    assert np.allclose(np.linalg.norm(stored, axis=1), 1.0, atol=1e-6)
    found, genuine = _back(protector, protected, stored)
    assert genuine.all()
    assert np.allclose(found, stored @ rotation(_space().collection_keys.rotation, dimension), atol=1e-6)
    assert _cosines(found, exact).mean() == pytest.approx(1 / sqrt(2), abs=0.1 if dimension == 8 else 0.012)
    if dimension > 8:
        assert abs(_cosines(stored, exact).mean()) < 0.03  # without Q's key


@pytest.mark.parametrize("name", NAMES)
def test_no_draw_can_be_made_again(name: Any) -> None:
    """The same content, keys and process seeds give unrelated noise, and no process generator is touched."""
    exact, draws, drawn = _vectors(3), [], (0.0, 0.0)
    for _ in range(2):
        np.random.seed(0)
        random.seed(0)
        draws.append(_stored(Irreversible(noise=2.0, name=name).protect(_embedded(exact), _space())))
        drawn = np.random.random(), random.random()
    np.random.seed(0)
    random.seed(0)
    assert (np.random.random(), random.random()) == drawn
    # both are at cosine .447 to the exact vector, so at .2 to each other; a repeated draw would be at 1
    assert _cosines(*draws).max() < 0.5


def test_nothing_of_the_length_is_kept() -> None:
    """Neither the stored row nor its seal tells how long the exact vector was: that is a function of the text too."""
    protected = Irreversible(noise=0.1, name="gaussian").protect(
        _embedded(_vectors(3) * [[1e-3], [1], [1e6]]), _space()
    )
    assert np.allclose(np.linalg.norm(_stored(protected), axis=1), 1.0, atol=1e-6)
    assert {(seal.norm, seal.scale) for seal in protected.seals} == {(1.0, 1.0)}


def test_unchanged_content_keeps_its_vector() -> None:
    """Rows whose digest is that of the version before get no vector and the old seal; the others are drawn."""
    protector = Irreversible(noise=1.0, name="laplace")
    first = protector.protect(_embedded(_vectors(3)), _space())
    held = dict(enumerate(first.seals))
    held[1] = replace(held[1], digest=b"another content.")
    del held[2]
    second = protector.protect(_embedded(_vectors(3), held), _space())
    assert [each is None for each in second.vectors] == [True, False, False]
    assert second.seals[0] == first.seals[0]
    assert second.seals[1].sketch != first.seals[1].sketch
    whole = protector.protect(_embedded(_vectors(3), dict(enumerate(first.seals))), _space())
    assert whole.vectors == (None, None, None)
    assert whole.seals == first.seals


def test_the_stage_before_must_have_been_the_embedding() -> None:
    """Anything but embedded records is out of order."""
    with pytest.raises(OutOfOrder):
        Irreversible(noise=1.0, name="gaussian").protect("vectors", _space())  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ swaps and rounding


def _to_bfloat16(rows: Any) -> Any:
    bits = np.ascontiguousarray(rows, dtype=np.float32).view(np.uint32) + np.uint32(0x8000)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


KEPT: dict[str, Callable[[Any], Any]] = {
    "float16": lambda rows: rows.astype(np.float16),
    "bfloat16": _to_bfloat16,
    "normalised": lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True),
    "scaled": lambda rows: rows * 40.0,
    "float16, then normalised": lambda rows: (
        rows.astype(np.float16) / np.linalg.norm(rows.astype(np.float16), axis=1, keepdims=True)
    ),
}


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("dimension", [8, 384, 1536])
def test_a_row_that_a_store_rounds_is_genuine(kept: str, dimension: int) -> None:
    """Half precision and normalising are within the sketch's tolerance, on each of 2,000 rows."""
    protector = Irreversible(noise=0.5, name="gaussian")
    protected = protector.protect(_embedded(_vectors(2000, dimension)), _space())
    _, genuine = _back(protector, protected, KEPT[kept](_stored(protected)))
    assert genuine.all()


@pytest.mark.parametrize("noise", [0.05, 0.5, 2.0])
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_one_owner_that_were_swapped_are_not_genuine(name: Any, noise: float) -> None:
    """Two rows that were exchanged are both noticed, of one text even; the rest stands."""
    protector = Irreversible(noise=noise, name=name)
    exact = _vectors(4)
    exact[1] = exact[0]
    protected = protector.protect(_embedded(exact), _space())
    _, genuine = _back(protector, protected, _stored(protected)[[1, 0, 2, 3]].astype(np.float16))
    assert genuine.tolist() == [False, False, True, True]


TAMPERS: dict[str, Any] = {
    "zero": lambda row: row * 0,
    "negated": lambda row: -row,
    "nan": lambda row: row * np.nan,
    "infinite": lambda row: row + np.inf,
    "random": lambda row: np.random.default_rng(5).standard_normal(len(row)),
    "rolled": lambda row: np.roll(row, 1),
    "moved by a tenth": lambda row: row + 0.1 * np.linalg.norm(row) * np.eye(len(row))[0],
    "quantised to signs": np.sign,
    "product quantised": lambda row: np.round(row * 20) / 20,
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_replaced_vector_is_not_genuine(tamper: str) -> None:
    """A row that the store made up, lost, moved or rounded away does not pass for what was stored."""
    protector = Irreversible(noise=1.0, name="purkayastha")
    protected = protector.protect(_embedded(_vectors(2)), _space())
    stored = _stored(protected).astype(np.float64)
    stored[0] = TAMPERS[tamper](stored[0])
    _, genuine = _back(protector, protected, stored)
    assert genuine.tolist() == [False, True]


def test_a_sketch_belongs_to_its_owner_and_must_be_whole() -> None:
    """Under another owner's keys nothing is genuine, nor with a sketch that is missing or cut."""
    protector = Irreversible(noise=1.0, name="metric")
    protected = protector.protect(_embedded(_vectors(3)), _space())
    _, genuine = _back(protector, protected, _stored(protected), _space(2))
    assert not genuine.any()
    cut = [replace(seal, sketch=seal.sketch[: 16 * at]) for at, seal in enumerate(protected.seals)]
    _, genuine = protector.unmask(_stored(protected), cut, ["", "", ""], _space())
    assert genuine.tolist() == [False, False, True]


# ------------------------------------------------------------------------------------------------ through a guard

TEXTS = [
    "the ward opens at nine",
    "the ward closes at five",
    "surgery is on the second floor",
    "visitors come in at ten",
]
IDS = ["a", "b", "c", "d"]


@pytest.fixture
def desk(desk_of: Any) -> Any:
    return desk_of(_policy(), embedder=word_hash(64))


def _bytes(desk: Any) -> dict[str, bytes]:
    return {key: row.vector.tobytes() for key, row in desk.store.rows.items() if key != MARKER}


@pytest.mark.parametrize("ranking", ["store", "guard"])
@pytest.mark.parametrize("name", NAMES)
def test_written_rows_are_found(name: Any, ranking: str, desk_of: Any) -> None:
    """Write, search, list and search like a record, ranked in either place, with scores of the noisy vectors."""
    desk = desk_of(_policy(name, 0.3, ranking=ranking), embedder=word_hash(64))
    desk.write(IDS, TEXTS)
    assert desk.texts() == dict(zip(IDS, TEXTS, strict=True))
    for each, text in zip(IDS, TEXTS, strict=True):
        answer = desk.read(Ask(query=Query(texts=(text,)), limit=4))
        assert answer.hits[0].record.id.given == each
        assert 0.85 < answer.hits[0].score < 0.999  # 1 / sqrt(1.09) = .958, and never the exact 1
        like = desk.read(Ask(query=Query(ids=(RecordId.text(each),)), limit=1))
        assert like.hits[0].record.id.given == each
        assert like.hits[0].score == pytest.approx(1.0, abs=1e-5)


def test_written_again_the_stored_bytes_stay(desk: Any) -> None:
    """The same texts sixteen times, alone, in batches, with other fields or by another verb: not one bit moves."""
    desk.write(IDS, TEXTS)
    before = _bytes(desk)
    for round_ in range(16):
        desk.write(IDS[round_ % 4 :], TEXTS[round_ % 4 :], [{"n": round_}] * (4 - round_ % 4))
        desk.write(["b"], [TEXTS[1]], verb="update")
        desk.write(["c"], fields=[{"m": round_}], verb="update")
        assert _bytes(desk) == before
    assert desk.nearest(TEXTS[2], limit=1) == ["c"]
    assert desk.fields()["c"]["m"] == 15
    assert len(desk.texts()) == 4


def test_other_content_is_drawn_afresh_beside_what_stays(desk: Any) -> None:
    """In one call, a changed text gets a new vector, a new record its first, and an unchanged one keeps its own."""
    desk.write(["a", "b"], TEXTS[:2])
    before = _bytes(desk)
    desk.write(["a", "b", "c"], [TEXTS[0], "the ward is closed for good", TEXTS[2]])
    after = _bytes(desk)
    assert sum(before[key] == after[key] for key in before) == 1
    assert len(after) == 3
    assert desk.nearest("the ward is closed for good", limit=1) == ["b"]
    assert desk.nearest(TEXTS[0], limit=1) == ["a"]


def test_a_record_that_returns_is_drawn_afresh(desk: Any) -> None:
    """Deleted and inserted again, or under a second id: another draw of the same text, as explain() says."""
    desk.write(["a"], TEXTS[:1])
    (first,) = _bytes(desk).values()
    desk.forget(["a"])
    desk.write(["a", "again"], [TEXTS[0]] * 2)
    assert len({first, *_bytes(desk).values()}) == 3
    assert "deleted and inserted again draw afresh" in desk.guard.policy.explain()


def test_sixteen_draws_are_worth_what_the_accounting_says(desk_of: Any) -> None:
    """The mean of 16 draws of one text has noise r / 4: copies under other ids gain that, and no more."""
    desk = desk_of(_policy("gaussian", 2.0), embedder=word_hash(384))
    desk.write([f"copy {i}" for i in range(16)], TEXTS[:1] * 16)
    keys = desk.guard.state.collection_keys(desk.shelf.collection.uid)
    rows = np.stack([row.vector for key, row in desk.store.rows.items() if key != MARKER]).astype(np.float64)
    exact = word_hash(384)(TEXTS[:1])[0] @ rotation(keys.rotation, 384).T
    each = _cosines(rows, exact[None, :]).mean()
    mean = _cosines(rows.mean(axis=0)[None, :], exact[None, :])[0]
    assert each == pytest.approx(1 / sqrt(1 + 2**2), abs=0.06)
    assert mean == pytest.approx(1 / sqrt(1 + 0.5**2), abs=0.03)


def test_a_callers_vector_that_jitters_keeps_its_row(desk_of: Any) -> None:
    """Embedded again in another batch (1e-7 off) it keeps its stored bytes; another vector does not."""
    desk = desk_of(_policy(), embedder=None)
    vector = _vectors(1, 16) + 0.00012345
    stored = []
    for given in (vector, vector * np.float32(1 + 1e-7), vector + 0.5):
        desk.write(["a"], vectors=given)
        stored.append(_bytes(desk))
    assert stored[0] == stored[1] != stored[2]


@pytest.mark.parametrize("ranking", ["store", "guard"])
def test_swapped_rows_are_not_found(ranking: str, desk_of: Any) -> None:
    """A host that exchanges two vectors of one owner takes both records out of the search, and no third."""
    desk = desk_of(_policy(ranking=ranking), embedder=word_hash(64))
    desk.write(IDS, TEXTS)
    rows = desk.store.rows
    one, other, *_ = [key for key in rows if key != MARKER]
    for key, vector in ((one, rows[other].vector), (other, rows[one].vector)):
        rows[key] = Row(key, rows[key].fields, rows[key].text, vector)
    assert sorted(desk.nearest(TEXTS[0], limit=4)) == ["c", "d"]


@pytest.mark.parametrize("ranking", ["store", "guard"])
def test_half_precision_storage_is_searched_as_before(ranking: str, desk_of: Any) -> None:
    """A store that keeps float16 loses no record."""
    desk = desk_of(_policy(ranking=ranking), embedder=word_hash(64))
    desk.write(IDS, TEXTS)
    for key, row in list(desk.store.rows.items()):
        if key != MARKER:
            rounded = row.vector.astype(np.float16).astype(np.float32)
            desk.store.rows[key] = Row(key, row.fields, row.text, rounded)
    for each, text in zip(IDS, TEXTS, strict=True):
        assert desk.nearest(text, limit=4)[0] == each
        assert len(desk.nearest(text, limit=4)) == 4


@pytest.mark.parametrize("other", [_policy("laplace"), _policy("gaussian", 0.6), Policy(scrub=Scrub(enabled=False))])
def test_another_mechanism_is_refused(other: Policy, tmp_path: Path, guard_of: Any, desk_of: Any) -> None:
    """A collection is opened with the mechanism and the dial that it was made with, and with no other."""
    keys, store = Keyring.ephemeral(), MemoryStore()
    options: dict[str, Any] = {"keys": keys, "state": f"sqlite:///{tmp_path / 'state.db'}", "embedder": word_hash(64)}
    desk_of(store=store, guard=guard_of(_policy("gaussian"), **options)).write(["a"], TEXTS[:1])
    with pytest.raises(PolicyError, match="made with"):
        desk_of(store=store, guard=guard_of(other, **options)).texts()
    assert desk_of(store=store, guard=guard_of(_policy(), **options)).texts() == {"a": TEXTS[0]}  # gaussian by default


def test_an_expired_record_is_no_version_before(desk_of: Any) -> None:
    """What nobody can read any more is not kept either: a new insert is a new draw."""
    desk = desk_of(_policy().replace(retention=Retention(days=1)), embedder=word_hash(64))
    desk.write(["a"], TEXTS[:1])
    before = _bytes(desk)
    desk.guard.clock = lambda: 4e9
    desk.write(["a"], TEXTS[:1])
    assert _bytes(desk) != before


# ---------------------------------------------------------------------------------------------------------- policies


@pytest.mark.parametrize(
    "settings",
    [
        {"mechanism": "gaussian"},
        {"mechanism": "laplace", "non_recoverable": False},
        {"non_recoverable": True, "mask": False},
        {"non_recoverable": True, "noise": 0.0},
        {"non_recoverable": True, "mechanism": "exponential"},
        {"non_recoverable": 1},
    ],
    ids=str,
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any]) -> None:
    """A mechanism needs non_recoverable, and that needs noise; replace() checks as the constructor does."""
    with pytest.raises(PolicyError):
        Vectors(**settings)
    with pytest.raises(PolicyError):
        Vectors().replace(**settings)


def test_masks_are_recoverable_unless_asked() -> None:
    """The default is the mask, and every profile keeps it."""
    for policy in (Policy(), Policy.strict(), Policy.hipaa_safe_harbor(), Policy.transparent()):
        assert not policy.vectors.non_recoverable
        assert "not recoverable" not in policy.layout


def test_layouts_differ_by_mechanism_and_dial() -> None:
    """Each mechanism, dial and place of ranking is a layout of its own."""
    policies = [_policy(name, noise) for name in NAMES for noise in (0.5, 0.6)] + [_policy(ranking="guard"), Policy()]
    assert len({policy.layout for policy in policies}) == len(policies)


def test_a_rotation_stands_before_little_noise(guard_of: Callable[..., Guard]) -> None:
    """Rows are rotated wherever they are ranked, so little noise exposes no more here than it does there."""
    lasting = Traits("any", "cosine", None, persistent=True)
    for ranking in ("store", "guard"):
        guard_of(_policy(noise=0.1, ranking=ranking)).shelf(lasting)


@pytest.mark.parametrize("noise", [1e-9, 0.05, 0.5, 2.0, 50.0, 1000.0])
@pytest.mark.parametrize("name", NAMES)
def test_explain_says_what_it_is_and_never_an_epsilon_alone(name: Any, noise: float) -> None:
    """Dial, cosine, mechanism, adjacency, delta, "vacuous", and that search loss was not measured."""
    words = _policy(name, noise).explain().splitlines()[1]
    figures = re.findall(r"epsilon = ([\d.,]+(?:e[+-]\d+)?)", words)
    complete = re.findall(
        rf"epsilon = ([\d.,]+(?:e[+-]\d+)?) at delta = [\d.e-]+[^;]*?(, which is vacuous)?; {name} mechanism; "
        r"adjacency: one text replaced by any other; search loss not measured",
        words,
    )
    assert len(figures) == len(complete) == 2
    for epsilon, vacuous in complete:
        assert bool(vacuous) == (float(epsilon.replace(",", "")) > 10)
    assert any(vacuous for _, vacuous in complete) or noise > 2
    for said in (f"r={noise:g}", f"{1 / sqrt(1 + noise**2):.3f}", "Nobody can take it off", "of the noisy vector"):
        assert said in words
    assert "search_loss` estimates the search loss" in words
    assert "draw afresh" in words
