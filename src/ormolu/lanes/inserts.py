"""INSERTs that bring generated keys back, one row at a time on a DBAPI cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from . import fast
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
    ):
        return None
    statement = _statement(connection, plan, shape, columns)
    if statement is None:
        return None
    names = [c.key for c in columns]
    parameters = statement.many(names, rows)
    cursor = None
    current: Any = None
    try:
        cursor = connection.connection.cursor()
        execute, sql = cursor.execute, statement.sql
        fetch: Any = cursor.fetchone
        keys = []
        for current in parameters:
            execute(sql, current)
            keys.append(fetch()[0])
    except BaseException as error:
        connection._handle_dbapi_exception(error, statement.sql, current, cursor, None)
        raise
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
