"""INSERT, UPDATE and DELETE of the objects of one mapper, in all of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.warnings import warn
from .._speedups import flushing
from .._speedups import state as kernel
from ..exc import ObjectDeletedError, instance_text
from ..instrument.expiry import is_expired
from ..instrument.flags import PASSIVE_OFF
from .delete import delete_rows
from .events import after_delete, after_save, before_delete, before_save
from .fetched import check_version, complete, needs_completion
from .hierarchy import (
    Run,
    copy_keys,
    hierarchy_tables,
    joined_for_delete,
    parts_of,
    runs,
)
from .identities import warn_of_identity
from .insert import insert_runs
from .post_update import post_update
from .table_plan import TablePlan, plans_of
from .update import update_runs

UNLOADED = kernel.UNLOADED


Part = tuple[Any, list[Any]]
"""A mapper, and objects of its class."""


def save_objects(uow: Any, parts: list[Part]) -> None:
    """Send the INSERTs and UPDATEs of some objects of a hierarchy, updates first."""
    if not parts:
        return
    mapper, objects = parts[0]
    if len(parts) > 1:
        mapper = mapper.base_mapper
        objects = sorted((o for _, part in parts for o in part), key=uow.position)
    if not mapper.batch and len(objects) > 1:
        for obj in _sorted(objects):
            _save(uow, [(kernel.layout_of(obj).mapper, [obj])], [obj])
        return
    _save(uow, parts, objects)


def _save(uow: Any, parts: list[Part], objects: list[Any]) -> None:
    mapper = parts[0][0]
    base = mapper.base_mapper
    connection = uow.session._connection_for(base)
    hears = any(m._hears_flush for m, _ in parts)
    if hears:
        objects = _sorted(objects)
        for own, part in parts_of(objects):
            before_save(own, uow, part)
    inherits = bool(base._inheriting_mappers)
    new, old = _sorted_out(uow, objects, inherits)
    if len(old) > 1:
        old = _by_key(old)
    for table, updated, inserted in _by_table(parts, old, new):
        update_runs(uow, connection, updated)
        for _, part in updated if inherits else ():
            copy_keys(uow, table, part)
        insert_runs(uow, connection, inserted)
    for own, part in parts:
        if needs_completion(own):
            for obj in part:
                complete(uow, own, obj)
    if hears:
        for own, part in parts_of(objects):
            after_save(own, uow, connection, part)
    for own, part in parts:
        if own.version_id_prop is not None and own.version_id_generator is False:
            for obj in part:
                check_version(own, obj)


def _sorted_out(
    uow: Any, objects: list[Any], inherits: bool
) -> tuple[list[Any], list[Any]]:
    """The objects to be inserted, and those that have a row to be updated."""
    new: list[Any] = []
    old: list[Any] = []
    tracker = uow.session._tracker
    done = 0
    while done < len(objects):
        if not inherits:
            done = flushing.sort_out(tracker, objects, done, new, old)
            if done == len(objects):
                break
        obj = objects[done]
        done += 1
        if inherits:  # it warns of an object before the next is looked at
            warn_of_identity(kernel.layout_of(obj).mapper, obj)
        has_row = kernel.state_of(obj)._o_key is not None or _takes_over(uow, obj)
        (old if has_row else new).append(obj)
    return new, old


def _by_table(
    parts: list[Part], old: list[Any], new: list[Any]
) -> Iterator[tuple[Any, list[Run], list[Run]]]:
    """Each table with the objects that have a row to be updated or inserted there."""
    mapper = parts[0][0]
    if len(parts) == 1:
        for plan in plans_of(mapper):
            yield plan.table, [(plan, old)] if old else [], [(plan, new)] if new else []
        return
    for table in hierarchy_tables(mapper.base_mapper):
        yield table, runs(table, old), runs(table, new)


def _sorted(objects: list[Any]) -> list[Any]:
    """New objects in their order, then persistent ones by primary key."""
    new = [o for o in objects if kernel.state_of(o)._o_key is None]
    return new + _by_key([o for o in objects if kernel.state_of(o)._o_key is not None])


def _by_key(objects: list[Any]) -> list[Any]:
    """New objects (on old rows), then persistent ones in the order of their keys.

    Raises:
        InvalidRequestError: when the keys cannot be sorted.
    """
    persistent = [o for o in objects if kernel.state_of(o)._o_key is not None]
    rest = [o for o in objects if kernel.state_of(o)._o_key is None]
    if len(persistent) < 2:
        return rest + persistent
    layout = kernel.layout_of(persistent[0])
    try:
        return rest + sorted(persistent, key=_sort_key(layout.mapper))
    except TypeError as error:
        raise sa_exc.InvalidRequestError(
            "Could not sort objects by primary key; primary key values must be "
            f"sortable in Python (was: {error})"
        ) from error


def _sort_key(mapper: Any) -> Any:
    """What persistent objects are sorted by, with the types' own sort functions."""
    functions = mapper._plans.get("sort functions")
    if functions is None:
        functions = mapper._plans["sort functions"] = tuple(
            column.type.sort_key_function for column in mapper.primary_key
        )
    if not any(functions):
        return _key_of
    if len(functions) == 1:
        return lambda obj: functions[0](_key_of(obj))
    return lambda obj: tuple(
        value if fn is None else fn(value)
        for fn, value in zip(functions, _key_of(obj), strict=True)
    )


