"""What a text is read as, and that every reading leads back to the right place in it."""

from __future__ import annotations

import base64
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecguard.scrub import Finding
from vecguard.scrub.normalise import canonical, fold, views

FOLDED = [
    ("\uff11\uff12\uff13\uff0d\uff14\uff15", "123-45"),
    ("\u0661\u0968\u0e53", "123"),
    ("\u00b9\u2461\u2776\u2474", "1211"),
    ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
    ("a\u200bb\u00adc\u2060d\u202ee\ufefff\u034fg\x00h", "abcdefgh"),
    ("1\u03362\u0336", "12"),
    ("x\u2010y\u2011z\u2013w\u2014v\u2212u", "x-y-z-w-v-u"),
    ("a\u00a0b\u2009c\u3000d", "a b c d"),
    ("a\uff20b\uff0ec\u3002d\u2024e", "a@b.c.d.e"),
    ("\u2018a\u2019 \u201cb\u201d", "'a' \"b\""),
    ("\U0001d412\U0001d41a\u24e1\uff41\u210e", "Sarah"),
    ("Zo\u00eb M\u00fcller, \u0141ukasz", "Zoe Muller, Lukasz"),
    ("1\u00b72\u00b73", "1.2.3"),
    ("a \u2022 b", "a \u2022 b"),
    ("\u4e00\u4e8c\u4e09-\u56db\u4e94", "123-45"),
]

LOOKALIKES = [
    ("S\u0430r\u0430h", "Sarah"),
    ("\u0405\u0405N", "SSN"),
    ("j\u03b1ne@ex\u0430mple.com", "jane@example.com"),
    ("on \u0440\u0430\u0441\u0440\u043e\u0440 here", "on pacpop here"),
    ("2\u041e9", "2O9"),
]

GENUINE = [
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u044d\u0442\u043e \u043d\u043e\u0442\u0430",
    "\u03ba\u03b1\u03bb\u03b7\u03bc\u03b5\u03c1\u03b1 \u03c3\u03b1\u03c2, \u03bf\u03b9\u03ba\u03bf\u03c2",
    "the \u03b2-catenin pathway",
    "\u6771\u4eac\u90fd \u4e00\u756a",
    "\ud55c\uad6d\uc5b4",
]

