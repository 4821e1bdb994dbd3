"""The score attacks in front of a real guard: its readers get what the arrays say that they get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

import vecguard
from vecguard.arrays import Doubles, Floats
from vecguard.policy import Reads, Scrub, Vectors
from vecguard.redteam import Knowledge
from vecguard.redteam.scores import (
    AmongOwnRows,
    GuardedRows,
    Ladders,
    Limits,
    Probes,
    Reading,
    ScoreAttack,
    ShownScores,
    mean_cosine,
)
from vecguard.watch.scores import ScorePolicy

faiss = pytest.importorskip("faiss", reason="the extra vecguard[faiss] is not installed")
vecguard_faiss = pytest.importorskip("vecguard_faiss")

D, ROWS, READERS = 32, 12, 10
RANKED_HERE = Vectors(noise=100.0, ranking="guard")
Cloud = Callable[..., Floats]


class Shared:
    """One owner's rows in a guarded collection, read by ten accounts of one attacker."""

    def __init__(self, exact: Floats, policy: ScorePolicy, folder: Path, vectors: Vectors, blur: float | None) -> None:
        self.exact = exact
        self._policy = vecguard.Policy(
            scrub=Scrub(enabled=False), vectors=vectors, reads=Reads(shared=policy, blur=blur)
        )
        self._folder = folder
        vecguard.Keyring.generate(folder / "key")
        self.guard = self._started()
        self.collection = vecguard_faiss.GuardedFaissCollection(faiss.IndexFlatIP(D), self.guard)
        self.write("secret")
        self.guard.rules.grant("owner", readers=[f"reader-{at}" for at in range(READERS)])

    def write(self, name: str) -> None:
        """Write the rows under ids of this name."""
        rows = range(len(self.exact))
        self.collection.acting_for("owner").add(
            [f"{name} {at}" for at in rows],
            embeddings=self.exact.tolist(),
            metadatas=[{"name": name, "at": at} for at in rows],
        )

    def restart(self) -> None:
        """End the process, as far as the guard can tell, and go on from what was saved."""
        self.collection.save(self._folder / "rows")
        self.guard.close()
        self.guard = self._started()
        self.collection = vecguard_faiss.GuardedFaissCollection.open(self._folder / "rows", self.guard)

    def _started(self) -> vecguard.Guard:
        keys, state = vecguard.Keyring.from_file(self._folder / "key"), f"sqlite:///{self._folder}/state.db"
        return vecguard.Guard(self._policy, keys=keys, state=state)

    def estimate(self, attack: ScoreAttack, reader: int = 0, name: str = "secret") -> Doubles:
        """Attack the rows of a name as one of the readers; estimates in the order of the rows."""
        bound = self.collection.acting_for(f"reader-{reader}")
        oracle = GuardedRows(bound, most=2_000)
        seen = bound.query(query_embeddings=[[1.0] * D], n_results=2_000)
        numbers = {
            fields["at"]: oracle.number(row)
            for row, fields in zip(seen["ids"][0], seen["metadatas"][0], strict=True)
            if fields["name"] == name
        }
        targets = np.array([numbers[at] for at in range(len(self.exact))], dtype=np.intp)
        return attack.fit(Knowledge()).estimate(oracle, targets, D)


Share = Callable[..., Shared]


@pytest.fixture
def share(cloud: Cloud, tmp_path: Path) -> Iterator[Share]:
    exact = cloud(ROWS, seed=3, dimension=D)
    shares: list[Shared] = []

    def made(policy: ScorePolicy, *, blur: float | None = 1.0, vectors: Vectors = RANKED_HERE) -> Shared:
        shares.append(Shared(exact, policy, tmp_path, vectors, blur))
        return shares[-1]

    yield made
    for each in shares:
        each.guard.close()


ATTACKS: list[tuple[ScorePolicy, Reading, int]] = [
    ("exact", ShownScores("exact"), D),
    ("rounded", ShownScores("rounded"), 4 * D),
    ("rank", AmongOwnRows(rows=256), 4 * D),
    ("rank", Ladders(rungs=16), D),
    ("hidden", Limits(rows=48), D),
]


