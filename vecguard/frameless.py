"""Errors that leave the library without the frames that they came through.

A traceback keeps its frames alive, and a frame keeps what it was called with. Reporters print that: Sentry shows local
variables by default, rich and pytest when asked. So the errors of everything that an application calls start at that
call. What is above it in the traceback is the caller's own, and what is below it is gone, with every text, vector and
key that it held.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar, cast

C = TypeVar("C", bound=Callable[..., Any])
T = TypeVar("T")
KEEP = "VECGUARD_KEEP_FRAMES"
"""The environment variable that, when set, leaves tracebacks whole: for a debugger, never where errors are reported."""

_SPECIAL = ("__init__", "__call__", "__getattr__", "__setattr__")


def frameless(call: C) -> C:
    """Make a function, or a coroutine function, whose errors start where it is called."""
    return cast("C", _awaited(call) if inspect.iscoroutinefunction(call) else _called(call))


def _called(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def method(*args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except BaseException as error:  # noqa: BLE001 - it is raised again below, outside of this block
            failed = error
        del args, options
        raise _bared(failed)

    return method


def _awaited(call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    async def method(*args: Any, **options: Any) -> Any:
        try:
            return await call(*args, **options)
        except BaseException as error:  # noqa: BLE001 - as above
            failed = error
        del args, options
        raise _bared(failed)

    return method


def frameless_class(cls: type[T]) -> type[T]:
    """Make the methods that a class defines itself, and callers call, frameless; return the class."""
    for name, found in list(vars(cls).items()):
        if name in _SPECIAL or not name.startswith("_"):
            match found:
                case FunctionType():
                    setattr(cls, name, frameless(found))
                case classmethod():
                    setattr(cls, name, classmethod(frameless(found.__func__)))
    return cls


def _bared(failed: BaseException) -> BaseException:
    if KEEP in os.environ:
        return failed
    for each in _chain(failed, sys.exception()):
        each.__traceback__ = None
    return failed


def _chain(error: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    """Return an error and all that it was raised from or while handling, but for what the caller is handling."""
    waiting, seen = [error], {id(error), id(handled)}
    while waiting:
        each = waiting.pop()
        yield each
        for other in (each.__cause__, each.__context__):
            if other is not None and id(other) not in seen:
                seen.add(id(other))
                waiting.append(other)
