"""INSERT, UPDATE and DELETE of the objects of one mapper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, bindparam
from sqlalchemy import util as sa_util
from sqlalchemy.sql.elements import ClauseElement

from .._speedups import gather
from .._speedups import state as kernel
from ..exc import StaleDataError, instance_text
from ..lanes import fast
from ..lanes.inserts import insert_fetching_keys
from . import table_plan
from .events import (
    after_delete,
    after_save,
    after_supplied,
    before_delete,
    before_save,
    values_before,
)
from .table_plan import TablePlan, plan_of

UNLOADED = kernel.UNLOADED


def save_objects(uow: Any, mapper: Any, objects: list[Any]) -> None:
    """Send the INSERTs and UPDATEs of some objects, updates first."""
    if not objects:
        return
    if mapper._hears_flush:
        before_save(mapper, uow, objects)
    hears_supplied = mapper.class_manager.hears_refresh_flush
    before = values_before(mapper, objects) if hears_supplied else []
    new, old = [], []
    for obj in objects:
        struct = kernel.state_of(obj)
        if struct._o_key is None and not _takes_over(uow, mapper, obj):
            new.append(obj)
        else:
            old.append(obj)
    if len(old) > 1:
        old = _by_key(old)
    connection = uow.session._connection_for(mapper)
    plan = plan_of(mapper)
    if old:
        update_objects(uow, connection, plan, old)
    if new:
        insert_objects(uow, connection, plan, new)
    if hears_supplied:
        after_supplied(mapper, uow, objects, before)
    if mapper._hears_flush:
        after_save(mapper, connection, objects)


def _by_key(objects: list[Any]) -> list[Any]:
    """Persistent objects in the order of their primary keys."""
    persistent = [o for o in objects if kernel.state_of(o)._o_key is not None]
    rest = [o for o in objects if kernel.state_of(o)._o_key is None]
    try:
        return sorted(persistent, key=lambda o: kernel.state_of(o)._o_key) + rest
    except TypeError:
        return objects


def _takes_over(uow: Any, mapper: Any, obj: Any) -> bool:
    """Whether a new object replaces the row of one that this flush deletes."""
    values = []
    for slot in mapper.layout.pk_slots:
        value = kernel.peek(obj, slot)
        if value is UNLOADED or value is None:
            return False
        values.append(value)
    key = mapper.key_of_values(values)
    try:
        existing = uow.session._tracker.home(mapper.layout).get(key)
    except TypeError:
        return False
    if existing is None or existing is obj:
        return False
    if not uow.is_deleted(existing):
        if kernel.state_of(existing)._o_flags & kernel.DELETED:
            return False
        sa_util.warn(
            f"New instance {instance_text(obj)} with identity key "
            f"{(mapper._identity_class, tuple(values), None)} conflicts with "
            f"persistent instance {instance_text(existing)}"
        )
        return False
    uow.remove_actions(existing)
    uow.row_switches[id(obj)] = existing
    return True


# -- INSERT -----------------------------------------------------------------------


def insert_objects(
    uow: Any, connection: Any, plan: TablePlan, objects: list[Any]
) -> None:
    """Send INSERTs: equal shapes in one batch, keys brought back where needed."""
    shapes = gather.shape_rows(
        objects, plan.insert_slots, plan.omit_none, special=(ClauseElement,)
    )
    start = 0
    while start < len(objects):
        shape = shapes[start][0]
        end = start + 1
        if shape >= 0:
            while end < len(objects) and shapes[end][0] == shape:
                end += 1
        batch = objects[start:end]
        if shape < 0:
            _insert_with_expressions(connection, plan, batch[0])
        else:
            rows = [row for _, row in shapes[start:end]]
            _insert_batch(connection, plan, shape, batch, rows)
        start = end


def _insert_batch(
    connection: Any, plan: TablePlan, shape: int, objects: list[Any], rows: list[Any]
) -> None:
    columns = plan.columns_of_shape(shape)
    names = [c.key for c in columns]
    has_keys = plan.has_all_keys(shape)
    if has_keys and not plan.eager_columns(shape, connection.dialect):
        _insert_with_keys(connection, plan, shape, names, objects, rows)
        return
    if len(objects) > 1 and not has_keys and not plan.has_generated(shape):
        values = insert_fetching_keys(connection, plan, shape, columns, rows)
        if values is not None:
            for obj, value in zip(objects, values, strict=True):
                kernel.put(obj, plan.pk_slots[0], value)
            return
    parameters = [dict(zip(names, row, strict=True)) for row in rows]
    if len(objects) == 1:
        _insert_one(connection, plan, shape, objects[0], parameters[0])
        return
    if not connection.dialect.insert_executemany_returning or (
        connection.dialect.use_insertmanyvalues is False
    ):
        for obj, params in zip(objects, parameters, strict=True):
            _insert_one(connection, plan, shape, obj, params)
        return
    statement = plan.insert_returning(shape, connection.dialect)
    result = connection.execute(statement, parameters)
    _after_many(plan, shape, objects, result)


def _insert_with_keys(
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
    compiled_parameters = result.context.compiled_parameters
    for obj, values in zip(objects, compiled_parameters, strict=False):
        _after_insert(plan, shape, obj, result.context, values)


def _insert_one(
    connection: Any, plan: TablePlan, shape: int, obj: Any, parameters: dict[str, Any]
) -> None:
    statement = plan.insert(shape)
    wanted = plan.eager_columns(shape, connection.dialect)
    if wanted:
        statement = statement.return_defaults(*wanted)
    result = connection.execute(statement, parameters)
    _take_key(plan, obj, result.inserted_primary_key)
    if wanted and result.returned_defaults is not None:
        _take_defaults(plan, obj, result.returned_defaults, wanted)
    _after_insert(
        plan, shape, obj, result.context, result.context.compiled_parameters[0]
    )


def _insert_with_expressions(connection: Any, plan: TablePlan, obj: Any) -> None:
    """INSERT of an object with SQL expressions among its values."""
    parameters: dict[str, Any] = {}
    expressions: dict[Any, Any] = {}
    shape = 0
    for position, (slot, column) in enumerate(
        zip(plan.insert_slots, plan.insert_columns, strict=True)
    ):
        value = kernel.peek(obj, slot)
        if value is UNLOADED:
            value = None
        if value is None and plan.omit_none[position]:
            continue
        shape |= 1 << position
        if isinstance(value, ClauseElement):
            expressions[column] = value
        else:
            parameters[column.key] = value
    statement = plan.insert(shape).values(expressions)
    result = connection.execute(statement, parameters)
    _take_key(plan, obj, result.inserted_primary_key)
    for column in expressions:
        slot = plan.slot_of[column]
        if slot not in plan.pk_slots:
            kernel.drop(obj, slot)
            _expire(obj, column, plan)
    _after_insert(
        plan, shape, obj, result.context, result.context.compiled_parameters[0]
    )


def _after_many(plan: TablePlan, shape: int, objects: list[Any], result: Any) -> None:
    keys = result.inserted_primary_key_rows
    defaults = result.returned_defaults_rows
    wanted = plan.eager_columns(shape, result.context.dialect)
    parameters = result.context.compiled_parameters
    for index, obj in enumerate(objects):
        _take_key(plan, obj, keys[index])
        if wanted and defaults is not None:
            _take_defaults(plan, obj, defaults[index], wanted)
        _after_insert(plan, shape, obj, result.context, parameters[index])


def _take_key(plan: TablePlan, obj: Any, key: Sequence[Any] | None) -> None:
    if key is None:
        return
    for slot, value in zip(plan.pk_slots, key, strict=False):
        if value is not None and kernel.peek(obj, slot) in (UNLOADED, None):
            kernel.put(obj, slot, value)
        elif isinstance(kernel.peek(obj, slot), ClauseElement):
            kernel.put(obj, slot, value)


def _take_defaults(plan: TablePlan, obj: Any, row: Any, wanted: Iterable[Any]) -> None:
    mapping = row._mapping
    for column in wanted:
        if column in mapping:
            kernel.put(obj, plan.slot_of[column], mapping[column])


def _after_insert(
    plan: TablePlan, shape: int, obj: Any, context: Any, parameters: Any
) -> None:
    """Values that Core's defaults supplied; what the server supplied expires."""
    if not plan.has_generated(shape):
        return
    compiled = context.compiled
    for column in compiled.insert_prefetch or ():
        slot = plan.slot_of.get(column)
        if slot is not None and column.key in parameters:
            kernel.put(obj, slot, parameters[column.key])
    for column in plan.server_columns(shape):
        slot = plan.slot_of[column]
        if kernel.peek(obj, slot) is UNLOADED or kernel.peek(obj, slot) is None:
            kernel.drop(obj, slot)
            _expire(obj, column, plan)


