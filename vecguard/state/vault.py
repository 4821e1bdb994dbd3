"""Originals behind tokens, encrypted under their owner's key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, insert, select

from vecguard.keys import Secret, seal, unseal
from vecguard.state import tables
from vecguard.state.database import Database

_AT_ONCE = 500  # bound parameters per statement


class Vault:
    """Keeps and returns originals. A token of another owner is simply not there: no error tells it from an unknown."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def keep(connection: Connection, owner: str, key: Secret, originals: Iterable[tuple[str, str]]) -> None:
        """Store originals, as part of a transaction. `owner` is the owner's digest, `key` its vault key."""
        wanted = {_digest(key, token): (token, original) for token, original in originals}
        for digests in _batches(list(wanted)):
            table = tables.vault
            there = set(
                connection.execute(
                    select(table.c.token).where(table.c.owner == owner, table.c.token.in_(digests))
                ).scalars()
            )
            rows = [
                {
                    "owner": owner,
                    "token": digest,
                    "sealed": seal(key, wanted[digest][1].encode("utf-8", "surrogatepass"), owner, digest),
                }
                for digest in digests
                if digest not in there
            ]
            if rows:
                connection.execute(insert(table), rows)

    def originals(self, owner: str, key: Secret, tokens: Iterable[str]) -> Mapping[str, str]:
        """Return token -> original for the tokens of this owner that the vault holds."""
        wanted = {_digest(key, token): token for token in tokens}
        table = tables.vault

        def read(connection: Connection) -> dict[str, str]:
            found: dict[str, str] = {}
            for digests in _batches(list(wanted)):
                rows = connection.execute(
                    select(table.c.token, table.c.sealed).where(table.c.owner == owner, table.c.token.in_(digests))
                )
                for digest, sealed in rows:
                    found[wanted[digest]] = unseal(key, sealed, owner, digest).decode("utf-8", "surrogatepass")
            return found

        return self._database.run(read) if wanted else {}


def _digest(key: Secret, token: str) -> str:
    return key.mac("token", token).hex()


def _batches(items: list[str]) -> Iterable[list[str]]:
    return (items[start : start + _AT_ONCE] for start in range(0, len(items), _AT_ONCE))
