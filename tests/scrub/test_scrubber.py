"""Scrubbing texts: what is stored, what is embedded, what can be put back, and what happens when something fails."""

from __future__ import annotations

import random
import socket
import threading
import traceback
from functools import partial

import pytest
from faker import Faker
from presidio_analyzer import LocalRecognizer

from vecguard.errors import PolicyError, ScrubFailed
from vecguard.scrub import TOKEN, mint_token, restore
from vecguard.scrub.detect import Detector
from vecguard.scrub.scrubber import PresidioScrubber

NOTE = "Dr. Sarah Johnson diagnosed John Smith (ssn 123-45-6789); call 555-123-4567 or john.smith@example.com."
SECRETS = ("Sarah", "Johnson", "John", "Smith", "123-45", "555-123", "example.com")


class Broken(LocalRecognizer):
    """A detector that fails and quotes the text in its message, as they do."""

    def __init__(self):
        super().__init__(supported_entities=["BROKEN"])

    def load(self):
        pass

    def analyze(self, text, entities, nlp_artifacts=None):
        raise RuntimeError(f"could not read {text}")


def test_stored_and_embedded_forms(scrubber, mint):
    """The stored form has a token per finding, the embedded form only its type, and neither has the value."""
    (scrubbed,) = scrubber.scrub([NOTE], mint)
    assert scrubbed.changed
    assert scrubbed.embedded == (
        "Dr. <PERSON> diagnosed <PERSON> (ssn <US_SSN>); call <PHONE_NUMBER> or <EMAIL_ADDRESS>."
    )
    assert TOKEN.sub(lambda match: f"{match.group().rpartition('_')[0]}>", scrubbed.stored) == scrubbed.embedded
    assert scrubbed.entities == {"PERSON": 2, "US_SSN": 1, "PHONE_NUMBER": 1, "EMAIL_ADDRESS": 1}
    assert not any(secret in scrubbed.stored + repr(scrubbed) for secret in SECRETS)


def test_originals_restore_the_text(scrubber, mint):
    """The originals bring the exact text back."""
    (scrubbed,) = scrubber.scrub([NOTE], mint)
    assert restore(scrubbed.stored, dict(scrubbed.originals)) == NOTE


def test_documents_and_queries_meet_under_one_owner_only(scrubber, mint):
    """One person has one token in every text of an owner, and no token of another owner's."""
    document, query = scrubber.scrub(["John Smith was seen.", "who is JOHN  SMITH?"], mint)
    (foreign,) = scrubber.scrub(["John Smith was seen."], lambda entity, value: mint_token(b"bob", entity, value))
    assert document.originals[0][0] == query.originals[0][0]
    assert document.embedded == foreign.embedded
    assert document.originals[0][0] not in foreign.stored


def test_neighbours_of_one_type_get_a_token_each(scrubber, mint):
    """Two addresses side by side are two tokens, and each is the one it has elsewhere (presidio#1925)."""
    (both,) = scrubber.scrub(["ann@example.com bob@example.com"], mint)
    assert both.stored == " ".join(mint("EMAIL_ADDRESS", f"{name}@example.com") for name in ("ann", "bob"))


def test_two_spellings_share_a_token_and_the_first_is_kept(scrubber, mint):
    """Originals name each token once, with the spelling that comes first in the text."""
    (scrubbed,) = scrubber.scrub(["John Smith is not JOHN SMITH."], mint)
    assert scrubbed.originals == ((mint("PERSON", "John Smith"), "John Smith"),)


def test_a_users_lookalike_of_a_token_is_escaped(scrubber, mint):
    """A token that a user writes, even a real one, is text: it is wrapped, and comes back as it was."""
    real = mint("PERSON", "Jane Roe")
    text = f"I wrote {real} and {real}{real} myself"
    (scrubbed,) = scrubber.scrub([text], mint)
    assert real not in scrubbed.stored
    assert scrubbed.entities == {"TOKEN_LIKE": 3}
    assert restore(scrubbed.stored, {**dict(scrubbed.originals), real: "Jane Roe"}) == text


@pytest.mark.parametrize("text", ["", " ", "\n\t", "nothing to see", "\u200b"])
def test_what_has_no_findings_comes_back_as_it_is(scrubber, mint, text):
    """Unchanged texts are marked so and have no originals."""
    (scrubbed,) = scrubber.scrub([text], mint)
    assert (scrubbed.stored, scrubbed.embedded, scrubbed.changed, scrubbed.originals) == (text, text, False, ())


def test_disabled_passes_everything_through(settings, mint):
    """A policy that switches scrubbing off mints nothing."""
    (scrubbed,) = PresidioScrubber(settings(enabled=False)).scrub([NOTE], mint)
    assert scrubbed.stored == NOTE
    assert not scrubbed.changed


def refusal(scrubber, texts, mint):
    with pytest.raises(ScrubFailed) as caught:
        scrubber.scrub(texts, mint)
    return caught.value


def broken(settings, mint):
    scrubber = PresidioScrubber(settings(entities=("PERSON", "BROKEN")), [Broken()])
    return refusal(scrubber, ["", NOTE], mint)