def _expire(obj: Any, column: Any, plan: TablePlan) -> None:
    table_plan.expire_column(obj, plan.key_of[column])


# -- UPDATE ----------------------------------------------------------------------


def update_objects(
    uow: Any, connection: Any, plan: TablePlan, objects: list[Any]
) -> None:
    """Send UPDATEs of what really changed; equal sets of columns in one batch."""
    batch: list[tuple[Any, tuple[Any, ...]]] = []
    current: tuple[int, ...] | None = None
    for obj in objects:
        existing = uow.row_switches.get(id(obj))
        if existing is not None:
            slots = _switched_slots(plan, obj)
        else:
            slots = tuple(s for s in gather.changed(obj) if s in plan.updatable)
        if not slots and plan.version_slot is None:
            continue
        if not slots:
            continue
        if any(isinstance(kernel.peek(obj, s), ClauseElement) for s in slots):
            _flush_updates(connection, plan, current, batch)
            batch, current = [], None
            _update_with_expressions(connection, plan, obj, slots, existing)
            continue
        if slots != current:
            _flush_updates(connection, plan, current, batch)
            batch, current = [], slots
        batch.append((obj, _key_before(obj, existing)))
    _flush_updates(connection, plan, current, batch)


def _switched_slots(plan: TablePlan, obj: Any) -> tuple[int, ...]:
    """A new object on an old row sets every column that it knows or must clear."""
    return tuple(
        slot
        for slot in sorted(plan.updatable)
        if slot not in plan.pk_slots and kernel.peek(obj, slot) is not UNLOADED
    )


