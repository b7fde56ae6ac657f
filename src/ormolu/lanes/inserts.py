"""INSERTs that bring generated keys back, one row at a time on a DBAPI cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultExecutionContext

from . import fast
from .failing import fail_before, fail_executing
from .fast import FastStatement

MANY = 50
"""From so many rows on, only the first goes by the statement that Core would send.

It has RETURNING.  Where the key that it returns is the driver's ``lastrowid``, the others
go without and have their keys from there, for half the time: 3.9 us a row instead of 8.3.
A few rows don't gain much, and who reads what the driver is sent finds Core's statements.
"""


def insert_fetching_keys(
    connection: Connection,
    plan: Any,
    shape: int,
    columns: Sequence[Any],
    rows: list[tuple[Any, ...]],
) -> list[Any] | None:
    """Insert rows and return the generated key of each; None when it does not suit.

    Serves dialects whose insertmanyvalues would go row by row anyway (SQLite), without
    Core's execution per row (12 µs each).  See `MANY` for what many rows are spared.

    Returns:
        the keys; fewer than rows when the database left a row out.
    """
    dialect = connection.dialect
    if (
        not fast.is_free(connection)
        or dialect.name != "sqlite"
        or not dialect.insert_returning
    ):
        return None
    statement = _statement(connection, plan, shape, columns)
    if statement is None:
        return None
    plain = None
    if len(rows) >= MANY:
        single = _single_statement(connection, plan, shape, columns)
        if single is not None and single.names == statement.names:
            plain = None if single.returns_rows else single.sql
    names = [c.key for c in columns]
    driver = connection.connection
    try:
        parameters = statement.many(names, rows)
        cursor = driver.cursor()
    except BaseException as error:
        given = [dict(zip(names, row, strict=True)) for row in rows]
        fail_before(connection, error, statement.sql, given)
    return _insert_each(connection, statement.sql, plain, cursor, parameters)


def insert_fetching_key(
    connection: Connection,
    plan: Any,
    shape: int,
    columns: Sequence[Any],
    row: tuple[Any, ...],
) -> Any:
    """Insert one row and return its generated key; None when it does not suit.

    The statement is Core's own for one row: with RETURNING where the dialect prefers
    that, else with the driver's ``lastrowid``; 5 us where Core's execution takes 16.
    """
    if not fast.is_free(connection) or plan.version_column is not None:
        return None
    statement = _single_statement(connection, plan, shape, columns)
    if statement is None:
        return None
    names = [c.key for c in columns]
    values = dict(zip(names, row, strict=True))
    driver: Any = connection.connection
    try:
        parameters = statement.parameters(values)
        cursor = driver.cursor()
    except BaseException as error:
        fail_before(connection, error, statement.sql, [values])
    try:
        connection.dialect.do_execute(cursor, statement.sql, parameters, None)
        key = cursor.fetchone()[0] if statement.returns_rows else cursor.lastrowid
    except BaseException as error:
        fail_executing(connection, error, statement.sql, parameters, cursor)
    cursor.close()
    return key


SINGLE = frozenset(("sqlite", "mysql", "mariadb", "postgresql"))
"""Dialects whose execution of an INSERT does nothing beside executing it."""


def _single_statement(
    connection: Connection, plan: Any, shape: int, columns: Sequence[Any]
) -> FastStatement | None:
    """Core's own statement for one row."""
    dialect: Any = connection.dialect

    def make() -> Any:
        if dialect.name not in SINGLE or not _is_plain_key(plan, dialect):
            return None
        if (
            dialect.execution_ctx_cls.get_lastrowid
            is not DefaultExecutionContext.get_lastrowid
        ):
            return None
        compiled: Any = plan.table.insert().compile(
            dialect=dialect, column_keys=[c.key for c in columns]
        )
        returned = list(compiled.effective_returning or ())
        if returned:
            only_key = len(returned) == 1 and returned[0] is plan.pk_columns[0]
            return compiled if only_key else None
        return compiled if compiled.postfetch_lastrowid else None

    found: FastStatement | None = plan.fast.get(("insert one", shape), dialect, make)
    return found


def _is_plain_key(plan: Any, dialect: Any) -> bool:
    """Whether the database makes the key, of one column that needs no processing."""
    if len(plan.pk_columns) != 1 or not plan.makes_key:
        return False
    (column,) = plan.pk_columns
    return column.type._cached_result_processor(dialect, None) is None


def _insert_each(
    connection: Connection,
    sql: str,
    plain: str | None,
    cursor: Any,
    parameters: list[Any],
) -> list[Any]:
    """Execute for each row of parameters; the keys, up to a row that was left out.

    Args:
        sql: the statement that returns the key.
        plain: the one that does not; None where each row has to go by the other.
    """
    keys: list[Any] = []
    rest = iter(parameters)
    try:
        for row in rest:
            cursor.execute(sql, row)
            found = cursor.fetchone()
            if found is None:
                break
            keys.append(found[0])
            if plain is not None and found[0] == cursor.lastrowid:
                _insert_rest(cursor, plain, rest, keys)
                break
    except BaseException as error:
        failed = parameters[min(len(keys), len(parameters) - 1)]
        fail_executing(connection, error, sql, failed, cursor)
    cursor.close()
    return keys


def _insert_rest(cursor: Any, sql: str, rest: Iterator[Any], keys: list[Any]) -> None:
    """Take the keys of further rows from the driver's ``lastrowid``."""
    execute = cursor.execute
    for row in rest:
        execute(sql, row)
        if cursor.rowcount != 1:  # it was left out, and the number is another row's
            return
        keys.append(cursor.lastrowid)


def _statement(
    connection: Connection, plan: Any, shape: int, columns: Sequence[Any]
) -> FastStatement | None:
    """The statement that insertmanyvalues would send row by row."""
    dialect = connection.dialect

    def make() -> Any:
        if not _is_plain_key(plan, dialect):
            return None
        statement = plan.table.insert().returning(plan.pk_columns[0])
        return statement.compile(dialect=dialect, column_keys=[c.key for c in columns])

    found: FastStatement | None = plan.fast.get(("insert keys", shape), dialect, make)
    return found