READ_AS = [
    ("SSN 1 2 3 - 4 5 - 6 7 8 9 on file", "123-45-6789"),
    ("j a n e @ x . o r g", "jane@x.org"),
    ("S a r a h   J o h n s o n came", "Sarah Johnson"),
    ("S.a.r.a.h J.o.h.n.s.o.n came", "Sarah Johnson"),
    ("2\u263a1\u263a9\u263a0\u263a9\u263a8\u263a6\u263a4\u263a2", "219098642"),
    ("123-45-\n6789", "123-45-6789"),
    ("12\n3-45-6789", "123-45-6789"),
    ("123/45/6789", "123-45-6789"),
    ("123_45_6789", "123-45-6789"),
    ("123**-**45-6789", "123-45-6789"),
    ("312-**55**5-0187", "312-555-0187"),
    ("(312)\n555-0187", "312-555-0187"),
    ("4539  1488  0343  6467", "4539148803436467"),
    ("4539.1488.0343.6467", "4539 1488 0343 6467"),
    ("GB82-WEST-1234-5698-7654-32", "GB82WEST12345698765432"),
    ("192 . 168 . 10 . 24", "192.168.10.24"),
    ("03 / 14 / 1975", "03/14/1975"),
    ("3c : 22 : fb : 9a : 10 : 7e", "3c:22:fb:9a:10:7e"),
    ("219-O9-86l2", "219-09-8612"),
    ("jane.doe @ example . com", "jane.doe@example.com"),
    ("jane.doe@exam-\nple.com", "jane.doe@example.com"),
    ("jane.doe@example\n.com", "jane.doe@example.com"),
    ("jane@exa**mple**.com", "jane@example.com"),
    ("jane@example,com", "jane@example.com"),
    ("jane@example.com_old", "jane@example.com old"),
    ("jane dot doe at example dot com", "jane.doe@example.com"),
    ("jane [at] example [dot] com", "jane@example.com"),
    ("jane-at-example-dot-com", "jane@example.com"),
    ("192[.]168[.]10[.]24", "192.168.10.24"),
    ("five five five, one two three, four five six seven", "555-123-4567"),
    ("three one two triple five zero one eight seven", "312-555-0187"),
    ("ssn_123-45-6789_final.pdf", "ssn 123-45-6789 final"),
    ("SSN123-45-6789x", "SSN 123-45-6789 x"),
    ("intake-123-45-6789-copy", "intake 123-45-6789 copy"),
    ("patient=John_Smith", "patient John Smith"),
    ("SMITH,JOHN", "SMITH, JOHN"),
    ("S.S.N. 123456789", "SSN. 123456789"),
    ("742 Evergreen\nTerrace", "742 Evergreen Terrace"),
    ("Sarah\tJohnson", "Sarah Johnson"),
    ("123&#45;45&#x2d;6789", "123-45-6789"),
    ("jane&commat;example&period;com", "jane@example.com"),
    ("&amp;amp;#49;23-45-6789", "123-45-6789"),
    ("<b>123</b>-<i>45</i><!-- x -->-6789", "123-45-6789"),
    ("jane%40example.com", "jane@example.com"),
    ("jane%25252540example.com", "jane@example.com"),
    ("Zo%C3%AB%20Smith", "Zoe Smith"),
    (r"jane\u0040example\x2ecom", "jane@example.com"),
    (r"a\ud83d\ude00b\u0040c.org", "b@c.org"),
    (r"03\/14\/1975", "03/14/1975"),
    ("123=2D45=2D=\r\n6789", "123-45-6789"),
    ("MTIzLTQ1LTY3ODk=", "123-45-6789"),
    ("/api/v1/MTIzLTQ1LTY3ODk=", "123-45-6789"),
    ("3132332d34352d36373839", "123-45-6789"),
    ("6a 61 6e 65 40 78 2e 6f 72 67", "jane@x.org"),
    (base64.b64encode(base64.b64encode(b"jane@example.com")).decode(), "jane@example.com"),
    (base64.b64encode("jane@example.com".encode("utf-16-le")).decode(), "jane@example.com"),
    (base64.b32encode(b"jane@example.com").decode(), "jane@example.com"),
    (base64.b64encode(b"j&#97;ne%40example.com").decode(), "jane@example.com"),
    ("".join(chr(0xE0000 + ord(c)) for c in "123-45-6789"), "123-45-6789"),
    ("".join(chr(0xE0100 + ord(c) - 16) for c in "123-45-6789"), "123-45-6789"),
    ("\u202e9876-54-321\u202c", "123-45-6789"),
    ("\uff11\uff12\uff13 / \uff14\uff15 / \uff16\uff17\uff18\uff19", "123-45-6789"),
]

PLAIN = [
    "The patient was seen on Monday and felt better, although one knee was still swollen after two weeks.",
    "Hazard ratio 1.45 (95% CI 1.12-1.89); n=2010, p < 0.001 and n = 40 of 1,200 in 12 centres.",
    "He was paid 2,430 in 2012, 2013, 2014, 2015 and 2016.",
    "operating | -2982 (2982) | -3049 (3049) | 2004 | 2005 | 2006 | 2007",
    "net income | $2430 | $2369 | $2196 | $1047",
    "Cell 67:837-839, 1990; 6(6); 630-49. 73.04-108.75",
    "CD4(+)CD8(-) T cells, IL-1/TNF signalling, ALT-associated bodies and NucHunter",
    "RESULTS.   \\n METHODS We met @ home. Then we left at noon.",
    "See page 12\nand page 14.\nThe list is 1. 2. 3. 4 and nothing else.",
    "Read more at example.com or meet me at ten.",
    "count one, two, three, four, five, six, seven, eight, nine",
]