def _key_before(obj: Any, existing: Any) -> tuple[Any, ...]:
    struct = kernel.state_of(obj if existing is None else existing)
    key = struct._o_key
    return key if len(struct._o_layout.pk_slots) > 1 else (key,)


def _flush_updates(
    connection: Any,
    plan: TablePlan,
    slots: tuple[int, ...] | None,
    batch: list[tuple[Any, tuple[Any, ...]]],
) -> None:
    if not batch or slots is None:
        return
    rows = gather.gather([obj for obj, _ in batch], slots)
    statement = plan.update(slots)
    expected = len(batch)
    if fast.is_free(connection) and not plan.updates_generate:
        count = plan.run_fast_update(
            connection, slots, [(*r, *k) for r, (_, k) in zip(rows, batch, strict=True)]
        )
        if count is not None:
            _check_updated(plan, count, expected)
            return
    names = [plan.columns[s].key for s in slots]
    parameters = []
    for row, (_, key) in zip(rows, batch, strict=True):
        values = dict(zip(names, row, strict=True))
        values.update(plan.key_parameters(key))
        parameters.append(values)
    dialect = connection.dialect
    if len(parameters) > 1 and not dialect.supports_sane_multi_rowcount:
        total = 0
        for values in parameters:
            total += connection.execute(statement, values).rowcount
        result = None
    else:
        result = connection.execute(
            statement, parameters if expected > 1 else parameters[0]
        )
        total = result.rowcount
    if dialect.supports_sane_rowcount:
        _check_updated(plan, total, expected)
    if plan.updates_generate and result is not None:
        _after_update(plan, slots, [o for o, _ in batch], result)


