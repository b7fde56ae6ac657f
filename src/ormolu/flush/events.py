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


def after_save(mapper: Any, uow: Any, connection: Any, objects: list[Any]) -> None:
    """Tell of the rows that were inserted or updated (as in a row switch)."""
    dispatch = mapper.dispatch
    for obj in objects:
        if kernel.state_of(obj)._o_key is None and id(obj) not in uow.row_switches:
            dispatch.after_insert(mapper, connection, obj)
        else:
            dispatch.after_update(mapper, connection, obj)


def before_delete(mapper: Any, connection: Any, objects: list[Any]) -> None:
    """Tell of the rows that are to be deleted."""
    for obj in objects:
        mapper.dispatch.before_delete(mapper, connection, obj)


def after_delete(mapper: Any, connection: Any, objects: list[Any]) -> None:
    """Tell of the rows that were deleted."""
    for obj in objects:
        mapper.dispatch.after_delete(mapper, connection, obj)
