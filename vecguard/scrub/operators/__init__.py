"""What takes the place of a finding: an operator of presidio-anonymizer, chosen per entity type by name.

    token       typed and keyed, restorable: `<PERSON_4k2q...>`; the default
    surrogate   a consistent fake of the same kind, one-way
    generalise  a year for a date, ten years for an age, three digits of a ZIP code; else the kind
    mask        as many asterisks
    redact      nothing
    keep        the value itself, which is found and counted and left

A user's own subclass of Presidio's `Operator` joins them under the name that it gives itself. Presidio is imported when
`Operators` is built and not before.
"""

from vecguard.scrub.operators.chosen import OPERATORS, EmbeddedForm, Operators

__all__ = ["OPERATORS", "EmbeddedForm", "Operators"]
