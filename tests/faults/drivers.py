"""Programs whose driver fails: at any statement, fetch, commit or rollback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from tests.faults.listeners import PROGRAMS, Program
from tests.faults.world import World

GONE = "Cannot operate on a closed database."

ERRORS: dict[str, Callable[[], BaseException]] = {
    "error": lambda: sqlite3.OperationalError("disk I/O error"),
    "gone": lambda: sqlite3.ProgrammingError(GONE),  # a disconnect, to the dialect
    "interrupt": lambda: KeyboardInterrupt("^C"),
    "no dbapi error": lambda: MemoryError("no memory"),
}


class Plan:
    """What fails when.

    Args:
        where: "execute" (any), "fetch", "commit", "rollback" or "cursor".
        at: at which statement (for a fetch, of which statement), from 1.
        after: fail when the driver has done it.
    """

    def __init__(self, where: str, at: int, error: str, after: bool = False) -> None:
        self.where, self.left, self.after = where, at, after
        self.make = ERRORS[error]
        self.fetching = 0
        self.armed = False

    def hit(self, where: str) -> bool:
        """Note a call; whether it is the one that fails."""
        if not self.armed or where != self.where:
            return False
        self.left -= 1
        return self.left == 0

    def run(self, where: str, call: Callable[[], Any]) -> Any:
        """Make a driver's call, or fail."""
        if not self.hit(where):
            return call()
        if self.after:
            call()
        raise self.make()


def failing_connection(plan: Plan) -> type[sqlite3.Connection]:
    """A class of DBAPI connections that follow a plan."""

    class FailingCursor(sqlite3.Cursor):
        first_fetch = True

        def execute(self, *arguments: Any) -> Any:
            self.first_fetch = True
            return plan.run(
                "execute", lambda: super(FailingCursor, self).execute(*arguments)
            )

        def executemany(self, *arguments: Any) -> Any:
            return plan.run(
                "execute", lambda: super(FailingCursor, self).executemany(*arguments)
            )

        def _fetch(self, call: Callable[[], Any]) -> Any:
            if not self.first_fetch:
                return call()
            self.first_fetch = False
            return plan.run("fetch", call)

        def fetchone(self) -> Any:
            return self._fetch(super().fetchone)

        def fetchall(self) -> Any:
            return self._fetch(super().fetchall)

        def fetchmany(self, *size: Any) -> Any:
            return self._fetch(lambda: super(FailingCursor, self).fetchmany(*size))

    class FailingConnection(sqlite3.Connection):
        def cursor(self, factory: Any = FailingCursor) -> Any:
            return plan.run(
                "cursor", lambda: super(FailingConnection, self).cursor(factory)
            )

        def commit(self) -> None:
            plan.run("commit", super().commit)

        def rollback(self) -> None:
            plan.run("rollback", super().rollback)

    return FailingConnection


def scenario(program: str, where: str, at: int, error: str, after: bool) -> Program:
    """A program whose driver fails once."""

    def run(world: World) -> None:
        plan = Plan(where, at, error, after)
        options = {"factory": failing_connection(plan), "timeout": 0.5}
        world.engine.dispose()
        world.engine = world.make_engine(connect_args=options)
        if world.core_only:
            event.listen(world.engine, "before_cursor_execute", lambda *args: None)
        world.session.bind = world.engine
        world.with_tags = False
        plan.armed = True
        PROGRAMS[program](world)

    return run


POINTS = (
    *(("execute", n, False) for n in range(1, 12)),
    *(("execute", n, True) for n in (2, 6, 7, 8, 9)),
    *(("fetch", n, False) for n in (1, 2, 3, 5, 6)),
    *(("cursor", n, False) for n in (1, 5)),
    ("commit", 1, False),
    ("commit", 1, True),
    ("rollback", 1, False),
)
CASES = (
    *((program, error) for program in ("commit", "savepoint") for error in ERRORS),
    *((program, "gone") for program in ("reload", "rollback")),
)


def scenarios_of(program: str, error: str) -> dict[str, Program]:
    """One program, with one error at every point."""
    return {
        f"{program}, {error}: {point}": scenario(program, *point[:2], error, point[2])
        for point in POINTS
    }


COMPARED: dict[str, Program] = {
    name: run for case in CASES for name, run in scenarios_of(*case).items()
}
