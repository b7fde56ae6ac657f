"""Parameters of a statement that read an instance's values when it is executed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql.elements import BindParameter

from .._speedups import state as kernel
from ..exc import instance_text
from ..instrument.flags import (
    INIT_OK,
    NO_VALUE,
    PASSIVE_NO_FETCH,
    PASSIVE_NO_RESULT,
    PASSIVE_OFF,
)
from ..instrument.state import session_of


def value_parameter(
    mapper: Any, obj: Any, column: Any, type_: Any, unique: bool = True
) -> BindParameter[Any]:
    """A parameter whose value is that of an instance's column at execution.

    Args:
        mapper: the instance's mapper.
        obj: the instance; the parameter keeps it alive.
        column: the mapped column.
        type_: the parameter's SQL type.
        unique: False for VALUES, where Core names a unique one after its column.
    """
    value = column_value(mapper, obj, column)
    return BindParameter(None, callable_=value, type_=type_, unique=unique)


def column_value(mapper: Any, obj: Any, column: Any) -> Callable[[], Any]:
    """What reads a column's value from an instance when the statement runs.

    Where the instance has no session any more, the value last known serves.

    Raises:
        InvalidRequestError: (when called) there is no value, or it was expired and
            the instance has no session.
    """
    prop = mapper.get_property_by_column(column)
    key = prop.key
    known = kernel.peek_key(obj, key)

    def value() -> Any:
        nonlocal known
        found = kernel.peek_key(obj, key)
        if found is kernel.UNLOADED:
            found = _unloaded_value(mapper, obj, column, key, known)
        else:
            known = found
        if found is None:
            sa_util.warn(
                f"Got None for value of column {column}; this is unsupported "
                "for a relationship comparison and will not currently produce an "
                "IS comparison (but may in a future release)"
            )
        return found

    return value


def _unloaded_value(mapper: Any, obj: Any, column: Any, key: str, known: Any) -> Any:
    struct = kernel.state_of(obj)
    persistent = struct._o_key is not None and session_of(obj) is not None
    passive = PASSIVE_OFF if persistent else PASSIVE_NO_FETCH ^ INIT_OK
    found = kernel.layout_of(obj).attributes[key].impl.get(obj, passive)
    if found is NO_VALUE:
        reason = "no value has been set for this column"
    elif found is not PASSIVE_NO_RESULT:
        return found
    elif key in mapper._pk_keys:
        if len(mapper._pk_keys) == 1:
            return struct._o_key
        return struct._o_key[mapper._pk_keys.index(key)]
    elif known is not kernel.UNLOADED:
        return known
    else:
        reason = "the object is detached and the value was expired"
    raise sa_exc.InvalidRequestError(
        f"Can't resolve value for column {column} on object {instance_text(obj)}; "
        f"{reason}"
    )
