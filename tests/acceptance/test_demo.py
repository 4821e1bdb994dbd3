"""The demonstration, run whole: what it prints must hold, and the files it leaves are looked at again from outside."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path

import numpy as np
import pytest

from vecguard import Guard, Keyring, Policy, Vectors
from vecguard.cli import _corpus, _demo
from vecguard.cli._demo import Evidence, demonstrate
from vecguard.cli._sides import side
from vecguard.protect.rotation import rotation
from vecguard.records import RecordId
from vecguard.redteam import files
from vecguard.testing import word_hash

STORES = ("chroma", "qdrant", "faiss")
DIMENSION = 384
EMBED = word_hash(DIMENSION)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Evidence]]:
    """Run the demonstration on the three stores once, and keep the files."""
    folder = tmp_path_factory.mktemp("demo")
    corpus = _corpus.synthetic()
    return folder, {store: demonstrate(store, corpus, EMBED, folder, Policy()) for store in STORES}


def _line(found: Evidence, what: str) -> tuple[str, str]:
    (line,) = [each for each in found.lines if what in each.what]
    return line.bare, line.guarded


@pytest.mark.parametrize("store", STORES)
def test_the_attacks_work_on_the_bare_store(shown, store: str) -> None:
    """An attack that finds nothing in a bare store would say nothing about a guarded one."""
    found = shown[1][store]
    for what in ("sentences", "names, phones", "record ids", "owner names", "others' notes", "without owner filter"):
        got, total = _line(found, what)[0].split("/")
        assert got == total != "0", what
    assert _line(found, "recognised by a dictionary")[0] == "100%"
    assert _line(found, "known pairs")[0] == "100%"
    assert _line(found, "mean cosine")[0] == "1.00"


@pytest.mark.parametrize("store", STORES)
def test_the_attacks_find_nothing_in_the_guarded_store(shown, store: str) -> None:
    """No secret in its files, nothing of another owner, no vector near its exact one, a dictionary as good as luck."""
    found = shown[1][store]
    assert found.leaks == 0
    assert found.highest_cosine < 0.3
    assert int(_line(found, "recognised by a dictionary")[1].rstrip("%")) <= 13
    for what in ("others' notes", "without owner filter", "vectors handed out"):
        assert _line(found, what)[1].startswith("0/"), what


@pytest.mark.parametrize("store", STORES)
def test_the_owner_loses_nothing_to_masking(shown, store: str) -> None:
    """An owner's own top 5 is that of an exact search over the scrubbed notes."""
    assert shown[1][store].same_as_exact == 1.0


@pytest.mark.parametrize("store", STORES)
def test_restoring_gives_the_text_back_and_only_when_permitted(shown, store: str) -> None:
    """With pii:restore the note comes back as it was written; without, none of what was planted is in it."""
    written, read, restored = shown[1][store].sample
    planted = _corpus.synthetic().notes[0].planted
    assert restored == written
    assert planted
    assert not any(each in read for each in planted)


@pytest.mark.parametrize("store", STORES)
def test_the_files_hold_none_of_it_when_grepped_by_hand(shown, store: str) -> None:
    """The same search with nothing of ours but `in`: plain, UTF-16, hex, base64, in every file of store and state."""
    corpus = _corpus.synthetic()
    secrets = list(itertools.chain(*corpus.secrets.values(), (note.id for note in corpus.notes)))
    paths = [path for path in (shown[0] / store / "guarded").rglob("*") if path.is_file()]
    assert len(paths) >= 2
    content = b"\0".join(path.read_bytes() for path in paths)
    for secret in secrets:
        plain = secret.encode()
        for form in (plain, secret.encode("utf-16-le"), plain.hex().encode(), base64.b64encode(plain)[: len(plain)]):
            assert form not in content


@pytest.mark.parametrize("store", STORES)
def test_what_is_left_once_the_rotation_is_undone_is_the_noise(store: str, tmp_path: Path) -> None:
    """A thief with the rotation is left with cosine 1/sqrt(1 + r^2), no more; without it, with less than .3."""
    folder, corpus, ranked = tmp_path, _corpus.synthetic(), Policy(vectors=Vectors(ranking="store"))
    assert _line(demonstrate(store, corpus, EMBED, folder, ranked), "learnt the rotation")[1] == "100%"
    safe = folder / store / "guarded"
    guard = Guard(
        ranked,
        keys=Keyring.from_file(folder / f"{store}.key"),
        state=f"sqlite:///{safe / 'vecguard.db'}",
        embedder=EMBED,
    )
    opened = side(store, safe / "store", guard, DIMENSION)
    clean = _demo._clean(corpus, guard, EMBED)
    (uid,) = guard.state.uids(store)
    keys = guard.state.collection_keys(uid)
    exact = {}
    for note in corpus.notes:
        given = opened.caller_id(note.id)
        record = RecordId("uuid", given, given.replace("-", "")) if store == "qdrant" else RecordId.text(given)
        exact[guard.state.space(uid, note.owner, keys).backend_id(record)] = clean[note.id]
    rows = opened.shelf()
    assert {row.id for row in rows} == set(exact)
    stored = np.stack([row.vector / np.linalg.norm(row.vector) for row in rows]).astype(np.float64)
    wanted = np.stack([exact[row.id] / np.linalg.norm(exact[row.id]) for row in rows])
    turned = stored @ rotation(keys.rotation, DIMENSION)
    assert np.einsum("ij,ij->i", stored, wanted).max() < 0.3
    undone = np.einsum("ij,ij->i", turned, wanted)
    assert undone.max() <= 1 / np.sqrt(2) + 0.05 + 1e-6
    assert abs(undone.mean() - 1 / np.sqrt(2)) < 0.03
    opened.close()
    guard.close()


def test_the_search_of_files_finds_what_is_there(tmp_path: Path) -> None:
    """Every form that is looked for is found where it was planted, at every alignment of base64."""
    secret = "Rebecca Parks, ward nine"
    plain = secret.encode()
    planted = {
        "plain": b"xx" + plain,
        "utf-16": secret.encode("utf-16-le"),
        "hex": b"z" + plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        **{f"base64+{n}": base64.b64encode(b"abcabc"[: 3 + n] + plain + b" and more") for n in range(3)},
    }
    for form, content in planted.items():
        folder = tmp_path / form
        folder.mkdir()
        (folder / "file").write_bytes(b"\x00\x01" + content + b"\xff")
        assert form in {leak.form for leak in files.search(folder, ["nothing like it", secret])}
