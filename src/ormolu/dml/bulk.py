"""The Session's legacy bulk methods: rows of dicts or of objects, without events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from sqlalchemy.engine import Connection

from .._speedups import gather
from .._speedups import state as kernel
from ..flush.table_plan import TablePlan, plan_of
from ..instrument.state import instance_state
from .insert import insert_groups
from .parameters import Group, InsertRows, names_of, version_attribute
from .update_by_key import KeyedRows, update_groups

UNLOADED = kernel.UNLOADED


def object_batches(
    objects: Iterable[Any], preserve_order: bool
) -> Iterator[tuple[Any, bool, list[Any]]]:
    """Objects as (mapper, whether they have a row, states).

    Args:
        preserve_order: keep the order; else all objects of a kind go together, those
            without a row first.
    """
    states = [instance_state(obj) for obj in objects]

    def kind(state: Any) -> tuple[Any, bool]:
        return state.mapper, state.has_identity

    if not preserve_order:
        order: dict[Any, int] = {}
        for state in states:
            order.setdefault(state.mapper, len(order))
        states.sort(key=lambda s: (order[s.mapper], s.has_identity))
    for (mapper, has_row), group in groupby(states, kind):
        yield mapper, has_row, list(group)


def save_mappings(
    session: Any,
    mapper: Any,
    mappings: Iterable[Any],
    *,
    isupdate: bool,
    isstates: bool,
    return_defaults: bool,
    update_changed_only: bool,
    render_nulls: bool,
) -> None:
    """INSERT or UPDATE rows.

    Args:
        mappings: dicts by attribute name, or states of objects.
        isupdate: UPDATE by primary key; else INSERT.
        return_defaults: put generated primary keys into the dicts or objects.
        update_changed_only: of objects, update only what changed.
        render_nulls: INSERT None as NULL instead of leaving the column out.
    """
    connection = session._connection_for(mapper)
    given = list(mappings)
    if isupdate:
        rows = (
            [_row_to_update(mapper, s, update_changed_only) for s in given]
            if isstates
            else given
        )
        update_groups(connection, mapper, KeyedRows(mapper).groups(rows))
        return
    rows = [_row_of(mapper, s.obj()) for s in given] if isstates else given
    converter = InsertRows(mapper, render_nulls)
    if not return_defaults:
        insert_groups(connection, plan_of(mapper), converter.groups(rows))
        return
    keys = _insert_with_keys(connection, plan_of(mapper), converter, rows)
    for target, key in zip(given, keys, strict=True):
        if isstates:
            _take_identity(mapper, target.obj(), key)
        else:
            target.update(zip(mapper._pk_keys, key, strict=True))


def _row_of(mapper: Any, obj: Any) -> dict[str, Any]:
    """The loaded column attributes of an object."""
    row: dict[str, Any] = {}
    for key in names_of(mapper).keys:
        value = kernel.peek_key(obj, key)
        if value is not UNLOADED:
            row[key] = value
    return row


def _row_to_update(mapper: Any, state: Any, changed_only: bool) -> dict[str, Any]:
    """What an UPDATE of an object sets, and its primary key."""
    obj = state.obj()
    if changed_only:
        layout = kernel.layout_of(obj)
        names = names_of(mapper).keys
        changed = [layout.keys[slot] for slot in gather.changed(obj)]
        row = {k: kernel.peek_key(obj, k) for k in changed if k in names}
    else:
        row = _row_of(mapper, obj)
    version = version_attribute(mapper)
    if version is not None:
        row[version] = kernel.peek_key(obj, version)
    for key, value in zip(mapper._pk_keys, state.identity, strict=True):
        if changed_only or key not in row:
            row[key] = value
    return row


def _take_identity(mapper: Any, obj: Any, key: Any) -> None:
    struct = kernel.state_of(obj)
    layout = struct._o_layout
    for slot, value in zip(layout.pk_slots, key, strict=True):
        kernel.put(obj, slot, value)
    struct._o_key = mapper.key_of_values(list(key))


# -- generated keys ----------------------------------------------------------------


def _insert_with_keys(
    connection: Connection, plan: TablePlan, converter: InsertRows, rows: list[Any]
) -> list[Any]:
    """Insert rows; the primary key of each."""
    keys: list[Any] = []
    for group in converter.groups(rows):
        generated = _generated_columns(connection, plan, group[0])
        if not generated and _has_keys(plan, group):
            insert_groups(connection, plan, [group])
            keys.extend([row[c.key] for c in plan.pk_columns] for row in group)
        else:
            keys.extend(_insert_returning(connection, plan, group, generated))
    return keys


def _insert_returning(
    connection: Connection, plan: TablePlan, group: Group, generated: tuple[Any, ...]
) -> list[Any]:
    """Insert rows of equal columns as a flush does for objects; their keys."""
    able = connection.dialect.insert_executemany_returning_sort_by_parameter_order
    if len(group) > 1 and able and plan.table.implicit_returning:
        statement = _returning_statement(plan, generated)
        result = connection.execute(statement, group)
        return list(result.inserted_primary_key_rows)
    statement = plan.table.insert()
    if generated or plan.mapper.version_id_col is not None:
        statement = statement.return_defaults(*plan.pk_columns, *generated)
    return [connection.execute(statement, row).inserted_primary_key for row in group]


def _returning_statement(plan: TablePlan, generated: tuple[Any, ...]) -> Any:
    """``INSERT`` that brings the keys back in the order of its rows; made once."""
    memo = ("bulk insert returning", generated)
    plans = plan.mapper._plans
    if memo not in plans:
        plans[memo] = plan.table.insert().return_defaults(
            *plan.pk_columns, *generated, sort_by_parameter_order=True
        )
    return plans[memo]


def _has_keys(plan: TablePlan, group: Group) -> bool:
    """Whether rows bring the whole of their primary keys."""
    names = [c.key for c in plan.pk_columns]
    if any(name not in group[0] for name in names):
        return False
    return not any(row[name] is None for row in group for name in names)


def _generated_columns(
    connection: Connection, plan: TablePlan, row: Any
) -> tuple[Any, ...]:
    """The columns whose values the database makes, and which come back."""
    if plan.mapper.eager_defaults is False or not connection.dialect.insert_returning:
        return ()
    return tuple(
        c for c in plan.insert_columns if c.key not in row and _is_generated(c)
    )


def _is_generated(column: Any) -> bool:
    """Whether the database makes the value of a column that is not given."""
    if column.primary_key:
        return False
    default = column.default
    return column.server_default is not None or bool(
        default is not None and default.is_clause_element
    )
