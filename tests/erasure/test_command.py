"""`vecguard erase`, as an operator runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vecguard.cli._erase import erase
from vecguard.erasure import ErasureReceipt

from .conftest import COUNT
from .sites import Site, canaries_of


def _ran(site: Site, *options: str, given: str = "", config: bool = True) -> Result:
    file = site.folder / "guard.toml"
    file.write_text(
        f'[guard]\nstate = "{site.state}"\n[keys]\nfile = "{site.key}"\n[policy.scrub]\nmodel = "none"\n', "utf-8"
    )
    chosen = ["--config", str(file)] if config else []
    return CliRunner().invoke(erase, [*chosen, *options], input=given)


def _store(site: Site) -> list[str]:
    return ["--store", f"{site.kind}:{site.place}"]


def test_an_owner_is_erased_and_the_receipt_verifies(kind: str, site_of: Callable[..., Site], tmp_path: Path) -> None:
    """The name comes by standard input; the table, the receipt and the files say the same."""
    site = site_of(kind)
    out = tmp_path / "receipt.json"
    ran = _ran(site, *_store(site), "--owner-file", "-", "--receipt", str(out), "--yes", given="alice\n")
    assert ran.exit_code == 0, ran.output
    assert f"{COUNT} row(s)" in ran.output
    assert "alice" not in ran.output
    assert "alice" not in out.read_text("utf-8")
    assert site.holding(canaries_of("alice", COUNT)[::10]) == []
    receipt = ErasureReceipt.from_json(out.read_text("utf-8"))
    assert receipt.rows == COUNT
    key = CliRunner().invoke(erase, ["public-key", "--config", str(site.folder / "guard.toml")]).output.strip()
    assert CliRunner().invoke(erase, ["verify", str(out), "--public-key", key]).exit_code == 0
    assert CliRunner().invoke(erase, ["verify", str(out), "--public-key", "00" * 32]).exit_code == 1
    checked = ["verify", str(out), "--config", str(site.folder / "guard.toml"), "--owner-file", "-"]
    assert CliRunner().invoke(erase, checked, input="alice\n").exit_code == 0
    assert CliRunner().invoke(erase, checked, input="bob\n").exit_code == 1
    found = json.loads(out.read_text("utf-8"))
    found["collections"][0]["rows"] += 1
    out.write_text(json.dumps(found), "utf-8")
    assert CliRunner().invoke(erase, ["verify", str(out), "--public-key", key]).exit_code == 1


def test_it_asks_before_it_erases(site_of: Callable[..., Site]) -> None:
    site = site_of("faiss")
    ran = _ran(site, *_store(site), "--owner", "alice", given="n\n")
    assert ran.exit_code == 1
    with site.opened() as desk:
        assert len(desk.texts("alice")) == COUNT


def test_what_has_expired_is_erased_of_the_owners_that_are_named(site_of: Callable[..., Site]) -> None:
    site = site_of("faiss")
    ran = _ran(site, "--expired", *_store(site), "--owners-file", "-", "--yes", given="alice\nbob\n")
    assert ran.exit_code == 0, ran.output
    assert "0 row(s)" in ran.output
    with site.opened() as desk:
        assert len(desk.texts("alice")) == COUNT


@pytest.mark.parametrize(
    "options",
    [
        ["--owner", "alice"],
        ["--store", "chroma:/there/is/no/such/place", "--owner", "alice", "--yes"],
        ["--store", "elsewhere:x", "--owner", "alice", "--yes"],
        ["--yes"],
    ],
)
def test_what_is_missing_is_said(options: list[str], site_of: Callable[..., Site]) -> None:
    """One line and an exit status; nothing is made, least of all an empty store in which nothing is found."""
    site = site_of("faiss")
    ran = _ran(site, *options)
    assert ran.exit_code == 1
    assert not Path("/there").exists()


def test_help_teaches() -> None:
    """What it does, what the status means, and commands to copy."""
    shown = CliRunner().invoke(erase, ["--help"]).output
    for each in ("--expired", "--owner-file", "--subject", "--receipt", "Exit status", "vecguard erase verify"):
        assert each in shown
