"""Processes that die: between any two steps of the real code, as kill -9 would have it.

Steps are SQL statements, commits, and calls to the outside. A death raises Killed, which no `except Exception` of the
product catches: an open transaction rolls back as the database would do it, and what follows the step never happens.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlmodel import Session

from models import Database

P = ParamSpec("P")
R = TypeVar("R")


class Killed(BaseException):
    """The process is dead. Not an Exception: nothing of the product survives it."""


class Doom:
    """Counts down the steps a process has left; None means that it lives on."""

    def __init__(self) -> None:
        self.steps_left: int | None = None
        self.deaths: Counter[str] = Counter()
        self._at_calls = False

    def deal(self, steps: int, *, at_calls: bool = False) -> None:
        """Die after so many steps; `at_calls` counts only those right before and after a call to the outside."""
        self.steps_left, self._at_calls = steps, at_calls

    def step(self, where: str, *, call: bool = False) -> None:
        """One step done, or about to be done. Raises Killed at the last one."""
        if self.steps_left is None or (self._at_calls and not call):
            return
        self.steps_left -= 1
        if self.steps_left <= 0:
            self.steps_left = None
            self.deaths[where] += 1
            raise Killed(where)


class MortalDatabase(Database):
    """A database whose user may die at every statement, before every commit and after it."""

    def __init__(self, url: str | URL, doom: Doom) -> None:
        super().__init__(url)
        self._doom = doom
        event.listen(self.engine, "before_cursor_execute", self._statement)

    def _statement(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        self._doom.step(f"at {statement.split(maxsplit=1)[0].upper()}")

    @contextmanager
    def write(self) -> Iterator[Session]:
        """As ever, and mortal."""
        with super().write() as session:
            yield session
            session.flush()
            self._doom.step("before a commit")
        self._doom.step("after a commit")


def make_mortal(adapter: object, doom: Doom) -> None:
    """Let the process die before and after every call of an adapter to the outside."""
    of_cities = ("file", "by_ids", "find_filed", "by_token", "updates", "updated", "post_update")
    for name in ("whoami", "fetch", "deleted", "send", "find_sent", *of_cities):
        call = getattr(adapter, name, None)
        if call is not None:
            setattr(adapter, name, _mortal(call, doom, name))


def _mortal(call: Callable[P, Awaitable[R]], doom: Doom, name: str) -> Callable[P, Awaitable[R]]:
    async def dying(*args: P.args, **kwargs: P.kwargs) -> Any:
        doom.step(f"before {name}", call=True)
        try:
            return await call(*args, **kwargs)
        finally:
            doom.step(f"after {name}", call=True)

    return dying
