"""Versions of the schema: what an older VecGuard left is brought up whole or not at all, and nothing else is opened."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, insert, select, text

from vecguard import Keyring, StateError
from vecguard.keys import Secret
from vecguard.state import State, schema, tables, upgrade
from vecguard.state.database import Database
from vecguard.state.keystore import key_check, wrapped

ID = "5" * 32
KEYS = Keyring.from_callable(lambda: {"r1": b"a" * 32})
OWNER = Secret(b"o" * 32)

# As the first VecGuard made it. Never to be changed: such files are out there.
OLD = """
CREATE TABLE vg_facts (name VARCHAR(32) NOT NULL, value VARCHAR(128) NOT NULL, PRIMARY KEY (name));
CREATE TABLE vg_keys (kind VARCHAR(16) NOT NULL, subject VARCHAR(64) NOT NULL, root VARCHAR(32) NOT NULL,
  wrapped BLOB NOT NULL, created FLOAT NOT NULL, PRIMARY KEY (kind, subject));
CREATE TABLE vg_collections (uid VARCHAR(32) NOT NULL, kind VARCHAR(16) NOT NULL, created FLOAT NOT NULL,
  PRIMARY KEY (uid));
CREATE TABLE vg_vault (owner VARCHAR(64) NOT NULL, token VARCHAR(64) NOT NULL, "check" VARCHAR(32) NOT NULL,
  sealed BLOB NOT NULL, PRIMARY KEY (owner, token));
CREATE TABLE vg_references (owner VARCHAR(64) NOT NULL, token VARCHAR(64) NOT NULL, uid VARCHAR(32) NOT NULL,
  "row" VARCHAR(64) NOT NULL, intent VARCHAR(32) NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (owner, token, uid, "row", intent));
CREATE INDEX vg_references_by_row ON vg_references (uid, "row");
CREATE INDEX vg_references_by_intent ON vg_references (intent);
CREATE TABLE vg_intents (id VARCHAR(32) NOT NULL, uid VARCHAR(32) NOT NULL, owner VARCHAR(64) NOT NULL,
  writer VARCHAR(32) NOT NULL, action VARCHAR(8) NOT NULL, rows BLOB NOT NULL, created FLOAT NOT NULL,
  PRIMARY KEY (id));
CREATE INDEX vg_intents_by_collection ON vg_intents (uid, created);
CREATE INDEX vg_intents_by_owner ON vg_intents (uid, owner);
CREATE TABLE vg_epochs (uid VARCHAR(32) NOT NULL, owner VARCHAR(64) NOT NULL, epoch INTEGER NOT NULL,
  PRIMARY KEY (uid, owner));
CREATE TABLE vg_embedders (id VARCHAR(16) NOT NULL, probe BLOB NOT NULL, PRIMARY KEY (id));
CREATE TABLE vg_grants (owner VARCHAR(64) NOT NULL, grantee VARCHAR(64) NOT NULL, "right" VARCHAR(8) NOT NULL,
  sealed BLOB NOT NULL, created FLOAT NOT NULL, PRIMARY KEY (owner, grantee, "right"));
CREATE INDEX vg_grants_by_grantee ON vg_grants (grantee);
CREATE TABLE vg_canaries (uid VARCHAR(32) NOT NULL, "row" VARCHAR(64) NOT NULL, PRIMARY KEY (uid, "row"));
CREATE TABLE vg_audit (writer VARCHAR(32) NOT NULL, number INTEGER NOT NULL, at FLOAT NOT NULL,
  action VARCHAR(16) NOT NULL, principal VARCHAR(64) NOT NULL, owner VARCHAR(64) NOT NULL, uid VARCHAR(32) NOT NULL,
  count INTEGER NOT NULL, detail VARCHAR(64) NOT NULL, mac BLOB NOT NULL, PRIMARY KEY (writer, number));
CREATE TABLE vg_audit_heads (writer VARCHAR(32) NOT NULL, number INTEGER NOT NULL, mac BLOB NOT NULL,
  PRIMARY KEY (writer));
