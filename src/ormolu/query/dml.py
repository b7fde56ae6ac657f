"""``Query.update()`` and ``Query.delete()``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, update
from sqlalchemy import exc as sa_exc

from .events import BulkDelete, BulkUpdate, changed_by


def update_rows(query: Any, values: Any, synchronize: Any, arguments: Any) -> int:
    """Update the rows that a query matches; how many there were."""
    _check(query)
    context = BulkUpdate(query, query._entity_zero(), values, arguments or {})
    if query._hears:
        query = context.query = changed_by(
            query.dispatch.before_compile_update, query, context
        )
    arguments = dict(context.update_kwargs)
    statement: Any = update(*query._select._raw_columns)
    if arguments.pop("preserve_parameter_order", False):
        statement = statement.ordered_values(*context.values)
    else:
        statement = statement.values(context.values)
    context.result = _execute(query, statement, synchronize, arguments)
    if query.session._hears:
        query.session.dispatch.after_bulk_update(context)
    return int(context.result.rowcount)


def delete_rows(query: Any, synchronize: Any, arguments: Any) -> int:
    """Delete the rows that a query matches; how many there were."""
    _check(query)
    context = BulkDelete(query, query._entity_zero(), arguments)
    if query._hears:
        query = context.query = changed_by(
            query.dispatch.before_compile_delete, query, context
        )
    statement: Any = delete(*query._select._raw_columns)
    context.result = _execute(query, statement, synchronize, context.delete_kwargs)
    if query.session._hears:
        query.session.dispatch.after_bulk_delete(context)
    return int(context.result.rowcount)


def _execute(query: Any, statement: Any, synchronize: Any, arguments: Any) -> Any:
    """The closed result of a statement about the rows of a query."""
    if arguments:
        statement = statement.with_dialect_options(**arguments)
    statement._where_criteria = query._select._where_criteria
    result = query.session.execute(
        statement,
        query._params or None,
        execution_options={
            **query._select._execution_options,
            "synchronize_session": synchronize,
        },
    )
    result.close()
    return result


def _check(query: Any) -> None:
    """Refuse a query whose parts an UPDATE or DELETE has no place for."""
    chosen = query._select
    for name, present in (
        ("limit()", chosen._limit_clause is not None),
        ("offset()", chosen._offset_clause is not None),
        ("order_by()", chosen._order_by_clauses),
        ("group_by()", chosen._group_by_clauses),
        ("distinct()", chosen._distinct),
        (
            "join(), outerjoin(), select_from(), or from_self()",
            chosen._setup_joins or chosen._from_obj,
        ),
    ):
        if present:
            raise sa_exc.InvalidRequestError(
                f"Can't call Query.update() or Query.delete() when {name} "
                "has been called"
            )
