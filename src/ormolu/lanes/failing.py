"""Errors on the fast lane, wrapped and told of as Core does.

Core tells three stages apart. Before a cursor executes, any exception becomes a
StatementError with the parameters as they were given; from then on only the driver's own
are wrapped, with the driver's parameters; those of a fetch come without the statement.
"""

from __future__ import annotations

from typing import Any, NoReturn

from sqlalchemy.engine import Connection


class _Execution:
    """What Core's handler wants to know of an execution context."""

    __slots__ = ("executemany",)

    def __init__(self, executemany: bool) -> None:
        self.executemany = executemany

    def handle_dbapi_exception(self, error: BaseException) -> None:
        """For dialects; none of those on the fast lane does anything."""


ONE = _Execution(executemany=False)
MANY = _Execution(executemany=True)


def fail_before(
    connection: Connection, error: BaseException, sql: str, given: Any
) -> NoReturn:
    """The parameters could not be prepared, or there is no cursor."""
    connection._handle_dbapi_exception(error, sql, given, None, None)


def fail_executing(
    connection: Connection,
    error: BaseException,
    sql: str,
    parameters: Any,
    cursor: Any,
    execution: _Execution = ONE,
) -> NoReturn:
    """The statement failed."""
    connection._handle_dbapi_exception(
        error,
        sql,
        parameters,
        cursor,
        execution,  # type: ignore[arg-type]
    )


def fail_fetching(
    connection: Connection, error: BaseException, cursor: Any
) -> NoReturn:
    """The statement was executed, but its rows don't come."""
    connection._handle_dbapi_exception(
        error,
        None,
        None,
        cursor,
        ONE,  # type: ignore[arg-type]
    )