CREATE TABLE vg_counters (principal VARCHAR(64) NOT NULL, day INTEGER NOT NULL, queries INTEGER NOT NULL,
  vectors INTEGER NOT NULL, records INTEGER NOT NULL, denials INTEGER NOT NULL, all_queries INTEGER NOT NULL,
  all_vectors INTEGER NOT NULL, all_records INTEGER NOT NULL, all_denials INTEGER NOT NULL, days INTEGER NOT NULL,
  usual FLOAT NOT NULL, spread FLOAT NOT NULL, PRIMARY KEY (principal));
CREATE TABLE vg_returned (id BLOB NOT NULL, day INTEGER NOT NULL, PRIMARY KEY (id)) WITHOUT ROWID;
CREATE INDEX vg_returned_by_day ON vg_returned (day);
"""


def old(path: Path) -> str:
    """Make a state as the first VecGuard left it, with rows in it; return its URL."""
    root = KEYS.current
    with sqlite3.connect(path) as raw:
        raw.executescript(OLD)
        facts = {"schema": "4", "id": ID, "root": root.id, "check": key_check(root, ID)}
        raw.executemany("insert into vg_facts values (?, ?)", facts.items())
        raw.execute(
            "insert into vg_keys values ('owner', 'alice', ?, ?, 1.5)",
            (root.id, wrapped(root, OWNER, "owner", "alice")),
        )
        raw.executemany("insert into vg_epochs values ('u', ?, ?)", [(f"owner {n}", n) for n in range(300)])
        raw.execute("insert into vg_returned values (?, 7)", (b"i" * 16,))
    raw.close()
    return f"sqlite:///{path}"


def brought_up(url: str) -> Any:
    database = Database(url, as_it_is=True)
    try:
        return upgrade.upgrade(database)
    finally:
        database.close()


# ---------------------------------------------------------------------------------------------------------- opening


def test_the_version_that_guards_look_for_is_the_last_that_there_are_steps_to() -> None:
    config = Config()
    config.set_main_option("script_location", "vecguard.state:migrations")
    steps = ScriptDirectory.from_config(config)
    assert [each.revision for each in steps.walk_revisions()][::-1] == list(tables.SCHEMAS)


@pytest.mark.parametrize("way", ["made new", "brought up"])
def test_the_steps_lead_to_the_tables_that_guards_use(way: str, state_url: str) -> None:
    """On both databases: what Alembic makes step by step is what a guard makes at once."""
    database = Database(state_url, as_it_is=way == "brought up")
    if way == "brought up":
        for version in tables.SCHEMAS:
            database.run(lambda connection, version=version: upgrade.to(connection, version))
    options = {"version_table": schema.VERSIONS, "compare_type": True, "compare_server_default": True}
    with database.begin() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
        assert schema.version(connection) == tables.SCHEMA
    database.close()


def test_an_old_state_is_refused_until_it_is_brought_up_and_keeps_its_rows(tmp_path: Path) -> None:
    url = old(tmp_path / "state.db")
    with pytest.raises(StateError, match="vecguard state upgrade"):
        State(url, KEYS)
    done = brought_up(url)
    assert (done.before, done.after) == ("0001", tables.SCHEMA)
    state = State(url, KEYS)
    assert state.id == ID
    assert state.keystore.find("owner", "alice") == OWNER
    assert state.epochs.epoch("u", "owner 299") == 299
    with state.database.begin() as connection:
        rows = connection.execute(select(tables.epochs.c.rows, tables.epochs.c.digest)).tuples().all()
        assert set(rows) == {(0, None)}
        assert connection.execute(select(tables.returned.c.day)).scalar() == 7
        assert "schema" not in connection.execute(select(tables.facts.c.name)).scalars().all()
    state.close()
    assert brought_up(url) == upgrade.Upgraded(tables.SCHEMA, tables.SCHEMA)


def test_a_refusal_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    url = old(tmp_path / "state.db")
    with sqlite3.connect(tmp_path / "state.db") as raw:
        raw.execute("PRAGMA journal_mode=WAL")
    raw.close()
    before = (tmp_path / "state.db").read_bytes()
    with pytest.raises(StateError):
        State(url, KEYS)
    assert (tmp_path / "state.db").read_bytes() == before


def test_a_newer_state_is_refused_and_not_brought_up(state_url: str) -> None:
    database = Database(state_url)
    database.run(lambda connection: connection.execute(text("update vg_schema set version_num = '9999'")))
    database.close()
    with pytest.raises(StateError, match="newer"):
        Database(state_url)
    with pytest.raises(StateError, match="newer"):
        brought_up(state_url)


def test_an_empty_database_is_not_brought_up(state_url: str) -> None:
    with pytest.raises(StateError, match="no state"):
        brought_up(state_url)


def test_a_guard_that_opens_a_present_state_loads_no_alembic(state_url: str) -> None:
    """Nor does one that makes a new state."""
    code = (
        "import sys; from vecguard.state.database import Database\n"
        f"for _ in range(2): Database({state_url!r}).close()\n"
        "print('alembic' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


# ------------------------------------------------------------------------------------------------------------ kills


def statements(url: str) -> int:
    """How many statements bringing a state up takes."""
    count = 0
    database = Database(url, as_it_is=True)

    def counted(*_: Any) -> None:
        nonlocal count
        count += 1

    event.listen(database._engine, "before_cursor_execute", counted)
    upgrade.upgrade(database)
    database.close()
    return count


def killed(url: str, at: int) -> None:
    """Bring a state up in a child process that is killed before its n-th statement."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        seen = 0
        database = Database(url, as_it_is=True)

        def count(*_: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(database._engine, "before_cursor_execute", count)
        upgrade.upgrade(database)
    finally:
        os._exit(1)


def test_killed_before_any_statement_it_is_as_it_was(tmp_path: Path) -> None:
    many = statements(old(tmp_path / "counted.db"))
    assert many > 8
    for at in range(1, many + 1):
        path = tmp_path / f"{at}.db"
        url = old(path)
        killed(url, at)
        with sqlite3.connect(path) as raw:
            names = {row[0] for row in raw.execute("select name from sqlite_master where type = 'table'")}
            columns = [row[1] for row in raw.execute("pragma table_info(vg_epochs)")]
            facts = dict(raw.execute("select name, value from vg_facts"))
        raw.close()
        assert not names & {"vg_schema", "vg_tombstones", "_alembic_tmp_vg_epochs"}, at
        assert columns == ["uid", "owner", "epoch"], at
        assert facts["schema"] == "4", at
        brought_up(url)
        State(url, KEYS).close()


def test_killed_at_any_time_it_is_as_it_was_or_done(tmp_path: Path) -> None:
    """At times spread over the whole upgrade, its start included."""
    command = "import sys; from vecguard.state import upgrade; from vecguard.state.database import Database; "
    command += (
        "d = Database(sys.argv[1], as_it_is=True); import alembic.command; print('on', flush=True); upgrade.upgrade(d)"
    )
    for step in range(8):
        url = old(tmp_path / f"{step}.db")
        with subprocess.Popen([sys.executable, "-c", command, url], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.02 * step)
            child.kill()
        database = Database(url, as_it_is=True)
        assert database.look(schema.version) in ("0001", tables.SCHEMA)
        database.close()
        brought_up(url)
        State(url, KEYS).close()


def test_two_that_bring_one_up_at_once_do_it_once(state_url: str) -> None:
    """The second waits for the first, and finds nothing to do."""
    database = Database(state_url, as_it_is=True)
    database.run(lambda connection: upgrade.to(connection, "0001"))
    database.run(lambda connection: connection.execute(insert(tables.facts).values(name="id", value=ID)))
    database.close()
    code = "import sys; from vecguard.state import upgrade; from vecguard.state.database import Database; "
    code += "print(upgrade.upgrade(Database(sys.argv[1], as_it_is=True)).before)"
    command = [sys.executable, "-c", code, state_url]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(each.communicate()[0].strip() for each in both) == ["0001", tables.SCHEMA]
