"""The database under test: one DBAPI connection, shared by all that a process does.

SQLite in memory unless a URL says otherwise: a file would add the disk's noise to
every contender alike and hide the difference that is to be shown. On PostgreSQL
(``--url postgresql+psycopg://...``) the tables are temporary ones, so nothing is
left behind and nothing else is touched.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from bench import data
from bench.sizes import Sizes

SQLITE_MEMORY = "sqlite://"

TABLES = {
    "account": (
        "name VARCHAR NOT NULL, email VARCHAR NOT NULL, age INTEGER NOT NULL, "
        "balance FLOAT NOT NULL, town VARCHAR NOT NULL, street VARCHAR NOT NULL, "
        "level INTEGER NOT NULL, points INTEGER NOT NULL, note VARCHAR NOT NULL"
    ),
    "parent": "name VARCHAR NOT NULL, town VARCHAR NOT NULL, level INTEGER NOT NULL",
    "child": (
        "parent_id INTEGER NOT NULL REFERENCES parent (id), "
        "name VARCHAR NOT NULL, amount FLOAT NOT NULL"
    ),
}
INDEX = "CREATE INDEX child_parent ON child (parent_id)"


class Database(Protocol):
    """What the driver's part needs to know about a database."""

    #: URL for ``sqlalchemy.create_engine()``.
    url: str
    #: The driver's module and version, for the record.
    driver: str
    #: The placeholder of the driver's parameter style.
    mark: str
    #: The open DBAPI connection.
    connection: Any

    def create_table(self, name: str, columns: str) -> None:
        """Create a table with a generated integer key ``id`` before its columns."""

    def insert_keyed(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[int]:
        """Insert row after row, fetching back each generated key."""

    def after_seed(self) -> None:
        """Make the key generator go on after the keys that are in the tables."""


class SqliteDatabase:
    """SQLite through the standard library's module, in memory or in a file."""

    mark = "?"

    def __init__(self, url: str = SQLITE_MEMORY) -> None:
        self.url = url
        self.driver = f"sqlite3, SQLite {sqlite3.sqlite_version}"
        path = url.removeprefix("sqlite://").removeprefix("/") or ":memory:"
        self.connection = sqlite3.connect(path, check_same_thread=False)

    def create_table(self, name: str, columns: str) -> None:
        self.connection.execute(
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {columns})"
        )

    def insert_keyed(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[int]:
        cursor = self.connection.cursor()
        execute = cursor.execute
        keys: list[Any] = []
        for row in rows:
            execute(sql, row)
            keys.append(cursor.lastrowid)
        return keys

    def after_seed(self) -> None:
        """Nothing to do: SQLite continues after the greatest key."""


class PsycopgDatabase:
    """PostgreSQL through psycopg 3, in temporary tables."""

    mark = "%s"

    def __init__(self, url: str) -> None:
        import psycopg  # Optional: only those who ask for PostgreSQL need it.

        self.url = url
        self.connection: Any = psycopg.connect(url.replace("+psycopg", "", 1))
        version = self.connection.info.server_version // 10_000
        self.driver = f"psycopg {psycopg.__version__}, PostgreSQL {version}"

    def create_table(self, name: str, columns: str) -> None:
        columns = columns.replace(" REFERENCES parent (id)", "")
        self.connection.execute(
            f"CREATE TEMPORARY TABLE {name} (id SERIAL PRIMARY KEY, {columns})"
        )

    def insert_keyed(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[int]:
        cursor = self.connection.cursor()
        sql += " RETURNING id"
        return [cursor.execute(sql, row).fetchone()[0] for row in rows]

    def after_seed(self) -> None:
        for name in TABLES:
            self.connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"
            )
            self.connection.execute(f"ANALYZE {name}")
        self.connection.commit()


def connect(url: str) -> Database:
    """Open the database that a URL names.

    Raises:
        ValueError: For a database that the benchmarks do not know.
    """
    if url.startswith("sqlite:"):
        return SqliteDatabase(url)
    if url.startswith("postgresql+psycopg:"):
        return PsycopgDatabase(url)
    raise ValueError(
        f"No benchmark for the URL {url!r}: use sqlite://, sqlite:///FILE or postgresql+psycopg://..."
    )


def insert_sql(database: Database, table: str, columns: Sequence[str]) -> str:
    """Return an INSERT of the named columns in the driver's parameter style."""
    marks = ", ".join([database.mark] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def seed(database: Database, sizes: Sizes) -> None:
    """Create the tables and fill them with the rows of :mod:`bench.data`."""
    for name, columns in TABLES.items():
        database.create_table(name, columns)
    cursor = database.connection.cursor()
    for name, names, rows in (
        ("account", data.ACCOUNT_COLUMNS, data.account_rows(sizes.accounts)),
        ("parent", data.PARENT_COLUMNS, data.parent_rows(sizes.parents)),
        ("child", data.CHILD_COLUMNS, data.child_rows(sizes.parents, sizes.children)),
    ):
        cursor.executemany(insert_sql(database, name, names), rows)
    cursor.execute(INDEX)
    database.connection.commit()
    database.after_seed()