def late(settings, mint):
    return refusal(PresidioScrubber(settings(deadline_s=0.0)), ["", NOTE], mint)


def unmintable(settings, mint):
    return refusal(PresidioScrubber(settings()), ["", NOTE], lambda entity, original: {}[original])


@pytest.mark.parametrize("failing", [broken, late, unmintable])
def test_failures_refuse_and_tell_nothing(settings, mint, failing):
    """A detector that raises or overruns is one typed error that names a position and quotes nothing."""
    error = failing(settings, mint)
    assert "text 1" in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert not any(secret in shown for secret in SECRETS)


def test_a_skipped_pattern_is_a_refusal(settings, mint, monkeypatch):
    """A piece that took as long as Presidio's regex timeout may have lost a pattern: it is refused."""
    monkeypatch.setattr("vecguard.scrub.detect.REGEX_TIMEOUT_SECONDS", 0)
    assert "deadline_s" in str(refusal(PresidioScrubber(settings(deadline_s=600.0)), ["", NOTE], mint))


@pytest.mark.parametrize("wrong", [{"entities": ("PERSON", "AURA")}, {"language": "de"}, {"entities": ("person",)}])
def test_types_that_nothing_finds_are_refused_at_once(settings, wrong):
    """A policy that asks for what no recogniser finds is an error, not a log line."""
    with pytest.raises(PolicyError):
        PresidioScrubber(settings(**wrong))


def test_no_socket_is_opened(settings, mint, monkeypatch):
    """Loading the engine and finding every kind of thing touches no network."""

    def refuse(*_args, **_kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    fresh = PresidioScrubber(settings(deny=("a phrase that makes this engine a new one",)))
    (scrubbed,) = fresh.scrub([f"{NOTE} jane@example.co.uk http://example.com"], mint)
    assert scrubbed.entities["EMAIL_ADDRESS"] == 2


def test_threads_agree(settings, mint):
    """Eight threads that share a scrubber whose engine is not loaded yet get the same answers."""
    scrubber = PresidioScrubber(settings(deny=("another phrase of the kind",)))
    texts = [NOTE, "We met Maria Garcia.", "MRN: 12345678", "nothing"] * 5
    answers = []

    def work():
        answers.append(scrubber.scrub(texts, mint))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(answer == answers[0] for answer in answers)
    assert [text.changed for text in answers[0][:4]] == [True, True, True, False]


@pytest.mark.parametrize(
    "text",
    ["a." * 10_000, "1 " * 10_000, "J. " * 5_000, "ann@example.com 555-123-4567 John Smith " * 500, "<A_" * 5_000],
)
def test_hostile_texts_are_quick(settings, mint, text):
    """Texts that make patterns backtrack finish well within a deadline that stock Presidio misses by far."""
    (scrubbed,) = PresidioScrubber(settings(deadline_s=5.0)).scrub([text], mint)
    assert scrubbed.changed == ("John" in text)


KINDS = [
    ("email", ["Write to {} today.", "e-mail: {}", "({})"], 0.98),
    ("phone_number", ["Call me at {}.", "phone: {}", "His cell is {} now"], 0.98),
    ("ssn", ["SSN {}", "Her social security number is {}.", "id {} on file"], 0.98),
    ("credit_card_number", ["card {}", "paid with {} yesterday", "Visa: {}."], 0.98),
    ("iban", ["IBAN {}", "transfer to {} please"], 0.98),
    ("mrn", ["MRN: {}", "MRN {} seen", "Medical Record #{}"], 0.98),
    ("name", ["The patient, {}, went home.", "{} was seen.", "I spoke with {} yesterday."], 0.95),
    ("name", ["PATIENT {} WAS SEEN", "NAME {} DOB"], 0.95),
    ("inverted", ["Chart of {} reviewed.", "{}"], 0.95),
    ("street_address", ["lives at {}.", "Address: {}"], 0.95),
]


@pytest.mark.parametrize(("kind", "frames", "least"), KINDS)
def test_recall_on_generated_values(scrubber, mint, kind, frames, least):
    """Of 200 generated values of each kind, nearly all are hidden whole."""
    fake, order = Faker("en_US"), random.Random(11)
    fake.seed_instance(11)
    made = {
        "mrn": partial(fake.numerify, "########"),
        "name": lambda: f"{fake.first_name()} {fake.last_name()}",
        "inverted": lambda: f"{fake.last_name()}, {fake.first_name()}",
    }.get(kind) or getattr(fake, kind)
    values = [made().upper() if frames[0].isupper() else made() for _ in range(200)]
    scrubbed = scrubber.scrub([order.choice(frames).format(value) for value in values], mint)
    hidden = [value for value, text in zip(values, scrubbed, strict=True) if value in dict(text.originals).values()]
    assert len(hidden) >= least * len(values), set(values) - set(hidden)


def test_the_detector_survives_odd_text(settings):
    """Lone surrogates, right-to-left marks and control characters are text like any other."""
    text = "\ud800 \u202eJohn Smith\u202c \x00 123-45-6789"
    assert [finding.entity for finding in Detector(settings()).find(text)] == ["PERSON", "US_SSN"]