@pytest.mark.parametrize(("policy", "reading", "probes"), ATTACKS, ids=lambda each: str(each)[:12])
def test_a_guard_without_blur_gives_its_vectors_away(
    share: Share, policy: ScorePolicy, reading: Reading, probes: int
) -> None:
    """The attacks are as strong through the guard's verbs as they are on arrays."""
    shared = share(policy, blur=0.0)
    assert mean_cosine(shared.estimate(ScoreAttack(reading, Probes(probes))), shared.exact) > 0.99


@pytest.mark.parametrize(("policy", "reading", "probes"), ATTACKS, ids=lambda each: str(each)[:12])
def test_a_guard_with_blur_gives_no_more_than_the_blurred_vector(
    share: Share, policy: ScorePolicy, reading: Reading, probes: int
) -> None:
    """b = 1: about .7, where the same questions gave .99."""
    shared = share(policy)
    assert 0.6 < mean_cosine(shared.estimate(ScoreAttack(reading, Probes(probes))), shared.exact) < 0.8


def test_ten_accounts_of_a_guard_see_one_and_the_same_vector(share: Share) -> None:
    """Each triangulates for itself, with directions of its own; together they have what one has."""
    shared = share("exact")
    found = [shared.estimate(ScoreAttack(ShownScores(), Probes(2 * D, seed=each)), each) for each in range(READERS)]
    assert all(mean_cosine(each, found[0].astype(np.float32)) > 0.9999 for each in found)
    together, alone = (mean_cosine(each, shared.exact) for each in (np.mean(found, axis=0), found[0]))
    assert together == pytest.approx(alone, abs=1e-3)


def test_a_guard_that_was_started_anew_shows_the_same_vector(share: Share) -> None:
    """Another process on another day draws nothing afresh."""
    shared, attack = share("exact"), ScoreAttack(ShownScores(), Probes(2 * D))
    before = shared.estimate(attack)
    shared.restart()
    assert mean_cosine(shared.estimate(attack, reader=1), before.astype(np.float32)) > 0.9999


def test_a_copy_under_another_id_shows_the_same_vector(share: Share) -> None:
    """An owner that writes its rows twice has not shown them twice."""
    shared, attack = share("exact"), ScoreAttack(ShownScores(), Probes(2 * D))
    shared.write("copy")
    first, second = (shared.estimate(attack, name=name) for name in ("secret", "copy"))
    assert mean_cosine(second, first.astype(np.float32)) > 0.9999
    assert mean_cosine(first, shared.exact) < 0.8


def test_where_the_store_ranks_readers_get_the_noise_of_its_rows(share: Share) -> None:
    """r = 1 takes the place of b = 1, whatever is asked and by how many."""
    shared = share("exact", blur=None, vectors=Vectors(noise=1.0, ranking="store"))
    found = [shared.estimate(ScoreAttack(ShownScores(), Probes(2 * D, seed=each)), each) for each in range(3)]
    assert 0.6 < mean_cosine(np.mean(found, axis=0), shared.exact) < 0.8
    assert mean_cosine(found[1], found[0].astype(np.float32)) > 0.9999


def test_a_guard_shows_rounded_scores_of_others_and_exact_ones_of_ones_own(share: Share) -> None:
    """Hundredths, and what float32 leaves of a cosine."""
    shared = share("rounded")
    oracle = GuardedRows(shared.collection.acting_for("reader-0"), most=ROWS + 1)
    own, queries = oracle.write(shared.exact[:1]), shared.exact
    answers = oracle.ask(queries)
    mine = answers.of(own, answers.scores)[:, 0]
    hundredths = 100 * answers.scores[answers.ids != own[0]]
    assert len(hundredths) == ROWS * len(queries)
    assert np.abs(hundredths - np.round(hundredths)).max() < 1e-4
    assert mine == pytest.approx(queries @ queries[0], abs=1e-5)


def test_reading_a_guard_by_rank_shows_no_score_of_others(share: Share) -> None:
    """Nothing to triangulate with: not one number."""
    shared = share("rank")
    assert not shared.estimate(ScoreAttack(ShownScores(), Probes(2 * D))).any()


def test_a_threshold_that_the_verbs_lack_is_refused(share: Share) -> None:
    """Rather than ignored, which would look like a row that passes."""
    shared = share("exact")
    with pytest.raises(vecguard.BadInput):
        GuardedRows(shared.collection.acting_for("reader-0"), most=5).ask(shared.exact, threshold=0.1)
