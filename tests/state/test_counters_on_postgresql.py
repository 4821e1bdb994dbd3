"""What watch/test_counters.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..watch.conftest import clock, database, url, watching  # noqa: F401 - its fixtures
from ..watch.test_counters import *  # noqa: F403 - every test of that file, but for those below

pytestmark = pytest.mark.usefixtures("moved")

# These look into a file of SQLite, or start processes that know of no other place
for each in (
    "test_records_of_past_days_are_forgotten_unless_there_is_a_limit_for_ever",
    "test_nothing_readable_lies_in_the_database",
    "test_two_principals_who_were_given_one_record_share_no_digest_of_it",
    "test_a_state_that_cannot_be_written_refuses",
    "test_eight_processes_together_never_hand_out_more_than_the_budget",
):
    del globals()[each]
