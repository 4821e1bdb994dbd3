"""`vecguard redteam` on an export of notes: real stores, bare and guarded, robbed by the same attackers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faker import Faker
from typer.testing import CliRunner

from vecguard.cli import app
from vecguard.redteam.findings import Findings

WARDS = ("east", "west", "north")
THINGS = ("a cough", "a broken wrist", "a rash from nickel", "pain in the back", "an ear infection", "poor sleep")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 invented notes of three wards."""
    folder = tmp_path_factory.mktemp("export")
    fake = Faker("en_GB")
    fake.seed_instance(7)
    notes = [
        {
            "ward": WARDS[i % 3],
            "note": f"{fake.name()} of {fake.street_name()} came to the {WARDS[i % 3]} ward with {THINGS[i % 6]}; "
            f"{fake.word()} and {fake.word()} were seen, {fake.word()} was given.",
        }
        for i in range(240)
    ]
    (folder / "notes.jsonl").write_text("\n".join(map(json.dumps, notes)) + "\n")
    return folder


def run(*arguments: str | Path, ok: bool = True) -> str:
    """Run a command; return what it printed."""
    ended = CliRunner().invoke(app, [str(each) for each in arguments])
    assert (ended.exit_code == 0) is ok, ended.output
    return ended.output


@pytest.mark.parametrize("store", ["chroma", "qdrant", "faiss"])
def test_a_guarded_store_gives_away_nothing_that_a_bare_one_gives(store: str, export: Path, tmp_path: Path) -> None:
    """Each attacker that is strong on the bare store is at chance on the guarded one, adaptive ones too."""
    printed = run(
        "redteam", "--data", export, "--store", store, "--embedder", "words", "--out", tmp_path,
        "--attacks", "files,dictionary,gram,documents,tenant,membership,attributes",
    )  # fmt: skip
    assert "What 60 stolen rows give away" in printed
    found = Findings.read(tmp_path / f"redteam-{export.name}.json")
    assert {each.attack for each in found.figures} >= {"files", "dictionary", "gram", "documents", "tenant"}
    assert found.settings[1].quality["overlap@10"] > 0.5
    strong = [each for each in found.of("guarded") if each.main and each.ceiling - each.floor > 0.3]
    assert {"files", "dictionary", "documents", "tenant"} <= {each.attack for each in strong}
    assert max(each.leak for each in strong) < 0.25
    assert all(each.leak == pytest.approx(1.0) for each in found.of("bare") if each.main and each.ceiling > each.floor)
    assert (tmp_path / f"redteam-{export.name}.html").read_text().startswith("<!doctype html>")


def test_samples_are_veiled_unless_asked_for(export: Path, tmp_path: Path) -> None:
    """No word of a note that carries content is in the document or on the page; with --show they are."""
    pytest.importorskip("torch", reason="the bag-of-words attack needs torch")
    common = ("redteam", "--data", export, "--store", "faiss", "--embedder", "words", "--attacks", "words")
    run(*common, "--out", tmp_path / "veiled")
    run(*common, "--out", tmp_path / "shown", "--show")
    veiled, shown = (
        "".join(path.read_text() for path in sorted((tmp_path / each).iterdir())) for each in ("veiled", "shown")
    )
    assert Findings.read(tmp_path / "veiled" / f"redteam-{export.name}.json").samples
    assert "wrist" in shown or "cough" in shown or "infection" in shown
    assert not any(each in veiled for each in ("wrist", "cough", "infection", "nickel"))


def test_an_attacker_of_ones_own_and_unknown_names(export: Path, tmp_path: Path) -> None:
    """A file is enough; a name that there is not is refused, as are stores and profiles."""
    (tmp_path / "mine.py").write_text(
        "from vecguard.redteam import Dictionary\n"
        "class Mine:\n"
        "    name = 'mine'\n"
        "    def fit(self, known):\n"
        "        return Dictionary().fit(known)\n"
        "attack = Mine()\n"
    )
    common = ("redteam", "--data", export, "--store", "faiss", "--embedder", "words", "--out", tmp_path)
    run(*common, "--attack", tmp_path / "mine.py")
    assert {each.attack for each in Findings.read(tmp_path / f"redteam-{export.name}.json").figures} == {"mine"}
    for wrong in (("--attacks", "no-such"), ("--store", "no-such"), ("--profile", "no-such"), ("--attribute", "no")):
        assert "Error" in run(*common, *wrong, ok=False)


def test_a_challenge_is_published_without_its_answers_and_judged(export: Path, tmp_path: Path) -> None:
    """No note is in the folder; a note is recognised, also reworded; a text that was published wins nothing."""
    folder, answers, claims = tmp_path / "challenge", tmp_path / "answers.json", tmp_path / "claims.txt"
    common = ("redteam", "challenge", folder, "--data", export, "--answers", answers, "--store", "faiss")
    run(*common, "--embedder", "words", "--rows", "40")
    notes = json.loads(answers.read_text())["notes"]
    published = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    assert len(notes) == 40
    assert not any(note[:30].encode() in published for note in notes)
    known = json.loads((folder / "known.jsonl").read_text().splitlines()[0])["text"]
    judging = ("redteam", "judge", folder, "--answers", answers, "--claims", claims)
    claims.write_text(f"{known}\n")
    assert "0 of 1 claims" in run(*judging, ok=False)
    claims.write_text(f"{notes[3].upper()}\n{' '.join(reversed(notes[5].split()))}\nsomething else\n")
    assert "2 of 3 claims" in run(*judging)
    assert "Error" in run(*common, "--embedder", "words", ok=False)  # nothing is overwritten


def test_answers_that_were_changed_afterwards_are_not_those_of_the_challenge(export: Path, tmp_path: Path) -> None:
    """The commitments say so."""
    folder, answers, claims = tmp_path / "challenge", tmp_path / "answers.json", tmp_path / "claims.txt"
    run(
        "redteam", "challenge", folder, "--data", export, "--answers", answers, "--store", "faiss",
        "--embedder", "words", "--rows", "20",
    )  # fmt: skip
    changed = json.loads(answers.read_text())
    changed["notes"][0] = "another note"
    answers.write_text(json.dumps(changed))
    claims.write_text("another note\n")
    assert "not the answers" in run("redteam", "judge", folder, "--answers", answers, "--claims", claims, ok=False)
