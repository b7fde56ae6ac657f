"""INSERTs that bring generated keys back, one row at a time on a DBAPI cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from . import fast
from .failing import fail_before, fail_executing
from .fast import FastStatement, suits


def insert_fetching_keys(
    connection: Connection,
    plan: Any,
    shape: int,
    columns: Sequence[Any],
    rows: list[tuple[Any, ...]],
) -> list[Any] | None:
    """Insert rows and return the generated key of each; None when it does not suit.

    Serves dialects whose insertmanyvalues would go row by row anyway (SQLite): the
    same statement, without Core's execution per row (12 µs each).
    """
    dialect = connection.dialect
    if (
        not fast.is_free(connection)
        or dialect.name != "sqlite"
        or not dialect.insert_returning
        or len(plan.pk_columns) != 1
        or not plan.makes_key
    ):
        return None
    statement = _statement(connection, plan, shape, columns)
    if statement is None:
        return None
    names = [c.key for c in columns]
    driver = connection.connection
    try:
        parameters = statement.many(names, rows)
        cursor = driver.cursor()
    except BaseException as error:
        given = [dict(zip(names, row, strict=True)) for row in rows]
        fail_before(connection, error, statement.sql, given)
    return _insert_each(connection, statement.sql, cursor, parameters)


def _insert_each(
    connection: Connection, sql: str, cursor: Any, parameters: list[Any]
) -> list[Any]:
    """Execute for each row of parameters; the keys."""
    current: Any = None
    keys: list[Any] = []
    try:
        execute = cursor.execute
        fetch = cursor.fetchone
        for current in parameters:
            execute(sql, current)
            keys.append(fetch()[0])
    except BaseException as error:
        fail_executing(connection, error, sql, current, cursor)
    cursor.close()
    return keys


def _statement(
    connection: Connection, plan: Any, shape: int, columns: Sequence[Any]
) -> FastStatement | None:
    key = ("insert keys", shape, id(connection.dialect))
    found = plan._statements.get(key)
    if found is None:
        statement = plan.table.insert().returning(plan.pk_columns[0])
        compiled = statement.compile(
            dialect=connection.dialect, column_keys=[c.key for c in columns]
        )
        processor = plan.pk_columns[0].type._cached_result_processor(
            connection.dialect, None
        )
        usable = suits(compiled) and processor is None
        found = (FastStatement(compiled) if usable else None, connection.dialect)
        plan._statements[key] = found
    return found[0]  # type: ignore[no-any-return]
