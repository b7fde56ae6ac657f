"""What a test sees of the traffic between the Session and the database.

Two recorders with one result.  The *core* one listens to ``before_cursor_execute``,
which obliges the Session to send every statement through Core.  The *fast* one sits
below the engine, in the classes of the DBAPI connection and cursor, so that nothing
above can tell that somebody is watching.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

Lane = Literal["core", "fast"]


class Statement(NamedTuple):
    """One call to the DBAPI: the SQL on one line, and its parameters.

    The parameters are a tuple for ``execute`` and a list of tuples for
    ``executemany``.
    """

    sql: str
    parameters: Any


def one_line(sql: str) -> str:
    """The statement with every run of white space turned into one space."""
    return " ".join(sql.split())


@dataclass
class Recorder:
    """The statements since the last look."""

    statements: list[Statement] = field(default_factory=list)

    def record(self, sql: str, parameters: Any) -> None:
        """Note one statement; a list of parameters is one for ``executemany``."""
        many = isinstance(parameters, list)
        sent = [_plain(row) for row in parameters] if many else _plain(parameters)
        self.statements.append(Statement(one_line(sql), sent))

    def clear(self) -> None:
        """Forget what was sent so far."""
        self.statements.clear()

    def take(self) -> list[Statement]:
        """The statements since the last look, which are then forgotten."""
        taken = list(self.statements)
        self.statements.clear()
        return taken

    def take_sql(self) -> list[str]:
        """Like take(), without the parameters."""
        return [statement.sql for statement in self.take()]

    @contextmanager
    def count(self, expected: int) -> Iterator[None]:
        """Assert that the block sends exactly that many statements."""
        self.clear()
        yield
        taken = self.take()
        assert len(taken) == expected, taken

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Assert that the block sends nothing at all."""
        with self.count(0):
            yield


def _plain(parameters: Any) -> Any:
    if isinstance(parameters, dict):
        return dict(parameters)
    return tuple(parameters)


def recording_connection(recorder: Recorder) -> type[sqlite3.Connection]:
    """A class of DBAPI connections whose cursors tell the recorder."""

    class RecordingCursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            recorder.record(sql, tuple(parameters))
            return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
            rows = list(parameters)
            recorder.record(sql, rows)
            return super().executemany(sql, rows)

    class RecordingConnection(sqlite3.Connection):
        def cursor(self, factory: Any = RecordingCursor) -> Any:
            return super().cursor(factory)

    return RecordingConnection


def listen(engine: Engine, recorder: Recorder) -> None:
    """Tell the recorder of every statement, by way of the engine's events."""

    @event.listens_for(engine, "before_cursor_execute")
    def note(
        connection: Connection,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        recorder.record(statement, parameters)


def sqlite_engine(
    lane: Lane, recorder: Recorder, script: str = "", **options: Any
) -> Engine:
    """An engine on a new database in memory, after running the script.

    Its pool has one connection and no patience: a test that leaks a connection, or
    needs two at once, fails on the spot.
    """
    connect_args: dict[str, Any] = {}
    if lane == "fast":
        connect_args["factory"] = recording_connection(recorder)
    engine = create_engine(
        "sqlite://",
        connect_args=connect_args,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=0.01,
        **options,
    )
    with engine.connect() as connection:
        connection.connection.driver_connection.executescript(script)
    if lane == "core":
        listen(engine, recorder)
    recorder.clear()
    return engine
