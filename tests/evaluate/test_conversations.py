"""Sentences of persona chats are read once each, and a file of another form is refused without showing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vecguard.evaluate import BadCorpus
from vecguard.evaluate.conversations import FILE, sentences

ROW = {
    "persona1": ["I bake a lot of bread.", "Short one."],
    "persona2": ["I bake a lot of bread."],
    "conversation": "User 1: Hello there my friend! How are you today?\nUser 2: I bake a lot of bread.",
}


def test_sentences_are_distinct_and_split(tmp_path: Path) -> None:
    """Personas come first, turns are split into sentences, repeats and too short or long ones are left out."""
    (tmp_path / FILE).write_text(json.dumps(ROW) + "\n")
    assert sentences(tmp_path) == ("I bake a lot of bread.", "Hello there my friend!", "How are you today?")
    assert sentences(tmp_path, shortest=1, longest=2) == ("Short one.",)


@pytest.mark.parametrize("content", [b"{", b'{"persona1": []}', b"[]", b"\xff\xfe secret"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: bytes) -> None:
    """The error names file and line, never what stands there."""
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(BadCorpus, match=r"conversations\.jsonl") as failure:
        sentences(tmp_path)
    assert "secret" not in str(failure.value)
    assert failure.value.__context__ is None


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """An empty folder is not an empty corpus."""
    with pytest.raises(BadCorpus):
        sentences(tmp_path)
