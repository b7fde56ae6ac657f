"""Parameters of a statement that read an instance's values when it is executed."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.elements import BindParameter

from .._core.warnings import warn
from .._speedups import state as kernel
from ..exc import instance_text
from ..instrument.expiry import is_expired
from ..instrument.flags import (
    INIT_OK,
    NO_VALUE,
    PASSIVE_NO_FETCH,
    PASSIVE_NO_RESULT,
    PASSIVE_OFF,
    LoaderCallableStatus,
)
from ..instrument.last_known import last_known, track_last_known
from ..instrument.state import session_of

WITHOUT_SQL = PASSIVE_NO_FETCH ^ INIT_OK


def value_parameter(
    mapper: Any,
    obj: Any,
    column: Any,
    type_: Any,
    unique: bool = True,
    name: str | None = None,
) -> BindParameter[Any]:
    """A parameter whose value is that of an instance's column at execution.

    Args:
        mapper: the instance's mapper.
        obj: the instance; the parameter does not keep it alive.
        column: the mapped column.
        type_: the parameter's SQL type.
        unique: False for VALUES, where Core names a unique one after its column.
        name: what the parameter's name begins with, when it is not "param".
    """
    value = column_value(mapper, obj, column)
    return BindParameter(name, callable_=value, type_=type_, unique=unique)


def column_value(mapper: Any, obj: Any, column: Any) -> Callable[[], Any]:
    """What reads a column's value from an object when the statement runs.

    The value that it last had serves where it was expired and can no longer be loaded.
    """
    prop = mapper.get_property_by_column(column)
    track_last_known(obj, prop.key)
    at_first = kernel.peek_key(obj, prop.key)
    status = _missing(obj, prop) if at_first is kernel.UNLOADED else NO_VALUE
    text = instance_text(obj)
    reference = weakref.ref(obj)  # Core's cache of statements must not keep it alive

    def value() -> Any:
        obj = reference()
        current = status if obj is None else _current_value(obj, prop)
        if isinstance(current, LoaderCallableStatus):
            kept = at_first
            if obj is not None:
                expired = current is not NO_VALUE
                kept = last_known(obj, prop.key) if expired else kernel.UNLOADED
            if kept is kernel.UNLOADED:
                raise _unresolved(column, text, current)
            current = kept
        if current is None:
            warn(
                f"Got None for value of column {column}; this is unsupported "
                "for a relationship comparison and will not currently produce an "
                "IS comparison (but may in a future release)"
            )
        return current

    return value


def _unresolved(column: Any, text: str, status: LoaderCallableStatus) -> Exception:
    reason = (
        "no value has been set for this column"
        if status is NO_VALUE
        else "the object is detached and the value was expired"
    )
    return sa_exc.InvalidRequestError(
        f"Can't resolve value for column {column} on object {text}; {reason}"
    )


def _current_value(obj: Any, prop: Any) -> Any:
    """The value as it is or can be loaded; a `LoaderCallableStatus` for none."""
    struct = kernel.state_of(obj)
    has_row = struct._o_key is not None and not struct._o_flags & kernel.DELETED
    if has_row and session_of(obj) is not None:
        return kernel.layout_of(obj).attributes[prop.key].impl.get(obj, PASSIVE_OFF)
    loaded = kernel.peek_key(obj, prop.key)
    return _missing(obj, prop) if loaded is kernel.UNLOADED else loaded


def _missing(obj: Any, prop: Any) -> LoaderCallableStatus:
    """Why a value that is not there is not: never set or deleted, or not loaded."""
    if kernel.state_of(obj)._o_key is None and is_expired(obj, prop.key):
        return PASSIVE_NO_RESULT  # its row was undone
    found = kernel.layout_of(obj).attributes[prop.key].impl.get(obj, WITHOUT_SQL)
    return PASSIVE_NO_RESULT if found is PASSIVE_NO_RESULT else NO_VALUE
