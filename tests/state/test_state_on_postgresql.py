"""What core/test_state.py says of a state, said of PostgreSQL."""

from __future__ import annotations

import pytest

from ..core.test_state import *  # noqa: F403 - every test of that file, but for those below

pytestmark = pytest.mark.usefixtures("moved")

# These look into a file of SQLite, or start processes that know of no other place
for each in (
    "test_a_url_that_cannot_be_used_is_a_state_error",
    "test_a_file_that_is_no_database_is_a_state_error",
    "test_another_schema_is_refused",
    "test_a_state_that_lost_a_fact_is_refused",
    "test_a_changed_id_or_check_is_refused",
    "test_wrapped_keys_do_not_move",
    "test_sqlite_is_set_up_to_forget_and_to_survive",
    "test_the_state_file_says_nothing",
    "test_the_files_of_a_new_state_are_their_owners_alone",
    "test_only_what_need_not_last_is_written_without_waiting_for_the_disk",
):
    del globals()[each]
