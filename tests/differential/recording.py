"""A database in memory whose connection tells what the driver is asked for."""

import re
import sqlite3
from typing import Any, Literal

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import StaticPool

Lane = Literal["core", "fast"]


class Log(list[Any]):
    """What the driver was asked for, in order."""

    def take(self) -> list[Any]:
        """The entries since the last look, which are then forgotten."""
        taken = list(self)
        self.clear()
        return taken


SEVERAL_TABLES = re.compile(r"SELECT (.+?) FROM (\w+(?:, \w+)+) WHERE (\? = .*)")
RETURNING = re.compile(r"(?<= RETURNING )[\w, ]+$")


def shown(sql: str) -> str:
    """A statement on one line, the keys that it returns in the order of their names.

    Core keeps in a set, and so by their addresses, what a DELETE or UPDATE returns for
    the ORM.
    """
    line = " ".join(sql.split())
    tables = SEVERAL_TABLES.fullmatch(line)
    if tables:  # of a class in a hierarchy, its expired columns; SQLAlchemy has a set
        chosen, of = (", ".join(sorted(p.split(", "))) for p in tables.groups()[:2])
        return f"SELECT {chosen} FROM {of} WHERE {tables[3]}"
    if line.startswith("INSERT"):
        return line
    return RETURNING.sub(lambda m: ", ".join(sorted(m[0].split(", "))), line)


def connection_class(log: Log) -> type[sqlite3.Connection]:
    """A class of DBAPI connections that tell a log.

    Below the engine, so that no ORM can tell that somebody is watching.
    """

    class Cursor(sqlite3.Cursor):
        def begin(self) -> None:
            # the driver's own transactions would not span savepoints
            if not self.connection.in_transaction:
                super().execute("BEGIN")

        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            self.begin()
            log.append((shown(sql), plain(parameters)))
            return super().execute(sql, parameters)

        def executemany(self, sql: str, parameters: Any, /) -> Any:
            self.begin()
            rows = [tuple(row) for row in parameters]
            log.append((shown(sql), [plain(row) for row in rows]))
            return super().executemany(sql, rows)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def commit(self) -> None:
            if self.in_transaction:
                log.append("COMMIT")
            super().commit()

        def rollback(self) -> None:
            if self.in_transaction:
                log.append("ROLLBACK")
            super().rollback()

    return Connection


def plain(row: Any) -> tuple[Any, ...]:
    """Parameters; those that the driver does not know, as text."""
    return tuple([v if isinstance(v, (str, int)) else v and str(v) for v in row])


class Database:
    """One database in memory, its engine and the log of its statements.

    Args:
        lane: "core" obliges an ORM to send everything through Core's execution.
    """

    def __init__(self, lane: Lane) -> None:
        self.log = Log()
        self.raw = sqlite3.connect(
            ":memory:", factory=connection_class(self.log), isolation_level=None
        )
        self.engine: Engine = create_engine(
            "sqlite://", creator=lambda: self.raw, poolclass=StaticPool
        )
        self.engine.connect().close()  # the dialect asks its questions now
        if lane == "core":
            event.listen(self.engine, "before_cursor_execute", lambda *args: None)

    def restart(self, template: sqlite3.Connection, foreign_keys: bool) -> None:
        """Back to the rows that every program starts from."""
        self.raw.rollback()
        template.backup(self.raw)
        self.raw.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        self.log.clear()

    def rows(self) -> dict[str, list[Any]]:
        """The rows of all tables."""
        query = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name for (name,) in self.raw.execute(query).fetchall()]
        return {
            name: sorted(self.raw.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for name in names
        }
