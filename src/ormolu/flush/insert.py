"""INSERT of the objects of one hierarchy into one of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .._speedups import flushing, gather
from .._speedups import state as kernel
from ..exc import FlushError
from ..lanes import fast
from ..lanes.inserts import insert_fetching_key, insert_fetching_keys
from .expressions import EXPRESSION_KINDS, expression_of, is_expression
from .fetched import RowTaker, overwrite, take
from .hierarchy import Run, copy_keys
from .own_defaults import fill
from .pause import Pause
from .table_plan import TablePlan

UNLOADED = kernel.UNLOADED

Shaped = tuple[int, tuple[Any, ...]]


class Batch:
    """Rows of one table that have the same columns, and go in one statement.

    Attributes:
        parts: in the order of the rows, the plan of a class, which columns the rows of
            its objects have as it counts them, and the objects.
        rows: values by column.
    """

    __slots__ = ("parts", "rows")

    def __init__(
        self, plan: TablePlan, shape: int, objects: list[Any], rows: list[Any]
    ) -> None:
        self.parts = [(plan, shape, objects)]
        self.rows = rows

    @property
    def plan(self) -> TablePlan:
        """The one that the statement is made by."""
        return self.parts[0][0]

    @property
    def shape(self) -> int:
        """The columns as that plan counts them; negative with SQL among the values."""
        return self.parts[0][1]

    def continues(self, other: Batch, dialect: Any) -> bool:
        """Whether the rows of another class may follow in the same statement."""
        shape, plan, more = other.shape, self.plan, other.plan
        return (
            self.shape >= 0
            and shape >= 0
            and plan.version_slot is None
            and more.version_slot is None
            and plan.columns_of_shape(self.shape) == more.columns_of_shape(shape)
            and plan.pk_columns == more.pk_columns
            and plan.eager_columns(self.shape, dialect)
            == more.eager_columns(shape, dialect)
        )

    def has_generated(self) -> bool:
        """Whether defaults supply a value."""
        return self.plan.has_generated(self.shape)

    def named_rows(self) -> list[dict[str, Any]]:
        """The rows, by the columns' keys."""
        names = [c.key for c in self.plan.columns_of_shape(self.shape)]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def insert_runs(uow: Any, connection: Any, runs: Iterable[Run]) -> None:
    """Send the INSERTs of one table, whose rows may be those of several classes."""
    waiting: Batch | None = None
    for plan, objects in runs:
        for batch in _batches(uow, plan, objects):
            if waiting is not None:
                if waiting.continues(batch, connection.dialect):
                    waiting.parts += batch.parts
                    waiting.rows = [*waiting.rows, *batch.rows]
                    continue
                _insert(uow, connection, waiting)
            waiting = batch
    if waiting is not None:
        _insert(uow, connection, waiting)


def _batches(uow: Any, plan: TablePlan, objects: list[Any]) -> Iterator[Batch]:
    """Successive objects whose rows have the same columns, together."""
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
        rows = [row for _, row in shapes[start:end]]
        yield Batch(plan, shape, objects[start:end], rows)
        start = end


def _insert(uow: Any, connection: Any, batch: Batch) -> None:
    """Send one batch: keys are brought back where needed."""
    if batch.shape < 0:
        ((plan, _, (obj,)),) = batch.parts
        _insert_with_expressions(uow, connection, plan, obj, batch.rows[0])
    else:
        uow.inserted += batch.parts
        _insert_batch(uow, connection, batch)
        if batch.plan.version_slot is not None:
            _take_versions(batch.plan, batch.shape, batch.parts[0][2], batch.rows)
    if batch.plan.mapper.base_mapper._inheriting_mappers:
        for _, _, objects in batch.parts:
            copy_keys(uow, batch.plan.table, objects)


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


def _insert_batch(uow: Any, connection: Any, batch: Batch) -> None:
    plan, shape, rows = batch.plan, batch.shape, batch.rows
    dialect = connection.dialect
    has_keys = plan.has_all_keys(shape)
    wanted = plan.eager_columns(shape, dialect)
    if has_keys and not wanted:
        _insert_with_keys(uow, connection, batch)
        return
    columns = plan.columns_of_shape(shape)
    if len(rows) > 1 and not has_keys and not batch.has_generated():
        values = insert_fetching_keys(connection, plan, shape, columns, rows)
        if values is not None:
            if len(values) != len(rows):
                raise _wrong_number(plan)
            _put_keys(uow, batch, values)
            return
    if len(rows) == 1 and not (has_keys or wanted or batch.has_generated()):
        value = insert_fetching_key(connection, plan, shape, columns, rows[0])
        if value is not None:
            _take_key(uow, plan, batch.parts[0][2][0], (value,))
            return
    if (
        len(rows) > 1
        and dialect.insert_executemany_returning_sort_by_parameter_order
        and plan.table.implicit_returning
    ):
        _insert_together(uow, connection, batch)
        return
    parameters = iter(batch.named_rows())
    for own, _, objects in batch.parts:
        for obj in objects:
            _insert_one(uow, connection, own, wanted, obj, next(parameters))


def _put_keys(uow: Any, batch: Batch, values: list[Any]) -> None:
    """Give objects the keys that the database has made for them."""
    start = 0
    for plan, _, objects in batch.parts:
        slot = plan.pk_slots[0]
        end = start + len(objects)
        for obj in flushing.put_generated(objects, slot, values[start:end]):
            uow.overwritten.add((id(obj), plan.keys[slot]))
        start = end


def _insert_with_keys(uow: Any, connection: Any, batch: Batch) -> None:
    plan, shape = batch.plan, batch.shape
    if (
        fast.is_free(connection)
        and not batch.has_generated()
        and plan.run_fast_insert(connection, shape, batch.rows)
    ):
        return
    result = connection.execute(plan.insert(shape), batch.named_rows())
    context = result.context
    compiled = iter(context.compiled_parameters)
    for own, _, objects in batch.parts:
        taker = _taker(uow, own, context)
        for obj, values in zip(objects, compiled, strict=False):
            if not taker.idle:
                taker.row(obj, values)


def _taker(uow: Any, plan: TablePlan, context: Any) -> RowTaker:
    return RowTaker(uow, plan, context, context.compiled.insert_prefetch or ())


def _insert_together(uow: Any, connection: Any, batch: Batch) -> None:
    """One "insertmanyvalues" execution for all rows."""
    statement = batch.plan.insert_returning(batch.shape, connection.dialect)
    result = connection.execute(statement, batch.named_rows())
    keys = result.inserted_primary_key_rows
    defaults = result.returned_defaults_rows
    count = len(batch.rows)
    if len(keys) != count or (defaults and len(defaults) != count):
        raise _wrong_number(batch.plan)
    compiled = result.context.compiled_parameters
    index = 0
    for plan, _, objects in batch.parts:
        taker = _taker(uow, plan, result.context)
        for obj in objects:
            _take_key(uow, plan, obj, keys[index])
            taker.row(obj, compiled[index], defaults[index] if defaults else None)
            index += 1


def _wrong_number(plan: TablePlan) -> FlushError:
    return FlushError(
        f"Multi-row INSERT statement for {plan.mapper} did not produce the "
        "correct number of INSERTed rows for RETURNING.  Ensure there are no "
        "triggers or special driver issues preventing INSERT from functioning "
        "properly."
    )


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
