"""Titles. Names themselves are found by the trained model and by `vecguard.scrub.names`."""

from __future__ import annotations

from vecguard.scrub.recognisers.rules import LIKELY, Form, Rule

_BEFORE_A_NAME = r"\.?(?= {1,2}(?:[A-Z]\.? ?)*[A-Z][^\W\d_])"

# A title that tells a person's sex is hidden with the name behind it; "Dr" tells a profession, which texts are
# searched by, and stays unless a policy lowers the threshold of TITLE.
_OF_ONE_SEX = rf"\b(?:Mr|Mrs|Ms|Miss|Mister|Madam|Mme|Mlle|Monsieur|Madame|Herr|Frau|Señora?|Sir|Lady){_BEFORE_A_NAME}"
_OF_A_PROFESSION = rf"\b(?:Dr|Prof|Professor|Doctor|Rev|Reverend|Hon|Capt|Captain|Sgt|Lt|Col|Maj|Gen){_BEFORE_A_NAME}"

RULES: tuple[Rule, ...] = (
    Form("TITLE", "title that tells the sex", _OF_ONE_SEX, LIKELY, as_written=True),
    Form("TITLE", "title of a profession", _OF_A_PROFESSION, 0.4, as_written=True),
)
