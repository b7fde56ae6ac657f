"""What the tests of flushes map their classes with and look at the traffic through."""

from typing import Any

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table

from ormolu import Entity, Session, registry
from tests.orm.models import Mode, create_script
from tests.orm.recording import Lane, Recorder, sqlite_engine


class World:
    """One registry with its classes, and one database in memory.

    Args:
        mode: the bases of the classes: embedded or adopted state.
        lane: how the recorder sees the statements.
    """

    def __init__(self, mode: Mode, lane: Lane) -> None:
        self.mode = mode
        self.lane = lane
        self.registry = registry()
        self.metadata: MetaData = self.registry.metadata
        self.sql = Recorder()
        self._engine: Engine | None = None
        self._sessions: list[Session] = []

    def table(self, name: str, *columns: Any, **options: Any) -> Table:
        """A table; without a primary key of its own it gets ``id``."""
        if not any(isinstance(c, Column) and c.primary_key for c in columns):
            columns = (Column("id", Integer, primary_key=True), *columns)
        return Table(name, self.metadata, *columns, **options)

    def map(self, name: str, table: Any, **options: Any) -> Any:
        """A new class, mapped to a table."""

        def init(self: Any, **values: Any) -> None:
            for key, value in values.items():
                setattr(self, key, value)

        bases = (Entity,) if self.mode == "embedded" else ()
        cls = type(name, bases, {"__init__": init, "__module__": "world"})
        self.registry.map_imperatively(cls, table, **options)
        return cls

    @property
    def engine(self) -> Engine:
        """The database, with the tables that there are at the first use."""
        if self._engine is None:
            script = "PRAGMA foreign_keys=ON;" + create_script(self.metadata)
            self._engine = sqlite_engine(self.lane, self.sql, script)
        return self._engine

    def session(self, **options: Any) -> Session:
        """A Session on the database."""
        session = Session(self.engine, **options)
        self._sessions.append(session)
        return session

    def rows(self, session: Session, table: Any) -> list[tuple[Any, ...]]:
        """The rows of a table as the session's transaction sees them."""
        statement = table.select().order_by(*table.c)
        found = [tuple(row) for row in session.connection().execute(statement)]
        self.sql.clear()
        return found

    def close(self) -> None:
        """Close the sessions, and the database."""
        for session in self._sessions:
            session.close()
        if self._engine is not None:
            self._engine.dispose()
        self.registry.dispose()


def named(name: str, **options: Any) -> Column[Any]:
    """A column of strings."""
    return Column(name, String, **options)
