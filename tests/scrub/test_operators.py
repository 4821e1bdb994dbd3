"""Operators: what takes the place of a finding on the shelf and before the embedder, and what a user's own may do."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from presidio_anonymizer.operators import Hash, Operator, OperatorType

from vecguard.errors import PolicyError
from vecguard.scrub import TOKEN, Finding, mint_token
from vecguard.scrub.entities import TOKEN_LIKE
from vecguard.scrub.operators import OPERATORS, Operators

BOB_KEY = b"bob" * 11
TEXT = "Dr. Sarah Johnson (sarah@acme.com) saw John Smith on 5 March 2020."
FINDINGS = (
    Finding(4, 17, "PERSON", 0.9),
    Finding(19, 33, "EMAIL_ADDRESS", 1.0),
    Finding(39, 49, "PERSON", 0.9),
    Finding(53, 65, "DATE_TIME", 0.8),
)


class Reversed(Operator):
    """A user's own operator."""

    def operate(self, text, params=None):
        return f"{params['entity_type']}:{text[::-1]}"

    def validate(self, params=None):
        pass

    def operator_name(self):
        return "reversed"

    def operator_type(self):
        return OperatorType.Anonymize


class Failing(Reversed):
    def operate(self, text, params=None):
        raise KeyError("cannot")

    def operator_name(self):
        return "failing"


class Unset(Reversed):
    def validate(self, params=None):
        raise ValueError("needs a setting")

    def operator_name(self):
        return "unset"


def nobody(entity, original):
    """A mint without an owner's key, as the scrubber uses it for texts that belong to nobody."""
    return f"<{entity}>"


def bob(entity, original):
    return mint_token(BOB_KEY, entity, original)


def test_token_is_the_default_and_tells_what_it_stands_for(mint):
    """Every finding becomes its own typed token, and the originals come back by token."""
    stored, originals = Operators({}).stored(TEXT, FINDINGS, mint)
    tokens = TOKEN.findall(stored)
    assert TOKEN.sub("*", stored) == "Dr. * (*) saw * on *."
    assert [originals[token] for token in tokens] == ["Sarah Johnson", "sarah@acme.com", "John Smith", "5 March 2020"]


def test_each_entity_has_the_operator_that_was_chosen_for_it(mint):
    """Operators are chosen by entity type, and the default acts on the others."""
    chosen = {"EMAIL_ADDRESS": "mask", "DATE_TIME": "generalise"}
    stored, originals = Operators(chosen, default="redact").stored(TEXT, FINDINGS, mint)
    assert stored == "Dr.  (**************) saw  on 2020."
    assert originals == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keep", "call 212-555-7788 now"),
        ("redact", "call  now"),
        ("mask", "call ************ now"),
        ("generalise", "call <PHONE_NUMBER> now"),
    ],
)
def test_what_each_operator_leaves(mint, name, expected):
    """Keep leaves all, redact nothing, mask the length, and generalise the kind of what has no coarser form."""
    found = [Finding(5, 17, "PHONE_NUMBER", 1.0)]
    assert Operators({"PHONE_NUMBER": name}).stored("call 212-555-7788 now", found, mint) == (expected, {})


def test_a_surrogate_is_one_way(mint):
    """A surrogate is not noted among the originals: nothing turns it back."""
    stored, originals = Operators({}, default="surrogate").stored(TEXT, FINDINGS, mint)
    assert originals == {}
    assert not any(word in stored for word in ("Sarah", "Johnson", "John", "Smith", "acme", "March"))
    assert stored.startswith("Dr. ")


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != "keep"])
def test_adjacent_findings_of_one_type_stay_apart(mint, name):
    """Two names that a space parts are two findings; Presidio's default would replace the pair by one (#1925)."""
    found = [Finding(0, 5, "PERSON", 0.9), Finding(6, 11, "PERSON", 0.9)]
    alone = [
        Operators({}, default=name).stored(text, [Finding(0, 5, "PERSON", 0.9)], mint)[0] for text in ("Alice", "Bobby")
    ]
    assert Operators({}, default=name).stored("Alice Bobby", found, mint)[0] == " ".join(alone)


@pytest.mark.parametrize("form", ["kind", "token", "surrogate"])
def test_findings_may_touch_each_other_and_both_borders(mint, form):
    """Findings that fill a text without a gap are each replaced, and nothing else is."""
    found = [Finding(0, 5, "PERSON", 0.9), Finding(5, 10, "PERSON", 0.9), Finding(10, 14, "AGE", 0.9)]
    operators = Operators({"AGE": "keep"})
    parts = [operators.embedded(text, [Finding(0, 5, "PERSON", 0.9)], mint, form) for text in ("Alice", "Bobby")]
    assert operators.embedded("AliceBobby1234", found, mint, form) == "".join(parts) + "1234"


@pytest.mark.parametrize("form", ["kind", "token", "surrogate"])
def test_a_text_without_findings_is_left_alone(mint, form):
    """Nothing found, nothing changed, the empty text included."""
    operators = Operators({})
    assert operators.stored("Nothing here.", (), mint) == ("Nothing here.", {})
    assert [operators.embedded(text, (), mint, form) for text in ("Nothing here.", "")] == ["Nothing here.", ""]


def test_the_embedder_sees_the_form_that_was_asked_for(mint):
    """The kind is the same for everybody; the token is the one on the shelf; the surrogate reads like a text."""
    operators = Operators({})
    seen = {form: operators.embedded(TEXT, FINDINGS, mint, form) for form in ("kind", "token", "surrogate")}
    assert seen["kind"] == "Dr. <PERSON> (<EMAIL_ADDRESS>) saw <PERSON> on <DATE_TIME>."
    assert seen["token"] == operators.stored(TEXT, FINDINGS, mint)[0]
    assert "<" not in seen["surrogate"]


