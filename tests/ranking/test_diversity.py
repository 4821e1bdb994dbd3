"""Maximal marginal relevance in the guard: what a bare Qdrant gives, whoever ranks, and no vector leaves."""

from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

import vecguard_qdrant
from vecguard import Guard, Keyring, Policy, Scrub, Undecided, Vectors
from vecguard.ranking.diversity import diverse
from vecguard.ranking.exact import scores

DISTANCES = (models.Distance.COSINE, models.Distance.DOT, models.Distance.EUCLID)


@pytest.mark.parametrize("ranking", ["guard", "store"])
@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(
    ("weight", "candidates", "offset"), [(0.5, 40, 0), (0.9, 60, 3), (0.0, 20, 0), (None, None, 0)]
)
def test_it_chooses_what_a_bare_qdrant_chooses(
    ranking: str, distance: models.Distance, weight: float | None, candidates: int | None, offset: int
) -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(80, 16)) + 2 * rng.normal(size=(4, 16))[rng.integers(0, 4, 80)]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    points = [models.PointStruct(id=at, vector=row.tolist(), payload={"at": at}) for at, row in enumerate(rows)]
    query = models.NearestQuery(
        nearest=rng.normal(size=16).tolist(), mmr=models.Mmr(diversity=weight, candidates_limit=candidates)
    )
    vectors = Vectors(ranking="guard") if ranking == "guard" else Vectors(noise=0.5, over_fetch=80)
    policy = Policy(scrub=Scrub(enabled=False), vectors=vectors, unscrubbed_vectors="allow")
    with_guard = QdrantClient(":memory:")
    found = []
    for client in (QdrantClient(":memory:"), with_guard):
        client.create_collection("c", models.VectorParams(size=16, distance=distance))
        if client is with_guard:
            guard = Guard(policy, keys=Keyring.ephemeral(), state=":memory:")
            client = vecguard_qdrant.wrap(client, guard).acting_for("alice")  # noqa: PLW2901
        client.upsert("c", points)
        answer = client.query_points("c", query=query, limit=8, offset=offset).points
        found.append([(point.id, point.vector) for point in answer])
    assert found[1] == found[0]
    assert all(vector is None for _, vector in found[1])


def test_by_relevance_alone_it_is_a_search_and_by_difference_it_leaves_twins_out() -> None:
    query = np.array([1.0, 0.0, 0.0], dtype=np.float32)
    rows = np.array([[1, 0.1, 0], [1, 0.11, 0], [1, 0, 0.3], [0.2, 1, 0]], dtype=np.float32)
    scored = scores(query[None, :], rows, "cosine")[0]
    assert diverse(scored, rows, "cosine", 4, 0.0) == [0, 1, 2, 3]
    assert diverse(scored, rows, "cosine", 2, 0.7) == [0, 3]
    assert diverse(scored[:0], rows[:0], "cosine", 2, 0.7) == []


@pytest.mark.parametrize(
    ("query", "error"),
    [
        (models.NearestQuery(nearest=3, mmr=models.Mmr(diversity=0.5)), Undecided),
        (models.NearestQuery(nearest=[1.0, 0.0], mmr=models.Mmr(diversity=1.5)), ValueError),
        (models.NearestQuery(nearest=[1.0, 0.0], mmr=models.Mmr(candidates_limit=20_000)), ValueError),
    ],
)
def test_what_cannot_be_done_is_an_error(query: models.NearestQuery, error: type[Exception]) -> None:
    client = QdrantClient(":memory:")
    client.create_collection("c", models.VectorParams(size=2, distance=models.Distance.COSINE))
    guard = Guard(Policy(scrub=Scrub(enabled=False)), keys=Keyring.ephemeral(), state=":memory:")
    with pytest.raises(error):
        vecguard_qdrant.wrap(client, guard).acting_for("alice").query_points("c", query=query, limit=2)
