"""DELETE of the objects of one hierarchy from one of its tables."""

from __future__ import annotations

from typing import Any

from .._core.warnings import warn
from .._speedups import state as kernel
from ..exc import FlushError, StaleDataError
from ..lanes import fast
from .hierarchy import Run
from .rows import committed, known_key
from .table_plan import TablePlan


def delete_rows(uow: Any, connection: Any, runs: list[Run]) -> None:
    """Send the DELETEs of objects with rows in one table, in one batch.

    Args:
        runs: the objects, with plans that identify their rows by the same columns.
    """
    plan = runs[0][0]
    rows = [_row_of(own, obj) for own, objects in runs for obj in objects]
    matched, verified = _send(connection, plan, rows)
    if plan.mapper.confirm_deleted_rows and verified:
        _check_deleted(plan, matched, len(rows))


def _row_of(plan: TablePlan, obj: Any) -> tuple[Any, ...]:
    """The key of an object's row, and its version.

    Raises:
        FlushError: when a part of the key is NULL.
        ObjectDeletedError: when the object is expired, and its row is gone.
    """
    key: tuple[Any, ...]
    struct = kernel.state_of(obj)
    if plan.sole and struct._o_key is not None:
        key = known_key(plan, obj)
    elif struct._o_flags & kernel.FRESH:
        key = (None,)  # it never had a row
    else:  # an object that is pending again goes by the key that its row had
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


def _send(
    connection: Any, plan: TablePlan, rows: list[tuple[Any, ...]]
) -> tuple[int, bool]:
    """The count of rows, and whether it says anything."""
    if plan.version_slot is None and fast.is_free(connection):
        many = bool(connection.dialect.supports_sane_multi_rowcount)
        count = plan.run_fast_delete(connection, rows)
        if count is not None:
            return count, many or len(rows) == 1
    names = plan.delete_names
    return _execute(
        connection, plan, [dict(zip(names, row, strict=True)) for row in rows]
    )


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
        warn(
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
        warn(text)
    else:
        raise StaleDataError(text)
