"""Evidence from the audit log: whether it holds, and what was called how often. One pass over one snapshot for both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vecguard.audit import SHARED
from vecguard.evidence.anchors import Anchor
from vecguard.evidence.chains import Row, Verdict
from vecguard.evidence.section import Section, Table, day, moment
from vecguard.policy import Policy
from vecguard.state import State


class _Tally:
    """Counts lines as they go past."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.records: Counter[tuple[str, str]] = Counter()
        self.readers: dict[str, _Reader] = {}

    def __call__(self, line: Row) -> None:
        at, count = line["at"], line["count"]
        if not isinstance(at, float) or not isinstance(count, int):
            return  # the verdict says so
        if line["detail"] == SHARED:
            self.readers.setdefault(str(line["principal"]), _Reader()).note(str(line["owner"]), at, count)
            return
        key = day(at), str(line["action"])
        self.calls[key] += 1
        self.records[key] += count


class _Reader:
    """What one principal was handed of others."""

    def __init__(self) -> None:
        self.owners: set[str] = set()
        self.records = 0
        self.times: list[float] = []

    def note(self, owner: str, at: float, count: int) -> None:
        self.owners.add(owner)
        self.records += count
        self.times = [min(at, *self.times), max(at, *self.times)] if self.times else [at, at]


def audited(state: State, policy: Policy, anchors: Sequence[Anchor]) -> Section:
    """Verify the log and count what is in it."""
    tally = _Tally()
    verdict = state.audit.examined(anchors, beside=tally)
    days = [(*key, tally.calls[key], tally.records[key]) for key in sorted(tally.calls, reverse=True)]
    readers = sorted(tally.readers.items(), key=lambda each: -each[1].records)
    shared = [
        (who, each.records, len(each.owners), moment(each.times[0]), moment(each.times[1])) for who, each in readers
    ]
    return Section(
        "audit",
        "Audit",
        "vg_audit and vg_audit_heads in the state database, every line checked under the state's key",
        {
            "result": "holds" if not verdict.breaks else f"BROKEN in {len(verdict.breaks)} place(s)",
            "chains": len(verdict.chains),
            "lines": verdict.lines,
            "anchors compared": len(anchors),
            "reads are written down": policy.audit.reads,
            "writes are written down": policy.audit.writes,
        },
        tables=(
            *_breaks(verdict),
            Table.of(
                "Calls by day (UTC) and action; rows of others come below",
                ("day", "action", "calls", "records"),
                days,
                most=400,
            ),
            Table.of(
                "Reads of rows of others, by principal", ("principal", "records", "owners", "first", "last"), shared
            ),
        ),
        unknown=(
            "Whether the log was swapped whole for what it was earlier: only an anchor that was kept outside shows it"
            + ("." if anchors else ", and none was given (--anchors)."),
            "Texts of queries are not in the log, and what was answered is there as a number of records only.",
            "Lines of reads just before a power failure may be missing; the chain then ends before them.",
        ),
    )


def _breaks(verdict: Verdict) -> list[Table]:
    rows = [(each.writer or "all", each.place, each.reason) for each in verdict.breaks]
    return [Table.of("Breaks", ("chain", "where", "what"), rows)] if rows else []
