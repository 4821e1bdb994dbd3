"""Texts of one's own: an export in JSON lines, and the attributes beside each text."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from vecguard.evaluate import BadCorpus
from vecguard.evaluate.notes import read


def written(folder: Path, rows: list[Any], name: str = "export.jsonl") -> Path:
    (folder / name).write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return folder


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {"_id": f"r{i}", "ward": "east" if i % 2 else "west", "note": f"the note of patient {i}", "by": {"sex": "f"}}
        for i in range(count)
    ]


def test_texts_come_with_the_fields_of_few_values(tmp_path: Path) -> None:
    """A ward is an attribute; an id, and a field that is always the same, is none."""
    notes = read(written(tmp_path, rows(60)))
    assert len(notes.texts) == 60
    assert dict(notes.labels) == {"ward": tuple("east" if i % 2 else "west" for i in range(60))}


def test_attributes_can_be_named(tmp_path: Path) -> None:
    """Nested ones too; one that is nowhere is refused."""
    notes = read(written(tmp_path, rows(60)), attributes=["by.sex"])
    assert dict(notes.labels) == {"by.sex": ("f",) * 60}
    with pytest.raises(BadCorpus):
        read(tmp_path, attributes=["no such field"])


def test_a_list_of_texts_is_as_many_records_and_repeated_texts_are_one(tmp_path: Path) -> None:
    """As comments of an author are."""
    found = read(written(tmp_path, [{"comments": ["the first comment", "the second comment", "the first comment"]}]))
    assert found.texts == ("the first comment", "the second comment")


@pytest.mark.parametrize("line", ["not json", "[1]", '"text"'])
def test_a_bad_line_is_named_by_its_number_and_not_quoted(line: str, tmp_path: Path) -> None:
    """It may be somebody's text."""
    (tmp_path / "export.jsonl").write_text('{"note": "a note that is long enough"}\n' + line + "\n")
    with pytest.raises(BadCorpus, match="line 2") as refused:
        read(tmp_path)
    assert line not in str(refused.value)


def test_conversations_are_read_by_their_sentences(tmp_path: Path) -> None:
    """Personas and turns, without who said them."""
    line = {
        "persona1": ["I keep three bees."],
        "persona2": ["I sing in a choir."],
        "conversation": "User 1: Hello there you.",
    }
    assert read(written(tmp_path, [line], "conversations.jsonl")).texts == (
        "I keep three bees.",
        "I sing in a choir.",
        "Hello there you.",
    )


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    """No file, or none with a text."""
    with pytest.raises(BadCorpus):
        read(tmp_path)
    with pytest.raises(BadCorpus):
        read(written(tmp_path, [{"number": 1}]))


def test_a_real_export_is_read() -> None:
    """Clinical notes with their sections."""
    root = os.environ.get("VECGUARD_DATA")
    if not root or not (Path(root) / "mts_dialog").is_dir():
        pytest.skip("VECGUARD_DATA does not name a folder with mts_dialog/")
    notes = read(Path(root) / "mts_dialog")
    assert len(notes.texts) > 1_000
    assert len(set(notes.labels["section"])) == 20
