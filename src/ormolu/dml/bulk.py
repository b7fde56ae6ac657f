"""The Session's legacy bulk methods: rows of dicts or of objects, without events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from .._speedups import gather
from .._speedups import state as kernel
from ..flush.table_plan import plan_of
from ..instrument.state import instance_state
from .inserting import insert_groups, insert_with_keys
from .many_tables import insert_into_tables
from .parameters import InsertRows, without_composites
from .tables import WrittenTable, attribute_names, sole_table, written_tables
from .update_by_key import update_rows

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
            else without_composites(mapper, given)
        )
        update_rows(connection, mapper, rows)
        return
    if isstates:
        rows = [_row_of(mapper, s.obj()) for s in given]
    else:
        rows = without_composites(mapper, given)
    if len(written_tables(mapper)) > 1:
        filled = insert_into_tables(connection, mapper, rows, render_nulls)
        _give_handed_on(mapper, given, filled, isstates, return_defaults)
        keys = [[row.get(k) for k in mapper._pk_keys] for row in filled]
    else:
        converter = InsertRows(sole_table(mapper), render_nulls)
        if not return_defaults:
            insert_groups(connection, plan_of(mapper), converter.groups(rows))
            return
        keys = insert_with_keys(connection, plan_of(mapper), converter, rows)
    if return_defaults:
        _give_keys(mapper, given, keys, isstates)


def _give_handed_on(
    mapper: Any,
    given: list[Any],
    filled: list[dict[str, Any]],
    isstates: bool,
    return_defaults: bool,
) -> None:
    """Put the keys of all tables into the objects, into dicts where asked for."""
    tables = written_tables(mapper)
    keys = dict.fromkeys(key for written in tables for key in written.pk_keys)
    for target, row in zip(given, filled, strict=True):
        values = {key: row[key] for key in keys if key in row}
        if isstates:
            _put_values(target.obj(), values)
        elif return_defaults:
            target.update(values)


def _put_values(obj: Any, values: dict[str, Any]) -> None:
    index = kernel.layout_of(obj).index
    for key, value in values.items():
        kernel.put(obj, index[key], value)


def _give_keys(mapper: Any, given: list[Any], keys: list[Any], isstates: bool) -> None:
    """Put primary keys into the objects or dicts that they were made for."""
    for target, key in zip(given, keys, strict=True):
        if isstates:
            _take_identity(mapper, target.obj(), key)
        else:
            target.update(zip(mapper._pk_keys, key, strict=True))


def _row_of(mapper: Any, obj: Any) -> dict[str, Any]:
    """The loaded column attributes of an object."""
    row: dict[str, Any] = {}
    for key in attribute_names(mapper):
        value = kernel.peek_key(obj, key)
        if value is not UNLOADED:
            row[key] = value
    return row


def _row_to_update(mapper: Any, state: Any, changed_only: bool) -> dict[str, Any]:
    """What an UPDATE of an object sets, and its primary key."""
    obj = state.obj()
    if changed_only:
        layout = kernel.layout_of(obj)
        names = attribute_names(mapper)
        changed = [layout.keys[slot] for slot in gather.changed(obj)]
        row = {k: kernel.peek_key(obj, k) for k in changed if k in names}
    else:
        row = _row_of(mapper, obj)
    version = mapper.version_id_prop
    if version is not None:
        value = kernel.peek_key(obj, version.key)
        if value is not UNLOADED:
            row[version.key] = value
    for key, value in zip(mapper._pk_keys, state.identity, strict=True):
        if changed_only or key not in row:
            row[key] = value
    for written in written_tables(mapper):
        _add_key(written, obj, row)
    return row


def _add_key(written: WrittenTable, obj: Any, row: dict[str, Any]) -> None:
    """Add the key of a table to what is updated, under its own attributes."""
    for key in written.pk_keys:
        if key not in row:
            value = kernel.peek_key(obj, key)
            if value is not UNLOADED:
                row[key] = value
    for source, target in written.carried:
        if source in row:
            row.setdefault(target, row[source])


def _take_identity(mapper: Any, obj: Any, key: Any) -> None:
    struct = kernel.state_of(obj)
    layout = struct._o_layout
    for slot, value in zip(layout.pk_slots, key, strict=True):
        kernel.put(obj, slot, value)
    struct._o_key = mapper.key_of_values(list(key))
