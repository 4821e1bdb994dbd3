"""Events: handed over at once, silent about people and data, harmless to the read."""

from __future__ import annotations

import logging
from dataclasses import fields
from typing import Any

import pytest

from vecguard.watch.events import BudgetSpent, CanaryHit, Denied, Event, Events, Probing, RowsAmiss, VolumeDrift

EVENTS = [
    Denied("ab12", 4, "rules"),
    BudgetSpent("ab12", "records_a_day"),
    Probing("ab12", "sweeping", 20, 0.9, 1.0, 0.1, 0.8, 0.9),
    VolumeDrift("ab12", 900, 5.5),
    CanaryHit("ab12", 1),
    RowsAmiss("ab12", "cd34", 3, 2),
]


def test_every_kind_of_event_is_tried_here() -> None:
    assert {type(each).__name__ for each in EVENTS} == {each.__name__ for each in Event.__subclasses__()}
    assert len({each.name for each in EVENTS}) == len(EVENTS)


@pytest.mark.parametrize("event", EVENTS, ids=lambda each: each.name)
def test_an_event_reaches_the_log_with_nothing_but_its_name_and_the_digest(
    event: Event, caplog: pytest.LogCaptureFixture
) -> None:
    Events().tell(event)
    (line,) = caplog.records
    assert (line.name, line.levelno) == ("vecguard.watch", logging.WARNING)
    assert line.getMessage() == f"{event.name} by principal ab12"


def test_callbacks_get_the_event_itself_before_tell_returns() -> None:
    events, seen = Events(), list[Event]()
    events.on(seen.append)
    events.tell(EVENTS[0])
    assert seen == [EVENTS[0]]
    events.off(seen.append)
    events.tell(EVENTS[1])
    assert seen == [EVENTS[0]]


def test_a_callback_that_raises_is_logged_by_class_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    events, seen = Events(), list[Event]()

    def broken(event: Event) -> None:
        raise RuntimeError("the text of Eleanor Vance")

    events.on(broken)
    events.on(seen.append)
    events.tell(EVENTS[4])
    assert seen == [EVENTS[4]]
    (failure,) = [line for line in caplog.records if line.levelno == logging.ERROR]
    assert failure.getMessage() == "a callback of an event failed: RuntimeError"
    assert failure.exc_info is None
    assert "Eleanor" not in caplog.text


def test_a_log_handler_that_raises_does_not_break_the_read() -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError

    logger, handler, seen = logging.getLogger("vecguard.watch"), Broken(), list[Event]()
    logger.addHandler(handler)
    try:
        events = Events()
        events.on(seen.append)
        events.tell(EVENTS[0])
    finally:
        logger.removeHandler(handler)
    assert seen == [EVENTS[0]]


def test_what_cannot_be_measured_is_no_attribute() -> None:
    with_it, without = EVENTS[2].attributes(), Probing("ab12", "narrow", 20, 0.2, 0.4, 0.1).attributes()
    assert with_it.keys() - without.keys() == {"vecguard.off_manifold", "vecguard.strays"}
    assert all(len(each.attributes()) == len(fields(each)) for each in EVENTS)


def test_the_current_span_gets_the_event() -> None:
    trace = pytest.importorskip("opentelemetry.trace", reason="opentelemetry is not installed: no span was tried")

    class Span(trace.NonRecordingSpan):  # type: ignore[misc, name-defined]  # the package is optional
        def __init__(self) -> None:
            super().__init__(trace.INVALID_SPAN_CONTEXT)
            self.told: list[tuple[str, Any]] = []

        def add_event(self, name: str, attributes: Any = None, timestamp: Any = None) -> None:
            self.told.append((name, attributes))

    span = Span()
    with trace.use_span(span):
        Events().tell(EVENTS[1])
    assert span.told == [("vecguard.budget_spent", {"vecguard.principal": "ab12", "vecguard.budget": "records_a_day"})]


def test_a_recording_span_exports_every_event() -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    exporting = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    processing = pytest.importorskip("opentelemetry.sdk.trace.export")
    exporter, provider = exporting.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(processing.SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("a read"):
        for event in EVENTS:
            Events().tell(event)
    (span,) = exporter.get_finished_spans()
    assert [(each.name, dict(each.attributes)) for each in span.events] == [(e.name, e.attributes()) for e in EVENTS]
