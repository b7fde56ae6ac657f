"""``executemany`` on a DBAPI cursor: the fast lane of batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from .failing import MANY, ONE, fail_before, fail_executing
from .fast import FastStatement


def run_many(
    connection: Connection,
    statement: FastStatement,
    names: Sequence[str],
    rows: list[tuple[Any, ...]],
) -> int:
    """Execute a statement for every row of parameters.

    Args:
        names: the parameter that each element of a row is for.

    Returns:
        the cursor's row count.

    Raises:
        DBAPIError: the driver's errors, wrapped as Core wraps them.
    """
    driver = connection.connection
    try:
        parameters = statement.many(names, rows)
        cursor = driver.cursor()
    except BaseException as error:
        given = [dict(zip(names, row, strict=True)) for row in rows]
        fail_before(connection, error, statement.sql, given)
    try:
        if len(parameters) == 1:
            connection.dialect.do_execute(cursor, statement.sql, parameters[0], None)
        else:
            connection.dialect.do_executemany(cursor, statement.sql, parameters, None)
        count: int = cursor.rowcount
    except BaseException as error:
        many = len(parameters) > 1
        shown = parameters if many else parameters[0]
        execution = MANY if many else ONE
        fail_executing(connection, error, statement.sql, shown, cursor, execution)
    cursor.close()
    return count
