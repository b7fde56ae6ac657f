"""Mapper events of a flush; called only for mappers that somebody listens to."""

from __future__ import annotations

from typing import Any

from .._speedups import state as kernel


def before_save(mapper: Any, uow: Any, objects: list[Any]) -> None:
    """Tell of the rows that are to be inserted or updated, before any of them."""
    connection = uow.session._connection_for(mapper)
    dispatch = mapper.dispatch
    for obj in objects:
        if kernel.state_of(obj)._o_key is None:
            dispatch.before_insert(mapper, connection, obj)
        else:
            dispatch.before_update(mapper, connection, obj)


def after_save(mapper: Any, connection: Any, objects: list[Any]) -> None:
    """Tell of the rows that were inserted or updated."""
    dispatch = mapper.dispatch
    for obj in objects:
        if kernel.state_of(obj)._o_key is None:
            dispatch.after_insert(mapper, connection, obj)
        else:
            dispatch.after_update(mapper, connection, obj)


def values_before(mapper: Any, objects: list[Any]) -> list[tuple[Any, ...]]:
    """The columns of some objects, to tell later what the database supplied."""
    slots = range(len(mapper.layout.keys))
    return [tuple(kernel.peek(obj, s) for s in slots) for obj in objects]


def after_supplied(
    mapper: Any, uow: Any, objects: list[Any], before: list[tuple[Any, ...]]
) -> None:
    """Tell of values that column defaults supplied, the server's first."""
    dispatch = mapper.class_manager.dispatch
    ordered = [p for p in mapper._column_props if p.key not in mapper._pk_keys]
    ordered.sort(key=_has_client_default)
    index = mapper.layout.index
    for obj, old in zip(objects, before, strict=True):
        supplied = []
        for prop in ordered:
            value = kernel.peek(obj, index[prop.key])
            if value is not old[index[prop.key]] and value is not kernel.UNLOADED:
                supplied.append(prop.key)
        if supplied:
            dispatch.refresh_flush(obj, uow, supplied)


def _has_client_default(prop: Any) -> bool:
    return getattr(prop.columns[0], "default", None) is not None


def before_delete(mapper: Any, connection: Any, objects: list[Any]) -> None:
    """Tell of the rows that are to be deleted."""
    for obj in objects:
        mapper.dispatch.before_delete(mapper, connection, obj)


def after_delete(mapper: Any, connection: Any, objects: list[Any]) -> None:
    """Tell of the rows that were deleted."""
    for obj in objects:
        mapper.dispatch.after_delete(mapper, connection, obj)
