"""INSERT of an entity's rows: in bulk, or one statement as it stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import Connection
from sqlalchemy.engine.cursor import null_dml_result

from ..compile.returning import AS_WRITTEN, IN_BULK, returns_star
from ..flush.table_plan import plan_of
from ..lanes.rows import fetch_all
from .insert_tables import insert_statement
from .inserting import insert_groups
from .many_tables import insert_into_tables
from .parameters import InsertRows, without_composites
from .request import INSERT_STRATEGIES, Request, parameter_names
from .results import returned
from .tables import sole_table, written_tables


def execute_insert(request: Request) -> Any:
    """Execute an INSERT by its ``dml_strategy``."""
    strategy = request.strategy("insert", INSERT_STRATEGIES)
    if strategy == "auto":
        strategy = "bulk" if request.parameters else "orm"
    if strategy == "bulk":
        return _insert_in_bulk(request)
    if strategy == "raw":
        return request.execute(request.statement, request.parameters)
    statement = request.statement
    if statement._returning:
        statement = statement.options(AS_WRITTEN)
    return returned(request, request.execute(statement, request.parameters))


def _insert_in_bulk(request: Request) -> Any:
    statement = request.statement
    rows = request.parameters if request.has_many else [request.parameters]
    rows = without_composites(request.mapper, rows)
    connection = request.connection()
    is_plain = _is_plain(statement)
    render_nulls = bool(request.options.get("render_nulls"))
    if len(written_tables(request.mapper)) > 1:
        if not (is_plain and request.wants_plain_core()):
            return _insert_into_tables(request, connection, rows)
        insert_into_tables(connection, request.mapper, rows, render_nulls, False)
        return null_dml_result()
    converter = InsertRows(
        sole_table(request.mapper),
        render_nulls,
        frozenset() if is_plain else parameter_names(statement),
    )
    groups = converter.groups(rows)
    if statement._returning:
        _require_returning(request, connection, len(rows))
        return _insert_returning(request, groups)
    if is_plain and request.wants_plain_core():
        insert_groups(connection, plan_of(request.mapper), groups)
    else:
        for group in groups:
            request.execute(statement, group)
    return null_dml_result()


def _insert_into_tables(request: Request, connection: Connection, rows: Any) -> Any:
    """Execute an INSERT of rows that go into several tables.

    Raises:
        InvalidRequestError: for an upsert.
    """
    statement = request.statement
    if statement._post_values_clause is not None:
        raise sa_exc.InvalidRequestError(
            "bulk INSERT with a 'post values' clause (typically upsert) not supported "
            f"for multi-table mapper {request.mapper}"
        )
    if statement._returning:
        _require_returning(request, connection, len(rows), ordered=True)
    return insert_statement(request, rows)


def _insert_returning(request: Request, groups: Any) -> Any:
    """Rows of all groups, one after the other, as one result."""
    rows: list[Any] = []
    statement = request.statement.options(IN_BULK)
    for group in groups:
        result = request.execute(statement, group)
        rows.extend(fetch_all(result))
    return returned(request, result, rows)


def _is_plain(statement: Any) -> bool:
    """Whether a statement says nothing but the table."""
    return not (
        statement._values
        or statement._multi_values
        or statement._select_names
        or statement._returning
        or statement._return_defaults
        or statement._post_values_clause is not None
        or statement._prefixes
        or statement._hints
        or statement._inline
        or statement._independent_ctes
        or statement.dialect_kwargs
    )


def _require_returning(
    request: Request, connection: Connection, count: int, ordered: bool = False
) -> None:
    """Refuse what the backend or the bulk mode cannot return.

    Args:
        count: how many rows there are.
        ordered: whether they must come back in order though nobody asks for that.

    Raises:
        InvalidRequestError: when the dialect has no executemany with RETURNING.
        CompileError: for ``RETURNING *``.
    """
    statement, dialect = request.statement, connection.dialect
    if returns_star(statement):
        raise sa_exc.CompileError(
            "Can't use RETURNING * with bulk ORM INSERT.  Please use a different "
            "INSERT form, such as INSERT..VALUES or INSERT with a Core Connection"
        )
    ordered = ordered or statement._sort_by_parameter_order
    if count == 1 and dialect.insert_returning:
        return
    if not dialect.insert_executemany_returning or (
        ordered and not dialect.insert_executemany_returning_sort_by_parameter_order
    ):
        raise sa_exc.InvalidRequestError(
            "Can't use explicit RETURNING for bulk INSERT operation with "
            f"{dialect.dialect_description} backend; executemany with RETURNING"
            f"{' and sort by parameter order' if ordered else ''} is not enabled for "
            "this dialect."
        )


__all__ = ["execute_insert"]