@pytest.mark.parametrize(("text", "plain"), FOLDED + LOOKALIKES)
def test_a_character_is_folded_to_the_plain_one_it_stands_for(text, plain):
    """Widths, styles, scripts of digits, dashes, spaces, quotes, accents and lookalikes give the plain text."""
    assert fold(text).text == plain


@pytest.mark.parametrize("text", GENUINE)
def test_words_of_other_scripts_stay(text):
    """Lookalikes are folded in Latin words only: Russian, Greek, Chinese and Korean words stay what they are."""
    assert fold(text).text == text


@pytest.mark.parametrize(("text", "plain"), READ_AS)
def test_a_hidden_value_is_read_in_one_of_the_views(text, plain):
    """Whatever was encoded, pulled apart, glued or spelled out is there in plain in some view, with words around it."""
    for around in (text, f"we have {text} here"):
        assert any(plain in view.text for view in views(around)), [view.text for view in views(around)]


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_prose_has_one_view(text):
    """Prose, tables, citations and statistics are read once, as they are written."""
    assert [(view.text, view.kind, view.whole) for view in views(text)] == [(text, "folded", True)]


def test_the_first_view_is_the_whole_text_and_the_others_say_how_they_came_about():
    """`whole` marks the plain fold; the kinds name what was done, in order."""
    first, *others = views("write to j\u00e4ne%40example.com, SSN 123/45/6789")
    assert (first.whole, first.kind) == (True, "folded")
    assert {view.kind for view in others} == {"joined", "percent", "percent+joined"}
    assert not any(view.whole for view in others)


def test_a_view_does_not_show_its_text():
    """The repr of a view and of a fold holds nothing of the text."""
    assert "jane" not in repr(views("jane%40example.com")) + repr(fold("jane\u200b"))


def test_a_blob_is_found_as_a_whole():
    """What is found in an encoded blob leads back to all of it; what stands beside it does not."""
    blob = base64.b64encode(b"call jane@example.com or 312-555-0187").decode()
    text = f"note: {blob} end"
    view = views(text)[1]
    start = view.text.index("jane")
    assert text[slice(*view.original(start, start + 16))] == blob
    end = view.text.index("end")
    assert text[slice(*view.original(end, end + 3))] == "end"


def test_a_mark_goes_with_what_it_sits_on():
    """A finding that ends with an accented or struck letter leaves no mark behind."""
    text = "see Jose\u0301 and 12\u0336\ufe0f"
    folded = fold(text)
    for plain, written in (("Jose", "Jose\u0301"), ("12", "12\u0336\ufe0f")):
        at = folded.text.index(plain)
        back = folded.original(Finding(at, at + len(plain), "X", 1.0))
        assert text[back.start : back.end] == written


@pytest.mark.parametrize("span", [(0, 0), (3, 2), (-1, 2), (0, 99)])
def test_a_span_that_is_none_is_refused(span):
    """An empty span stands for nothing, and one beyond the view for nobody knows what."""
    with pytest.raises(ValueError, match="span"):
        views("abc")[0].original(*span)


ENCODERS = (
    lambda c: c,
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):X};",
    lambda c: f"%{ord(c):02x}",
    lambda c: f"%25{ord(c):02X}",
    lambda c: f"\\u{ord(c):04x}",
    lambda c: f"\\x{ord(c):02x}",
    lambda c: chr(ord(c) + 0xFEE0),
    lambda c: f"{c}\u0336",
)
VALUES = st.sampled_from(["123-45-6789", "jane.doe@example.com", "4539-1488-0343-6467", "Maria-Garcia"])
WORDS = st.lists(st.sampled_from(["the", "zoë", "was", "ﬁne", "и", "now", "x\u00ady"]), max_size=30).map(" ".join)


