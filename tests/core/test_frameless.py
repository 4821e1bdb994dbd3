"""What is left of a traceback when an error leaves the library."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from typing import Any

import pytest

from vecguard import frameless

SECRET = "the ward opens at six"


def _fails(text: str) -> None:
    raise ValueError("unusable")


@frameless.frameless
def call(text: str, *, limit: int = 3) -> None:
    """Say what it does."""
    try:
        _fails(text)
    except ValueError as error:
        raise KeyError("missing") from error


@frameless.frameless
async def acall(text: str) -> None:
    await asyncio.sleep(0)
    _fails(text)


def frames(error: BaseException) -> list[str]:
    """Variables of every frame of an error and of what it was raised from."""
    shown = [repr(frame.f_locals) for frame, _ in traceback.walk_tb(error.__traceback__)]
    return shown + (frames(error.__cause__) if error.__cause__ is not None else [])


def caught(run: Any) -> BaseException:
    with pytest.raises((KeyError, ValueError)) as info:
        run()
    return info.value


@pytest.mark.parametrize("run", [lambda: call(SECRET), lambda: asyncio.run(acall(SECRET))], ids=["sync", "async"])
def test_no_frame_of_an_error_holds_what_the_call_was_given(run: Any) -> None:
    assert SECRET not in "".join(frames(caught(run)))


def test_the_causes_of_an_error_stay_without_their_frames() -> None:
    error = caught(lambda: call(SECRET))
    assert isinstance(error.__cause__, ValueError)
    assert error.__cause__.__traceback__ is None


@pytest.mark.parametrize("run", [lambda: call(SECRET), lambda: asyncio.run(acall(SECRET))], ids=["sync", "async"])
def test_frames_are_kept_for_whoever_asks(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the search above would find a text in them."""
    monkeypatch.setenv(frameless.KEEP, "1")
    assert SECRET in "".join(frames(caught(run)))


def test_a_frameless_call_looks_as_before() -> None:
    assert list(inspect.signature(call).parameters) == ["text", "limit"]
    assert (call.__name__, call.__doc__) == ("call", "Say what it does.")
    assert inspect.iscoroutinefunction(acall)


def test_the_error_that_a_caller_is_handling_keeps_its_frames() -> None:
    with pytest.raises(RuntimeError) as outer:
        _while_handling()
    assert isinstance(outer.value.__cause__, KeyError)
    assert isinstance(outer.value.__context__, KeyError)
    handled = outer.value.__cause__.__context__
    assert isinstance(handled, ZeroDivisionError)
    assert handled.__traceback__ is not None


def _while_handling() -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        try:
            call(SECRET)
        except KeyError as failed:
            failed.__cause__ = None
            raise RuntimeError from failed
