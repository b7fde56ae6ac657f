"""INSERT of the objects of one mapper into one of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._speedups import flushing, gather
from .._speedups import state as kernel
from ..exc import FlushError
from ..lanes import fast
from ..lanes.inserts import insert_fetching_key, insert_fetching_keys
from .expressions import EXPRESSION_KINDS, expression_of, is_expression
from .fetched import RowTaker, overwrite, take
from .own_defaults import fill
from .pause import Pause
from .table_plan import TablePlan

UNLOADED = kernel.UNLOADED

Shaped = tuple[int, tuple[Any, ...]]


def insert_objects(
    uow: Any, connection: Any, plan: TablePlan, objects: list[Any]
) -> None:
    """Send INSERTs: equal shapes in one batch, keys brought back where needed."""
    with Pause(len(objects)):
        shapes = gather.shape_rows(
            objects, plan.insert_slots, plan.omit_none, EXPRESSION_KINDS
        )
    if plan.version_slot is not None and plan.next_version is not False:
        shapes = _with_versions(plan, objects, shapes)
    if plan.own_defaults:
        shapes = fill(uow, plan, objects, shapes)
    start = 0
    while start < len(objects):
        shape = shapes[start][0]
        end = start + 1
        if shape >= 0:
            while end < len(objects) and shapes[end][0] == shape:
                end += 1
        batch = objects[start:end]
        if shape >= 0:
            uow.inserted.append((plan, shape, batch))
        if shape < 0:
            _insert_with_expressions(uow, connection, plan, batch[0], shapes[start][1])
        else:
            rows = [row for _, row in shapes[start:end]]
            _insert_batch(uow, connection, plan, shape, batch, rows)
            if plan.version_slot is not None:
                _take_versions(plan, shape, batch, rows)
        start = end


# -- versions ----------------------------------------------------------------------


def _with_versions(
    plan: TablePlan, objects: list[Any], shapes: list[Shaped]
) -> list[Shaped]:
    """The rows with first versions in place of what the objects have."""
    position = plan.position(plan.version_column)
    changed = []
    for shape, row in shapes:
        version = plan.next_version(None)
        if shape < 0:
            index, bits = position, shape
        else:
            index = (shape & ((1 << position) - 1)).bit_count()
            bits = shape | 1 << position
        rest = index + (1 if shape < 0 or shape >> position & 1 else 0)
        changed.append((bits, (*row[:index], version, *row[rest:])))
    return changed


def _take_versions(
    plan: TablePlan, shape: int, objects: list[Any], rows: list[Any]
) -> None:
    position = plan.position(plan.version_column)
    if plan.next_version is False or not shape >> position & 1:
        return
    index = (shape & ((1 << position) - 1)).bit_count()
    key = plan.key_of[plan.version_column]
    for obj, row in zip(objects, rows, strict=True):
        take(obj, plan.version_slot, key, row[index])  # type: ignore[arg-type]


# -- batches -----------------------------------------------------------------------


def _insert_batch(
    uow: Any,
    connection: Any,
    plan: TablePlan,
    shape: int,
    objects: list[Any],
    rows: list[Any],
) -> None:
    columns = plan.columns_of_shape(shape)
    names = [c.key for c in columns]
    dialect = connection.dialect
    has_keys = plan.has_all_keys(shape)
    wanted = plan.eager_columns(shape, dialect)
    if has_keys and not wanted:
        _insert_with_keys(uow, connection, plan, shape, names, objects, rows)
        return
    if len(objects) > 1 and not has_keys and not plan.has_generated(shape):
        values = insert_fetching_keys(connection, plan, shape, columns, rows)
        if values is not None:
            slot = plan.pk_slots[0]
            for obj in flushing.put_generated(objects, slot, values):
                uow.overwritten.add((id(obj), plan.keys[slot]))
            return
    if len(objects) == 1 and not (has_keys or wanted or plan.has_generated(shape)):
        value = insert_fetching_key(connection, plan, shape, columns, rows[0])
        if value is not None:
            _take_key(uow, plan, objects[0], (value,))
            return
    parameters = [dict(zip(names, row, strict=True)) for row in rows]
    if (
        len(objects) > 1
        and dialect.insert_executemany_returning_sort_by_parameter_order
        and plan.table.implicit_returning
    ):
        _insert_together(uow, connection, plan, shape, objects, parameters)
        return
    for obj, params in zip(objects, parameters, strict=True):
        _insert_one(uow, connection, plan, wanted, obj, params)


def _insert_with_keys(
    uow: Any,
    connection: Any,
    plan: TablePlan,
    shape: int,
    names: list[str],
    objects: list[Any],
    rows: list[Any],
) -> None:
    if (
        fast.is_free(connection)
        and not plan.has_generated(shape)
        and plan.run_fast_insert(connection, shape, rows)
    ):
        return
    parameters = [dict(zip(names, row, strict=True)) for row in rows]
    result = connection.execute(plan.insert(shape), parameters)
    context = result.context
    taker = _taker(uow, plan, context)
    if not taker.idle:
        for obj, values in zip(objects, context.compiled_parameters, strict=False):
            taker.row(obj, values)


def _taker(uow: Any, plan: TablePlan, context: Any) -> RowTaker:
    return RowTaker(uow, plan, context, context.compiled.insert_prefetch or ())


def _insert_together(
    uow: Any,
    connection: Any,
    plan: TablePlan,
    shape: int,
    objects: list[Any],
    parameters: list[dict[str, Any]],
) -> None:
    """One "insertmanyvalues" execution for all rows."""
    statement = plan.insert_returning(shape, connection.dialect)
    result = connection.execute(statement, parameters)
    keys = result.inserted_primary_key_rows
    defaults = result.returned_defaults_rows
    if len(keys) != len(objects) or (defaults and len(defaults) != len(objects)):
        raise FlushError(
            f"Multi-row INSERT statement for {plan.mapper} did not produce the "
            "correct number of INSERTed rows for RETURNING.  Ensure there are no "
            "triggers or special driver issues preventing INSERT from functioning "
            "properly."
        )
    taker = _taker(uow, plan, result.context)
    compiled = result.context.compiled_parameters
    for index, obj in enumerate(objects):
        _take_key(uow, plan, obj, keys[index])
        taker.row(obj, compiled[index], defaults[index] if defaults else None)


def _insert_one(
    uow: Any,
    connection: Any,
    plan: TablePlan,
    wanted: Sequence[Any],
    obj: Any,
    parameters: dict[str, Any],
    expressions: dict[Any, Any] | None = None,
) -> None:
    statement = plan.insert(0)
    if wanted:
        statement = statement.return_defaults(*wanted)
    elif plan.version_column is not None:
        statement = statement.return_defaults(plan.version_column)
    if expressions:
        statement = statement.values(expressions)
    result = connection.execute(statement, parameters)
    key = result.inserted_primary_key
    if key is None:
        raise FlushError(
            f"Single-row INSERT statement for {plan.mapper} did not produce a new "
            "primary key result being invoked.  Ensure there are no triggers or "
            "special driver issues preventing INSERT from functioning properly."
        )
    _take_key(uow, plan, obj, key)
    context = result.context
    returned = result.returned_defaults if wanted else None
    _taker(uow, plan, context).row(obj, context.compiled_parameters[0], returned)


def _insert_with_expressions(
    uow: Any, connection: Any, plan: TablePlan, obj: Any, row: tuple[Any, ...]
) -> None:
    """INSERT of an object with SQL expressions among its values."""
    parameters: dict[str, Any] = {}
    expressions: dict[Any, Any] = {}
    for value, column, omits in zip(
        row, plan.insert_columns, plan.omit_none, strict=True
    ):
        if value is None and omits:
            continue
        if is_expression(value):
            expressions[column] = expression_of(value)
        else:
            parameters[column.key] = value
    dialect = connection.dialect
    wanted: list[Any] = []
    if plan.returns(dialect) and plan.prefers_eager(dialect):
        wanted = [c for c in plan.server_defaults if c.key not in parameters]
    _insert_one(uow, connection, plan, wanted, obj, parameters, expressions)
    _take_expression_version(plan, obj, parameters)


def _take_expression_version(
    plan: TablePlan, obj: Any, parameters: dict[str, Any]
) -> None:
    column = plan.version_column
    if column is not None and column.key in parameters:
        slot, key = plan.slot_of[column], plan.key_of[column]
        take(obj, slot, key, parameters[column.key])


def _take_key(uow: Any, plan: TablePlan, obj: Any, key: Iterable[Any]) -> None:
    for slot, value in zip(plan.inserted_slots, key, strict=False):
        if slot is None or value is None:
            continue
        held = kernel.peek(obj, slot)
        if held is UNLOADED or held is None or is_expression(held):
            overwrite(uow, obj, slot, plan.keys[slot], value)