@pytest.mark.parametrize("form", ["kind", "token", "surrogate"])
@pytest.mark.parametrize(
    ("name", "expected"), [("keep", "in 5 March 2020"), ("generalise", "in 2020"), ("redact", None), ("mask", None)]
)
def test_the_embedder_sees_no_more_than_the_shelf(mint, form, name, expected):
    """Kept and generalised values are embedded so; redacted and masked ones as their kind, whatever the form."""
    seen = Operators({"DATE_TIME": name}).embedded("in 5 March 2020", [Finding(3, 15, "DATE_TIME", 0.8)], mint, form)
    assert seen == (expected or "in <DATE_TIME>")


def test_forms_with_a_key_differ_by_owner_and_kinds_do_not(mint):
    """Tokens and surrogates of two owners have nothing in common; kinds are the same for all."""
    operators = Operators({})
    for form in ("token", "surrogate"):
        ours, theirs = (operators.embedded(TEXT, FINDINGS, each, form) for each in (mint, bob))
        assert ours != theirs
    assert len({operators.embedded(TEXT, FINDINGS, each, "kind") for each in (mint, bob, nobody)}) == 1


def test_without_an_owner_a_surrogate_is_the_kind():
    """Where nobody's key mints, nothing consistent can be made up: the kind takes its place."""
    assert Operators({}).embedded("I am Ann", [Finding(5, 8, "PERSON", 0.9)], nobody, "surrogate") == "I am <PERSON>"


def test_token_shaped_text_gets_a_token_whatever_is_chosen(mint):
    """Text in the form of a token is escaped also where everything else is kept, and embedded as its kind."""
    planted = mint_token(BOB_KEY, "PERSON", "victim")
    operators = Operators({}, default="keep")
    found = [Finding(4, 4 + len(planted), TOKEN_LIKE, 1.0)]
    stored, originals = operators.stored(f"see {planted}", found, mint)
    assert planted not in stored
    assert list(originals.values()) == [planted]
    assert operators.embedded(f"see {planted}", found, mint, "kind") == "see <PERSON>"
    assert operators.embedded(f"see {planted}", found, mint, "surrogate") == "see <PERSON>"
    with pytest.raises(PolicyError):
        Operators({TOKEN_LIKE: "keep"})


def test_a_users_own_operator_is_chosen_by_its_name(mint):
    """A subclass of Presidio's Operator joins ours, is told the type, and is embedded in the form that is asked for."""
    operators = Operators({"PERSON": "reversed"}, own=[Reversed])
    stored, originals = operators.stored("I am Ann", [Finding(5, 8, "PERSON", 0.9)], mint)
    assert (stored, originals) == ("I am PERSON:nnA", {})
    assert operators.embedded("I am Ann", [Finding(5, 8, "PERSON", 0.9)], mint, "kind") == "I am <PERSON>"


def test_an_operator_that_fails_lets_nothing_pass(mint):
    """What an operator raises goes up; there is no text in its place."""
    with pytest.raises(KeyError):
        Operators({}, default="failing", own=[Failing]).stored("I am Ann", [Finding(5, 8, "PERSON", 0.9)], mint)


@pytest.mark.parametrize("where", [{"chosen": {"PERSON": "tokne"}}, {"chosen": {}, "default": "tokne"}])
def test_an_unknown_operator_is_refused_with_the_known_ones(where):
    """A typing error does not become a default: the policy is refused and says what there is."""
    with pytest.raises(PolicyError, match=r"tokne.*token, surrogate.*reversed"):
        Operators(**where, own=[Reversed])


def test_an_operator_that_does_not_validate_is_refused():
    """An operator that misses a setting is refused when the policy is read and not with the first text."""
    with pytest.raises(PolicyError, match="unset"):
        Operators({"PERSON": "unset"}, own=[Unset])
    Operators({}, own=[Unset])  # nobody asks for it


def test_nobody_replaces_an_operator_of_ours():
    """An operator of the name of ours would change what a policy means."""

    class Impostor(Reversed):
        def operator_name(self):
            return "redact"

    with pytest.raises(PolicyError, match="redact"):
        Operators({}, own=[Impostor])


def test_presidios_own_operators_can_be_handed_in(mint):
    """Hash is Presidio's: it is there for whoever asks for it."""
    stored, _ = Operators({"PERSON": "hash"}, own=[Hash]).stored("I am Ann", [Finding(5, 8, "PERSON", 0.9)], mint)
    assert stored.startswith("I am ")
    assert len(stored) > 30


def test_operators_are_immutable_and_show_no_text():
    """No attribute can be added, and the repr is the choice."""
    operators = Operators({"PERSON": "mask"}, default="redact")
    with pytest.raises(AttributeError):
        operators.extra = 1
    assert repr(operators) == "Operators({'PERSON': 'mask'}, default='redact')"


def test_threads_share_operators(mint):
    """Eight threads under two owners' keys get what one thread gets."""
    operators = Operators({}, default="surrogate")
    jobs = [(f"Patient {name} Jones", each) for name in ("Ann", "Bea", "Cyd", "Dan") for each in (mint, bob)] * 20

    def work(job):
        return operators.stored(job[0], [Finding(8, len(job[0]), "PERSON", 0.9)], job[1])[0]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, jobs)) == [work(job) for job in jobs]


def test_the_names_are_light_to_import():
    """A policy is checked against the names without Presidio being loaded."""
    code = "import sys, vecguard.scrub.operators; sys.exit(any(name.startswith('presidio') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
