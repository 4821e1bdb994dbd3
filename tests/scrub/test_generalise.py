"""What the Safe Harbor method leaves of a value."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vecguard.scrub.operators.generalise import generalised


@pytest.mark.parametrize(
    ("entity", "value", "expected"),
    [
        ("DATE_TIME", "2024-03-05", "2024"),
        ("DATE_TIME", "03/05/2024", "2024"),
        ("DATE_TIME", "5.3.2024", "2024"),
        ("DATE_TIME", "March 5, 2024", "2024"),
        ("DATE_TIME", "5th of March 2024", "2024"),
        ("DATE_TIME", "12-Jan-2022", "2022"),
        ("DATE_TIME", "Sept. 2019", "2019"),
        ("DATE_TIME", "2024-03-05T10:30:00Z", "2024"),
        ("DATE_TIME", "20240305", "2024"),
        ("DATE_TIME", "1987", "1987"),
        ("DATE_TIME", "from 3 March 2020 to 5 April 2021", "2020-2021"),
        ("DATE_TIME", "\uff12\uff10\uff12\uff14-03-05", "2024"),
        ("DATE_TIME", "yesterday", "<DATE_TIME>"),
        ("DATE_TIME", "March 5", "<DATE_TIME>"),
        ("DATE_TIME", "10:30", "<DATE_TIME>"),
        ("DATE_TIME", "2024-13-45", "2024"),
        ("AGE", "87", "80-89"),
        ("AGE", "aged 34 years", "30-39"),
        ("AGE", "7", "0-9"),
        ("AGE", "89", "80-89"),
        ("AGE", "90", "90+"),
        ("AGE", "104 years old", "90+"),
        ("AGE", "18 months", "0-9"),
        ("AGE", "ninety", "<AGE>"),
        ("AGE_OVER_89", "97-year-old", "90+"),
        ("ZIP_CODE", "02139", "021**"),
        ("ZIP_CODE", "02139-4307", "021**"),
        ("ZIP_CODE", "03601", "000**"),
        ("ZIP_CODE", "SW1A 1AA", "<ZIP_CODE>"),
        ("IP_ADDRESS", "10.1.2.3", "10.1.2.0/24"),
        ("IP_ADDRESS", "2001:db8:1:2::5", "2001:db8:1::/48"),
        ("IP_ADDRESS", "10.1.2.3/8", "10.1.2.0/24"),
        ("IP_ADDRESS", "999.1.1.1", "<IP_ADDRESS>"),
        ("COORDINATES", "52.51631, 13.37769", "52.5, 13.4"),
        ("LOCATION", "Boston", "<LOCATION>"),
        ("ADDRESS", "12 Main St", "<ADDRESS>"),
        ("PERSON", "Ann", "<PERSON>"),
        ("BADGE", "1987", "<BADGE>"),
    ],
)
def test_what_is_left(entity, value, expected):
    """A year, ten years of age, three digits of a ZIP code, a network; the kind of all else and of the unread."""
    assert generalised(entity, value) == expected


@pytest.mark.parametrize(
    "area",
    "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split(),  # noqa: SIM905
)
def test_areas_of_few_people_are_hidden(area):
    """The 17 three-digit areas that the guidance names become 000."""
    assert generalised("ZIP_CODE", f"{area}12") == "000**"


@pytest.mark.parametrize("text", ["5 March {}", "{}", "{}-03-05", "3/5/{}"])
def test_a_year_of_birth_does_not_betray_an_age_over_89(text):
    """A year of birth is left up to the age of 89, and no longer."""
    now = datetime.now(UTC).year
    assert generalised("DATE_OF_BIRTH", text.format(now - 89)) == str(now - 89)
    assert generalised("DATE_OF_BIRTH", text.format(now - 90)) == "<DATE_OF_BIRTH>"


def test_two_digits_are_a_year_that_has_been():
    """A two-digit year is never in the future."""
    now = datetime.now(UTC).year
    assert generalised("DATE_TIME", f"3/5/{(now + 1) % 100:02d}") == str(now - 99)
    assert generalised("DATE_TIME", f"3/5/{now % 100:02d}") == str(now)
