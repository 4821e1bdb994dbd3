"""Evidence about the state: whom it knows, under which keys, what it counted, who shares with whom."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from vecguard.evidence.section import Plain, Section, Table, day, moment
from vecguard.keys import Keyring
from vecguard.policy import Policy
from vecguard.rules import Grant, Grantee
from vecguard.rules.grant import FOREVER
from vecguard.state import State, tables
from vecguard.state.counters import DAY_S
from vecguard.state.intents import UNSAVED

SOON_DAYS = 30  # a grant that ends within so many days is about to end


def holdings(state: State) -> Section:
    """Return what the state holds, by number."""

    def read(connection: Connection) -> Section:
        keys = tables.keys
        owners = select(func.count()).select_from(keys).where(keys.c.kind == "owner")
        oldest = connection.execute(select(func.min(tables.intents.c.created)).where(~UNSAVED)).scalar()
        figures: dict[str, Plain] = {
            "state id": state.id,
            "schema": tables.SCHEMA,
            "owners with a key": connection.execute(owners).scalar_one(),
            "originals in the vault": _count(connection, tables.vault),
            "canaries": _count(connection, tables.canaries),
            "embedders seen": _count(connection, tables.embedders),
            "writes begun and not confirmed": _count(connection, tables.intents, ~UNSAVED),
            "oldest of them": moment(oldest),
            "changes that FAISS files do not have yet": _count(connection, tables.intents, UNSAVED),
        }
        found = connection.execute(select(tables.collections).order_by(tables.collections.c.created))
        rows = [(row.uid, row.kind, moment(row.created)) for row in found]
        return Section(
            "state",
            "State",
            "the tables of the state database",
            figures,
            tables=(Table.of("Collections", ("uid", "store", "first written to"), rows),),
            unknown=(
                "How many rows each store holds: the state does not count them, and this command opens no store.",
                "Collections are known by uid; their names are the application's.",
            ),
        )

    return state.database.look(read)


def keys(state: State, keyring: Keyring) -> Section:
    """Return which roots wrap how many keys: a root that is not the current one is one that rotation has left."""
    table = tables.keys
    query = (
        select(table.c.root, table.c.kind, func.count(), func.min(table.c.created), func.max(table.c.created))
        .group_by(table.c.root, table.c.kind)
        .order_by(func.min(table.c.created))
    )
    found = state.database.look(lambda connection: connection.execute(query).tuples().all())
    current = keyring.current.id
    rows = [
        (root, "yes" if root == current else "no", kind, number, moment(first), moment(last))
        for root, kind, number, first, last in found
    ]
    columns = ("root", "current", "keys of", "number", "oldest", "newest")
    return Section(
        "keys",
        "Keys",
        "vg_keys in the state database, and the keyring that the configuration names",
        {
            "current root": current,
            "roots in use": len({root for root, *_ in found}),
            "keys under other roots than the current": sum(row[3] for row in rows if row[1] == "no"),
        },
        tables=(Table.of("Wrapped keys, by root", columns, rows),),
        unknown=("When the root itself was made, where copies of it are, and who has held it.",),
    )


def budgets(state: State, policy: Policy) -> Section:
    """Return the limits on reading rows of others, and who used how much of them."""
    table = tables.counters
    today = int(time.time() // DAY_S)

    def read(connection: Connection) -> list[tuple[Plain, ...]]:
        order = (table.c.all_denials.desc(), table.c.all_records.desc(), table.c.principal)
        return [
            (
                row.principal,
                *((row.queries, row.vectors, row.records, row.denials) if row.day == today else (0, 0, 0, 0)),
                *(row.all_queries, row.all_vectors, row.all_records, row.all_denials),
                day(row.day * DAY_S),
            )
            for row in connection.execute(select(table).order_by(*order))
        ]

    rows = state.database.look(read)
    counted = ("queries", "vectors", "records", "denials")
    columns = ("principal", *(f"{name} today" for name in counted), *(f"{name} ever" for name in counted), "last seen")
    limits = {
        f"limit: {name}": "none" if value is None else value
        for name, value in policy.budgets.model_dump().items()
        if name.endswith(("_a_day", "_ever"))
    }
    return Section(
        "budgets",
        "Budgets and denials",
        "policy.budgets for the limits; vg_counters in the state database for what was used (UTC days)",
        {
            **limits,
            "principals that asked for rows of others": len(rows),
            "calls refused or cut short, today": sum(_number(row[4]) for row in rows),
            "calls refused or cut short, ever": sum(_number(row[8]) for row in rows),
        },
        tables=(Table.of("Used, by principal (most denials first)", columns, rows),),
        unknown=(
            "Alarms (probing, canary hits): not kept. They go to the logger vecguard.watch, to callbacks, to traces.",
            "Who that is in the audit log: it has pseudonyms, because digests would outlive an erasure there.",
            "Distribution of scores: not kept. Scores of rows of others are shaped before anybody sees them.",
        ),
    )


def rules(state: State, fixed: Iterable[Grant]) -> Section:
    """Return how much is shared with whom, by number, and which grants are about to end."""
    now = time.time()
    kept, configured = state.grants.all(), list(fixed)
    made = [each for each in (*kept, *configured) if each.grantee != Grantee("user", each.owner)]
    held = [each for each in made if each.holds(now)]
    kinds = Counter((each.right, each.grantee.kind) for each in held)
    ending = sorted(
        (each for each in held if each.terms.until < now + SOON_DAYS * DAY_S), key=lambda each: each.terms.until
    )
    rows = [(state.digest(each.owner), each.grantee.kind, each.right, moment(each.terms.until)) for each in ending]
    return Section(
        "rules",
        "Owner rules",
        "vg_grants in the state database and [[rules]] in the configuration file; no names are shown",
        {
            "owners with rules": len({each.owner for each in (*kept, *configured)}),
            "grants that hold": len(held),
            "of these from the configuration file": sum(each in configured for each in held),
            "of these without an end": sum(each.terms.until == FOREVER for each in held),
            "grants that are over": len(made) - len(held),
        },
        tables=(
            Table.of(
                "Grants that hold",
                ("right", "to", "number"),
                [(right, kind, number) for (right, kind), number in sorted(kinds.items())],
            ),
            Table.of(f"Ending within {SOON_DAYS} days", ("owner", "to", "right", "until"), rows),
        ),
        unknown=("What an authorizer of the application's own decides, if there is one: only the application knows.",),
    )


def _count(connection: Connection, table: FromClause, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def _number(value: Plain) -> int:
    return value if isinstance(value, int) else 0
