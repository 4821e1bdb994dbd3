"""Starting a guard: its parts are checked before anything is opened, from Python or from a TOML file.

[guard]
state = "sqlite:////var/lib/app/vecguard.db"
embedder = "myapp.models:embed"            # optional: module:name of a callable
anchor = "myapp.audit:keep"                # optional: keeps anchors elsewhere (vecguard.evidence.anchors)

[keys]
file = "/etc/app/vecguard.key"             # or: env = "VECGUARD_KEY"

[policy]
profile = "balanced"                       # the preset that the rest changes

[policy.vectors]
noise = 1.5

[[rules]]                                  # beside those that `guard.rules` and `vecguard rules` keep in the state
owner = "acme"
readers = ["group:auditors"]
writers = ["group:acme-staff"]
until = 2030-01-01T00:00:00Z
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vecguard.errors import KeyBesideStateWarning, PolicyError, shielded
from vecguard.keyplace import beside_state
from vecguard.keys import Keyring
from vecguard.policy import Policy, named, read_toml
from vecguard.rules import Grant, granted


def check(policy: object, keys: object, state: object) -> None:
    """Refuse parts of the wrong kind, with the right way to make them; warn of a key file beside the state."""
    if not isinstance(policy, Policy):
        raise PolicyError("policy is a vecguard.Policy: Policy(), Policy.strict() or Policy(...)")
    if not isinstance(keys, Keyring):
        raise PolicyError("keys is a vecguard.Keyring: Keyring.from_file(path), .from_env(name), .ephemeral() ...")
    if not isinstance(state, str) or not state:
        raise PolicyError('state is ":memory:" or a SQLAlchemy URL such as "sqlite:////var/lib/app/vecguard.db"')
    if beside_state(keys, state):
        warnings.warn(
            "the key file lies in the folder of the state database: whoever takes the folder has both",
            KeyBesideStateWarning,
            stacklevel=4,  # whoever makes the guard: its constructor leaves frames out of errors
        )


def from_toml(path: str | Path) -> dict[str, Any]:
    """Return the arguments of `Guard` that a TOML file describes."""
    return _arguments(read_toml(path))


def without_embedder(path: str | Path) -> dict[str, Any]:
    """Return the same for work that embeds nothing: the embedder is not imported."""
    tables = read_toml(path)
    guard = {name: value for name, value in _table(tables, "guard").items() if name != "embedder"}
    return _arguments({**tables, "guard": guard})


def _arguments(tables: Mapping[str, Any]) -> dict[str, Any]:
    _known(tables, ("guard", "keys", "policy", "rules"), "the file")
    guard = _table(tables, "guard")
    _known(guard, ("state", "embedder", "anchor"), "guard")
    if not isinstance(guard.get("state"), str):
        raise PolicyError('guard.state is missing: ":memory:" or a SQLAlchemy URL')
    return {
        "policy": Policy.from_mapping(_table(tables, "policy")),
        "keys": _keys(_table(tables, "keys")),
        "state": guard["state"],
        "embedder": _imported(guard, "embedder"),
        "anchor": _imported(guard, "anchor"),
        "rules": _rules(tables.get("rules", [])),
    }


def _rules(tables: object) -> tuple[Grant, ...]:
    if not isinstance(tables, list) or not all(isinstance(each, Mapping) for each in tables):
        raise PolicyError("rules are tables: [[rules]]")
    return tuple(grant for each in tables for grant in granted(**each))


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tables.get(name, {})
    if not isinstance(found, Mapping):
        raise PolicyError(f"{name} is a table")
    return found


def _known(table: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    if unknown := [named(name) for name in table if name not in names]:
        raise PolicyError(f"{where} has no setting {', '.join(unknown)}; it takes {', '.join(names)}")


def _keys(table: Mapping[str, Any]) -> Keyring:
    _known(table, ("file", "env"), "keys")
    match dict(table):
        case {"file": str(path)} if len(table) == 1:
            return Keyring.from_file(path)
        case {"env": str(name)} if len(table) == 1:
            return Keyring.from_env(name)
    raise PolicyError('keys takes exactly one of file = "PATH" and env = "NAME"')


def _imported(guard: Mapping[str, Any], setting: str) -> Any:
    """Return the callable that a setting names, None if it is not there."""
    if setting not in guard:
        return None
    reference = guard[setting]
    if not isinstance(reference, str) or reference.count(":") != 1:
        raise PolicyError(f'guard.{setting} is "module:name" of a callable')
    module, name = reference.split(":")
    found = shielded(
        lambda raised: PolicyError(f"guard.{setting} could not be imported ({raised})"),
        lambda: getattr(importlib.import_module(module), name, None),
    )
    if not callable(found):
        raise PolicyError(f"guard.{setting} names nothing that can be imported and called")
    return found