def _after_update(
    plan: TablePlan, slots: tuple[int, ...], objects: list[Any], result: Any
) -> None:
    parameters = result.context.compiled_parameters
    prefetch = result.context.compiled.update_prefetch or ()
    for obj, values in zip(objects, parameters, strict=False):
        for column in prefetch:
            slot = plan.slot_of.get(column)
            if slot is not None and column.key in values:
                kernel.put(obj, slot, values[column.key])
        for column in plan.server_onupdate:
            slot = plan.slot_of[column]
            if slot not in slots:
                kernel.drop(obj, slot)
                _expire(obj, column, plan)


def _check_updated(plan: TablePlan, count: int, expected: int) -> None:
    if count != expected and count >= 0:
        raise StaleDataError(
            f"UPDATE statement on table '{plan.table.description}' expected to update "
            f"{expected} row(s); {count} were matched."
        )


def _update_with_expressions(
    connection: Any, plan: TablePlan, obj: Any, slots: Sequence[int], existing: Any
) -> None:
    values = {plan.columns[s]: kernel.peek(obj, s) for s in slots}
    statement = plan.update_base().values(values)
    result = connection.execute(
        statement, plan.key_parameters(_key_before(obj, existing))
    )
    if connection.dialect.supports_sane_rowcount:
        _check_updated(plan, result.rowcount, 1)
    for slot in slots:
        if isinstance(kernel.peek(obj, slot), ClauseElement):
            kernel.drop(obj, slot)
            _expire(obj, plan.columns[slot], plan)


def post_update(uow: Any, mapper: Any, entries: list[tuple[Any, set[Any]]]) -> None:
    """UPDATEs of foreign keys that break a circle (``post_update=True``)."""
    connection = uow.session._connection_for(mapper)
    plan = plan_of(mapper)
    for obj, columns in entries:
        struct = kernel.state_of(obj)
        slots = tuple(sorted(plan.slot_of[c] for c in columns if c in plan.slot_of))
        if uow.is_deleted(obj) and struct._o_key is None:
            continue
        originals = struct._o_originals or {}
        slots = tuple(
            s
            for s in slots
            if plan.columns[s] is not None
            and (plan.keys[s] in originals or struct._o_key is None)
        )
        if not slots:
            continue
        values = {plan.columns[s].key: kernel.peek(obj, s) for s in slots}
        key = struct._o_key
        if key is None:
            key_values = [kernel.peek(obj, s) for s in plan.pk_slots]
        else:
            key_values = list(key if len(plan.pk_slots) > 1 else (key,))
        values.update(plan.key_parameters(tuple(key_values)))
        result = connection.execute(plan.update(slots), values)
        if connection.dialect.supports_sane_rowcount:
            _check_updated(plan, result.rowcount, 1)
        for slot in slots:
            originals.pop(plan.keys[slot], None)


# -- DELETE ------------------------------------------------------------------------


def delete_objects(uow: Any, mapper: Any, objects: list[Any]) -> None:
    """Send the DELETEs of some objects in one batch."""
    connection = uow.session._connection_for(mapper)
    plan = plan_of(mapper)
    keyed = [o for o in objects if kernel.state_of(o)._o_key is not None]
    if not keyed:
        return
    keyed = _by_key(keyed)
    if mapper._hears_flush:
        before_delete(mapper, connection, keyed)
    parameters = [plan.key_parameters(_key_before(o, None)) for o in keyed]
    statement = plan.delete()
    result = connection.execute(
        statement, parameters if len(parameters) > 1 else parameters[0]
    )
    if mapper._hears_flush:
        after_delete(mapper, connection, keyed)
    if not mapper.confirm_deleted_rows:
        return
    dialect = connection.dialect
    sane = (
        dialect.supports_sane_rowcount
        if len(keyed) == 1
        else dialect.supports_sane_multi_rowcount
    )
    if sane and result.rowcount >= 0 and result.rowcount != len(keyed):
        sa_util.warn(
            f"DELETE statement on table '{plan.table.description}' expected to delete "
            f"{len(keyed)} row(s); {result.rowcount} were matched.  Please set "
            "confirm_deleted_rows=False within the mapper configuration to prevent "
            "this warning."
        )


__all__ = ["and_", "bindparam", "delete_objects", "save_objects"]