@given(VALUES, st.lists(st.sampled_from(ENCODERS), min_size=20, max_size=20), WORDS, WORDS)
def test_a_value_under_any_mix_of_encodings_leads_back_to_exactly_itself(value, encoders, before, after):
    """However each character is written, a view has the value in plain, and its place is the written value, no more."""
    written = "".join(encode(character) for encode, character in zip(encoders, value, strict=False))
    text = f"{before} {written} {after}"
    places = {view.original(at, at + len(value)) for view in views(text) if (at := view.text.find(value)) >= 0}
    start = len(before) + 1
    assert (start, start + len(written)) in places


INVISIBLE = st.sampled_from(["", "", "\u200b", "\u00ad", "\u2060", "\u200d\u200b", "\ufe0f"])


@given(VALUES, st.lists(INVISIBLE, min_size=20, max_size=20), WORDS, WORDS)
def test_invisible_characters_move_no_border(value, invisible, before, after):
    """Nothing invisible within a value hides it, and its border lies where the value's last visible character is."""
    written = "".join(a + b for a, b in zip(value, invisible, strict=False)).rstrip("\u200b\u00ad\u2060\u200d")
    text = f"{before} {written} {after}"
    folded = views(text)[0]
    at = folded.text.index(value)
    start = len(before) + 1
    assert folded.original(at, at + len(value)) == (start, start + len(written))


NASTY = st.text(
    st.sampled_from("ab1290 .,-_/=%&#;\\@<>()[]*+|\n\tuxOl\u200b\u0301\u0430\u03b1\u202e\ufe0f\uff11\u00e9\U000e0041"),
    max_size=200,
)


@given(NASTY)
def test_every_view_of_any_text_leads_back_in_order_and_in_bounds(text):
    """Each character of each view stands for a place in the text, places never go back, and views are bounded."""
    found = views(text)
    for view in found:
        places = [view.original(at, at + 1) for at in range(len(view.text))]
        assert all(0 <= start <= end <= len(text) for start, end in places)
        assert all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise(places))
    assert sum(len(view.text) for view in found[1:]) <= 8 * len(text)


@pytest.mark.parametrize(
    "unit",
    [
        "%25", "&amp;", "a\u0301", "=40", "1_", "1 ", "1-", "1\n", "a@", "a.", "<a ", "\\u0041", "one ", "a dot ",
        "aA1", "GB82 ", "\u0430b ", "\U000e0041", "\u202eabcd", "\ufdfa", "61 ", "Ab \n", "12 Ab\n", "a@b. ",
        "**1**", "(at)", "double ", "[.]", "\u4e00",
    ],
)  # fmt: skip
def test_hostile_text_takes_linear_time(unit):
    """Fifty thousand characters of anything, with a trigger of every stage at both ends, take no five CPU seconds."""
    gate = (
        " 1_1 12-\n3 a@b.com x dot y at z dot com a[.]b one two three four five six ab_cd Smith,John %40 &#64; =2E 1O "
    )
    text = gate + unit * (50_000 // len(unit)) + gate
    began = time.process_time()
    found = views(text)
    assert time.process_time() - began < 5
    assert sum(len(view.text) for view in found[1:]) <= 8 * len(text)


def test_nested_blobs_are_decoded_twice_and_no_further():
    """A third layer of base64 stays closed: the work is bounded, whatever a text holds."""
    layers = [b"jane.doe@example.com"]
    for _ in range(3):
        layers.append(base64.b64encode(layers[-1]))
    read = ["".join(view.text for view in views(layer.decode())) for layer in layers]
    assert ["jane" in text for text in read] == [True, True, True, False]


def test_two_spellings_of_one_value_are_one_value():
    """The canonical form joins widths, cases and spaces."""
    assert canonical("\uff2aohn  SMITH") == canonical("John Smith") == "john smith"
