"""Readers of labelled sets, on files written here: what they take, what they leave out, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vecguard.evaluate.errors import BadCorpus
from vecguard.evaluate.pii import conll, folder, sets
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.types import NEWS_AND_WEB

SECRET = "Quillfeather"  # in no message, whatever is wrong with the file


def lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def values(text: Labelled) -> list[tuple[str, str]]:
    return [(text.text[span.start : span.end], span.entity) for span in text.spans]


def test_presidio_research_maps_types_and_groups_by_template(tmp_path: Path) -> None:
    """Street addresses and GPEs are locations, a type without a counterpart is left out, the group is the template."""
    text = "Ada of 12 Elm Street, Paris, is a knight"
    spans = [
        {"entity_type": entity, "start_position": text.index(value), "end_position": text.index(value) + len(value)}
        for value, entity in (
            ("Paris", "GPE"),
            ("Ada", "PERSON"),
            ("12 Elm Street", "STREET_ADDRESS"),
            ("knight", "RANK"),
        )
    ]
    path = tmp_path / "set.json"
    path.write_text(json.dumps([{"full_text": text, "spans": spans, "template_id": 7}]), encoding="utf-8")
    (got,) = sets.presidio_research(path)
    assert values(got) == [("Ada", "PERSON"), ("12 Elm Street", "LOCATION"), ("Paris", "LOCATION")]
    assert got.group == "template 7"


def test_tab_gives_one_kind_of_identifier_by_split(tmp_path: Path) -> None:
    """Direct and quasi-identifiers come apart, overlapping mentions become one, and splits keep their names."""
    text = "Mr Berg, born in Oslo, no. 18403/91"
    spans = [("Mr Berg", "PERSON", "DIRECT"), ("Berg", "PERSON", "DIRECT"), ("Oslo", "LOC", "QUASI")]
    row = {
        "text": text,
        "metadata": {"provenance": {"dataset_type": "dev", "doc_id": "001-1"}},
        "entities": [
            {
                "start_offset": text.index(value),
                "end_offset": text.index(value) + len(value),
                "entity_type": entity,
                "identifier_type": identifier,
            }
            for value, entity, identifier in spans
        ],
    }
    path = lines(tmp_path / "tab.jsonl", row)
    (direct,), (quasi,) = sets.tab(path, "DIRECT")["dev"], sets.tab(path, "QUASI")["dev"]
    assert values(direct) == [("Mr Berg", "PERSON")]
    assert values(quasi) == [("Oslo", "LOC")]
    assert direct.group == "document 001-1"


def test_aci_finds_the_patients_names_as_whole_words_in_any_case(tmp_path: Path) -> None:
    """Both names in a row are one span; "Marthas" is another word; a missing name finds nothing at all."""
    note = "MARTHA COLLINS is here. Martha's knee, not Marthas. mr. collins waits."
    row = {"_id": "1", "split": "train", "note": note, "patient_firstname": "Martha", "patient_familyname": "Collins"}
    nameless = {"_id": "2", "split": "valid", "note": note, "patient_firstname": "", "patient_familyname": None}
    got = sets.aci_bench(lines(tmp_path / "aci.jsonl", row, nameless))
    assert [value for value, _ in values(got["train"][0])] == ["MARTHA COLLINS", "Martha", "collins"]
    assert got["valid"][0].spans == ()


def test_jsonl_takes_entity_or_label(tmp_path: Path) -> None:
    """Spans name their type by either key; the line is the group where none is given."""
    row = {"text": "Ada paid", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]}
    path = lines(tmp_path / "own.jsonl", row, {**row, "group": "g"})
    first, second = sets.jsonl(path)
    assert values(first) == values(second) == [("Ada", "PERSON")]
    assert (first.group, second.group) == ("1", "g")


def test_conll_reads_io_iob_and_bioes(tmp_path: Path) -> None:
    """Neighbours of one type are two spans only where a tag says that one begins."""
    path = tmp_path / "a.conll"
    path.write_text(
        "-DOCSTART- O\n\nAda\tB-person\nLovelace\tI-person\nBob\tB-person\nsings\tO\n\n"
        "Paris I-LOC\nTexas I-LOC\nACME S-ORG\nInc. S-ORG\ngold O\n\n",
        encoding="utf-8",
    )
    first, second = conll.read(path, NEWS_AND_WEB)
    assert first.text == "Ada Lovelace Bob sings"
    assert values(first) == [("Ada Lovelace", "PERSON"), ("Bob", "PERSON")]
    assert values(second) == [("Paris Texas", "LOCATION"), ("ACME", "ORGANIZATION"), ("Inc.", "ORGANIZATION")]
    assert first.group != second.group


def test_conll_keeps_odd_tokens_and_survives_lost_ones(tmp_path: Path) -> None:
    """Other white space is a token, an empty token is dropped, and a type that nothing looks for is no span."""
    path = tmp_path / "a.conll"
    path.write_text("a\u3000b\tO\n\tO\nAda\tB-PER\nAlbum\tB-creative-work\n", encoding="utf-8")
    (got,) = conll.read(path, NEWS_AND_WEB)
    assert got.text == "a\u3000b Ada Album"
    assert values(got) == [("Ada", "PERSON")]


def test_conll_sets_handles_apart(tmp_path: Path) -> None:
    """What follows "@" is a handle, whatever the set calls it."""
    path = tmp_path / "tweets.conll"
    path.write_text("@\tO\nada99\tB-PER\n@bob\tB-PER\nEve\tB-PER\n", encoding="utf-8")
    (got,) = conll.read(path, NEWS_AND_WEB, handles=True)
    assert values(got) == [("ada99 @bob", conll.HANDLE), ("Eve", "PERSON")]


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [
        ("a.json", '{"full_text": "Quillfeather"}', sets.presidio_research),
        ("b.json", '[{"full_text": "Quillfeather"}]', sets.presidio_research),
        ("c.json", '[{"full_text": "Quillfeather", ', sets.presidio_research),
        ("d.jsonl", '{"text": "Quillfeather"}\n', lambda path: sets.tab(path, "DIRECT")),
        ("e.jsonl", '{"split": "train", "note": 7}\n', sets.aci_bench),
        ("f.jsonl", '"Quillfeather"\n', sets.jsonl),
        ("g.jsonl", '{"text": "Quillfeather", "spans": [{"start": 3, "end": 99, "entity": "X"}]}\n', sets.jsonl),
        ("h.jsonl", '{"_id": 1}\n', sets.plain),
        ("i.conll", "Quillfeather\n", lambda path: conll.read(path, NEWS_AND_WEB)),
    ],
)
def test_a_malformed_file_is_refused_by_name_and_place(tmp_path: Path, name: str, content: str, read: object) -> None:
    """The message names the file and says nothing of what is in it."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadCorpus, match=name) as refused:
        read(path)  # type: ignore[operator]
    assert SECRET not in str(refused.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are refused by every reader."""
    path = tmp_path / "x"
    path.write_bytes(b"\xff\xfe\x00")
    for read in (sets.presidio_research, sets.jsonl, lambda p: conll.read(p, NEWS_AND_WEB)):
        with pytest.raises(BadCorpus):
            read(path)


def test_a_folder_names_sets_that_are_not_there(tmp_path: Path) -> None:
    """Every set of an empty folder is offered, with a path that does not exist, so that it can be skipped by name."""
    offered = list(folder.sources(tmp_path))
    assert {"synth_dataset_v2", "TAB direct identifiers", "ACI-Bench patient names", "WNUT17 test"} <= {
        source.name for source in offered
    }
    assert not any(source.path.exists() for source in offered)


def test_all_splits_come_first_and_together(tmp_path: Path) -> None:
    """ACI-Bench is measured as a whole and by split."""
    (tmp_path / "aci_bench").mkdir()
    rows = [
        {"_id": str(n), "split": split, "note": "Ada", "patient_firstname": "Ada", "patient_familyname": ""}
        for n, split in enumerate(("train", "valid", "train"))
    ]
    lines(tmp_path / "aci_bench" / "encounters.jsonl", *rows)
    (source,) = [each for each in folder.sources(tmp_path) if each.path.exists()]
    assert {name: len(texts) for name, texts in source.load(source.path).items()} == {
        "all splits": 3,
        "train": 2,
        "valid": 1,
    }


def test_tokens_are_joined_as_people_write(tmp_path):
    """No blank before a full stop or a contraction, none behind a bracket; spans are found where the tokens went."""
    rows = "It O|' O|s O|( O|Ann B-PER|Lee I-PER|) O|, O|and O|Bo B-PER|' O|s O|dog O|. O"
    path = tmp_path / "x.conll"
    path.write_text(rows.replace("|", "\n") + "\n")
    (sentence,) = conll.read(path, {"PER": "PERSON"})
    assert sentence.text == "It's (Ann Lee), and Bo's dog."
    assert [sentence.text[each.start : each.end] for each in sentence.spans] == ["Ann Lee", "Bo"]
