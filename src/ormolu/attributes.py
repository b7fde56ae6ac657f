"""Functions on the attributes of instances; see ``sqlalchemy.orm.attributes``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as _sa_exc

from ._speedups import state as _kernel
from .instrument.expiry import settle_expired as _settle_expired
from .instrument.flags import (
    ATTR_EMPTY,
    ATTR_WAS_SET,
    INIT_OK,
    LOAD_AGAINST_COMMITTED,
    NEVER_SET,
    NO_AUTOFLUSH,
    NO_RAISE,
    NO_VALUE,
    PASSIVE_CLASS_MISMATCH,
    PASSIVE_NO_FETCH,
    PASSIVE_NO_FETCH_RELATED,
    PASSIVE_NO_INITIALIZE,
    PASSIVE_NO_RESULT,
    PASSIVE_OFF,
    PASSIVE_ONLY_PERSISTENT,
    PASSIVE_RETURN_NO_VALUE,
    AttributeOp,
    LoaderCallableStatus,
    PassiveFlag,
)
from .instrument.history import HISTORY_BLANK, History
from .instrument.impls import AttributeEventToken
from .instrument.manager import ClassManager, manager_of_class
from .instrument.state import impl_of, instance_state, session_of
from .mapping.queryable import InstrumentedAttribute, QueryableAttribute

AttributeEvent = Event = AttributeEventToken
OP_APPEND = AttributeOp.APPEND
OP_BULK_REPLACE = AttributeOp.BULK_REPLACE
OP_MODIFIED = AttributeOp.MODIFIED
OP_REMOVE = AttributeOp.REMOVE
OP_REPLACE = AttributeOp.REPLACE


def _impl(instance: Any, key: str) -> Any:
    _kernel.layout_of(instance)
    manager = manager_of_class(type(instance))
    assert manager is not None
    return impl_of(manager, key)


def instance_dict(instance: Any) -> Any:
    """The attributes that an instance has in memory, by name."""
    return instance.__dict__


def instance_str(instance: Any) -> str:
    """``<ClassName at 0x...>`` of an instance."""
    return f"<{type(instance).__name__} at 0x{id(instance):x}>"


def get_history(obj: Any, key: str, passive: int = PASSIVE_OFF) -> History:
    """What changed on an attribute since it was loaded or flushed."""
    if passive is True:
        passive = PASSIVE_NO_INITIALIZE
    elif passive is False:
        passive = PASSIVE_OFF
    found: History = _impl(obj, key).get_history(obj, int(passive))
    return found


def set_attribute(instance: Any, key: str, value: Any, initiator: Any = None) -> None:
    """Set an attribute, firing its events."""
    _impl(instance, key).set(instance, value, initiator)


def get_attribute(instance: Any, key: str) -> Any:
    """Read an attribute, loading it where needed."""
    return _impl(instance, key).get(instance)


def del_attribute(instance: Any, key: str) -> None:
    """Delete an attribute's value, firing its events."""
    _impl(instance, key).delete(instance)


def set_committed_value(instance: Any, key: str, value: Any) -> None:
    """Set an attribute as if it had been loaded: no history, no events."""
    _impl(instance, key).set_committed_value(instance, value)


def init_collection(obj: Any, key: str) -> Any:
    """An empty collection put in place of an attribute's value; its adapter."""
    impl = _impl(obj, key)
    return impl.set_committed_value(obj, ())._sa_adapter


def flag_modified(instance: Any, key: str) -> None:
    """Mark an attribute as changed, for values that were changed in place.

    Raises:
        InvalidRequestError: when the attribute is not loaded.
    """
    impl = _impl(instance, key)
    value = _kernel.peek_key(instance, key)
    if value is _kernel.UNLOADED:
        raise _sa_exc.InvalidRequestError(
            f"Can't flag attribute '{key}' modified; it's not present in the object "
            "state"
        )
    _settle_expired(instance)
    _kernel.note_original(instance, key, _kernel.UNLOADED)
    originals = _kernel.state_of(instance)._o_originals
    if originals is not None:
        originals[key] = _kernel.UNLOADED
    for fn in impl.on_modified:
        fn(instance, impl)


def flag_dirty(instance: Any) -> None:
    """Mark an instance as changed without naming an attribute."""
    _kernel.mark_modified(instance)


__all__ = [
    "AttributeEventToken",
    "ATTR_EMPTY",
    "ATTR_WAS_SET",
    "HISTORY_BLANK",
    "INIT_OK",
    "LOAD_AGAINST_COMMITTED",
    "NEVER_SET",
    "NO_AUTOFLUSH",
    "NO_RAISE",
    "NO_VALUE",
    "OP_APPEND",
    "OP_BULK_REPLACE",
    "OP_MODIFIED",
    "OP_REMOVE",
    "OP_REPLACE",
    "PASSIVE_CLASS_MISMATCH",
    "PASSIVE_NO_FETCH",
    "PASSIVE_NO_FETCH_RELATED",
    "PASSIVE_NO_INITIALIZE",
    "PASSIVE_NO_RESULT",
    "PASSIVE_OFF",
    "PASSIVE_ONLY_PERSISTENT",
    "PASSIVE_RETURN_NO_VALUE",
    "AttributeEvent",
    "ClassManager",
    "Event",
    "History",
    "InstrumentedAttribute",
    "LoaderCallableStatus",
    "PassiveFlag",
    "QueryableAttribute",
    "del_attribute",
    "flag_dirty",
    "flag_modified",
    "get_attribute",
    "get_history",
    "init_collection",
    "instance_dict",
    "instance_state",
    "instance_str",
    "manager_of_class",
    "session_of",
    "set_attribute",
    "set_committed_value",
]
