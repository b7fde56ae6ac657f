"""``executemany`` on a DBAPI cursor: the fast lane of batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

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
    parameters = statement.many(names, rows)
    cursor = None
    try:
        cursor = connection.connection.cursor()
        if len(parameters) == 1:
            connection.dialect.do_execute(cursor, statement.sql, parameters[0], None)
        else:
            connection.dialect.do_executemany(cursor, statement.sql, parameters, None)
        count: int = cursor.rowcount
    except BaseException as error:
        connection._handle_dbapi_exception(
            error, statement.sql, parameters, cursor, None
        )
        raise
    cursor.close()
    return count
