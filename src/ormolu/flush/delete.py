"""DELETE of the objects of one mapper from one of its tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import util as sa_util

from .._speedups import state as kernel
from ..exc import FlushError, StaleDataError
from .rows import committed
from .table_plan import TablePlan


def delete_rows(uow: Any, connection: Any, plan: TablePlan, objects: list[Any]) -> None:
    """Send the DELETEs of some objects in one batch."""
    names = plan.delete_names
    parameters = [dict(zip(names, _row_of(plan, obj), strict=True)) for obj in objects]
    matched, verified = _execute(connection, plan, parameters)
    if plan.mapper.confirm_deleted_rows and verified:
        _check_deleted(plan, matched, len(objects))


def _row_of(plan: TablePlan, obj: Any) -> tuple[Any, ...]:
    """The key of an object's row, and its version.

    Raises:
        FlushError: when a part of the key is NULL.
    """
    key: tuple[Any, ...]
    if plan.sole:
        held = kernel.state_of(obj)._o_key
        key = (held,) if len(plan.pk_slots) == 1 else held
    else:
        key = tuple(committed(plan, obj, s) for s in plan.pk_slots)
    if None in key:
        column = plan.pk_columns[key.index(None)]
        raise FlushError(
            f"Can't delete from table {plan.table.description} using NULL for primary "
            f"key value on column {column}"
        )
    if plan.version_slot is None:
        return key
    return (*key, committed(plan, obj, plan.version_slot))


def _execute(
    connection: Any, plan: TablePlan, parameters: list[dict[str, Any]]
) -> tuple[int, bool]:
    """The count of rows, and whether it says anything."""
    dialect = connection.dialect
    statement = plan.delete()
    many = bool(dialect.supports_sane_multi_rowcount)
    if plan.version_slot is not None and not many:
        if dialect.supports_sane_rowcount:
            found = sum(connection.execute(statement, p).rowcount for p in parameters)
            return found, len(parameters) == 1
        sa_util.warn(
            f"Dialect {dialect.dialect_description} does not support deleted rowcount "
            "- versioning cannot be verified."
        )
        connection.execute(statement, parameters)
        return -1, False
    result = connection.execute(
        statement, parameters if len(parameters) > 1 else parameters[0]
    )
    return int(result.rowcount), many or len(parameters) == 1


def _check_deleted(plan: TablePlan, matched: int, expected: int) -> None:
    if matched < 0 or matched == expected:
        return
    text = (
        f"DELETE statement on table '{plan.table.description}' expected to delete "
        f"{expected} row(s); {matched} were matched.  Please set "
        "confirm_deleted_rows=False within the mapper configuration to prevent "
        "this warning."
    )
    if plan.version_slot is None:
        sa_util.warn(text)
    else:
        raise StaleDataError(text)