def _key_of(obj: Any) -> Any:
    return kernel.state_of(obj)._o_key


def _takes_over(uow: Any, obj: Any) -> bool:
    """Whether a new object replaces the row of one that this flush deletes."""
    mapper = kernel.layout_of(obj).mapper
    values = []
    for slot in mapper.layout.pk_slots:
        value = kernel.peek(obj, slot)
        if value is UNLOADED:
            _refuse_expired_key(obj, mapper)
            return False
        if value is None:
            return False
        values.append(value)
    key = mapper.key_of_values(values)
    try:
        existing = uow.session._tracker.home(mapper.layout).get(key)
    except TypeError:
        return False
    if existing is None or existing is obj:
        return False
    if _is_gone(uow, existing):
        return False
    if not uow.is_deleted(existing):
        warn(
            f"New instance {instance_text(obj)} with identity key "
            f"{(mapper._identity_class, tuple(values), None)} conflicts with "
            f"persistent instance {instance_text(existing)}"
        )
        return False
    uow.remove_actions(existing)
    uow.row_switches[id(obj)] = existing
    return True


def _refuse_expired_key(obj: Any, mapper: Any) -> None:
    """A key that was lost with a row that a rollback took back is none to save by.

    Raises:
        InvalidRequestError: when the key was lost.
    """
    struct = kernel.state_of(obj)
    if struct._o_flags & kernel.LAPSED or struct._o_extras:
        for key in mapper._pk_keys:
            if is_expired(obj, key):
                getattr(obj, key)


def _is_gone(uow: Any, existing: Any) -> bool:
    """Whether somebody else has deleted the row of an expired object."""
    if not kernel.state_of(existing)._o_flags & kernel.EXPIRED:
        return False
    try:
        kernel.layout_of(existing).mapper._load_expired(existing, PASSIVE_OFF)
    except ObjectDeletedError:
        uow.session._remove_newly_deleted([existing])
        return True
    return False


def delete_objects(uow: Any, parts: list[Part]) -> None:
    """Send the DELETEs of some objects of a hierarchy in one batch a table."""
    if not parts:
        return
    mapper = parts[0][0]
    base = mapper.base_mapper
    connection = uow.session._connection_for(base)
    objects = _by_key([obj for _, part in parts for obj in part])
    hears = any(m._hears_flush for m, _ in parts)
    if hears:
        for own, part in parts_of(objects):
            before_delete(own, connection, part)
    for _, deleted, _ in reversed(list(_by_table(parts, objects, []))):
        sent = [run for run in deleted if not _goes_along(run[0])]
        for batch in joined_for_delete(sent):
            delete_rows(uow, connection, batch)
    if hears:
        for own, part in parts_of(objects):
            after_delete(own, connection, part)


def _goes_along(plan: TablePlan) -> bool:
    """Whether the database deletes the rows along with those of the parent's table."""
    mapper = plan.mapper
    while mapper.inherits is not None:
        if mapper.local_table is plan.table and not mapper.single:
            return bool(mapper.passive_deletes)
        mapper = mapper.inherits
    return False


__all__ = ["delete_objects", "post_update", "save_objects"]
