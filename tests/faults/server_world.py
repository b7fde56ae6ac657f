"""A world whose database is a server, where connections can be killed and rows locked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError, StatementError

from tests.faults.listeners import Program
from tests.faults.models import Models
from tests.faults.world import World

URL = "ORMOLU_FAULTS_URL"

ROWS = (
    "INSERT INTO users (id, name, note) VALUES "
    "(1, 'ann', 'first'), (2, 'bob', 'second'), (3, 'cid', NULL)",
    "INSERT INTO addresses (id, email, user_id) VALUES "
    "(1, 'a1', 1), (2, 'a2', 1), (3, 'b1', 2), (4, 'c1', 3)",
    "INSERT INTO tags VALUES ('a', 1), ('b', 2), ('c', 3)",
)


@dataclass
class ServerWorld(World):
    """See `World`; the path is that of nothing, the URL is in the environment."""

    def __post_init__(self) -> None:
        self.with_tags = False
        self.admin = create_engine(os.environ[URL], isolation_level="AUTOCOMMIT")
        super().__post_init__()

    def make_engine(self, **options: Any) -> Engine:
        return create_engine(os.environ[URL], **options)

    @property
    def is_postgresql(self) -> bool:
        return self.admin.dialect.name == "postgresql"

    def note_error(self, step: str, error: BaseException) -> None:
        """The server's texts have process numbers: write down what is not its own."""
        line = f"{step}: {type(error).__name__} {getattr(error, 'code', None)}"
        if isinstance(error, StatementError):
            line += f" {error.statement}"
        if isinstance(error, DBAPIError):
            line += f" invalidated={error.connection_invalidated}"
        self.note(line)

    def note_rows(self) -> None:
        with self.admin.connect() as connection:
            for table in ("users", "addresses", "tags"):
                rows = connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")
                self.note(f"  {table} {[tuple(row) for row in rows]}")

    def finish(self) -> None:
        super().finish()
        self.admin.dispose()

    # -- what the server does ------------------------------------------------------------

    def kill(self, connection: Connection | None = None) -> None:
        """Kill a connection at the server; by default the session's."""
        if connection is None:
            connection = self.session.connection()
        driver: Any = connection.connection.driver_connection
        if self.is_postgresql:
            number = driver.info.backend_pid
            kill = f"SELECT pg_terminate_backend({number})"
            find = f"SELECT pid FROM pg_stat_activity WHERE pid = {number}"
        else:
            number = driver.thread_id()
            kill = f"KILL {number}"
            find = f"SELECT id FROM information_schema.processlist WHERE id = {number}"
        with self.admin.connect() as admin:
            admin.exec_driver_sql(kill)
            for _ in range(500):
                if admin.exec_driver_sql(find).first() is None:
                    return
                time.sleep(0.01)
        raise TimeoutError("the connection does not go away")

    @contextmanager
    def other(self) -> Iterator[Connection]:
        """A transaction of somebody else, which is rolled back at the end."""
        engine = create_engine(os.environ[URL])
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()


def reset(engine: Engine, models: Models) -> None:
    """The tables, with the rows that every program starts from."""
    with engine.begin() as connection:
        models.metadata.drop_all(connection)
        models.metadata.create_all(connection)
        for statement in ROWS:
            connection.exec_driver_sql(statement)
        if engine.dialect.name == "postgresql":
            for table in ("users", "addresses"):
                connection.exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 10)"
                )


class ServerRunner:
    """Runs programs on a server; like `tests.faults.reference.Runner`."""

    def __init__(self, orm: Any, models: Models, folder: Path) -> None:
        self.orm = orm
        self.models = models
        self.engine = create_engine(make_url(os.environ[URL]))

    def run(self, program: Program, **options: Any) -> list[str]:
        """The log of one program."""
        reset(self.engine, self.models)
        world = ServerWorld(self.orm, self.models, Path(), **options)
        try:
            return world.run(program)
        finally:
            self.engine.dispose()
