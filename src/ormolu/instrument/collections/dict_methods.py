"""Methods for `InstrumentedDict`, `KeyFuncDict` and the users' own dict-like classes."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

from .protocols import Initiator
from .wrapping import (
    Method,
    Wrapper,
    fire_append,
    fire_pre_remove,
    fire_present,
    fire_remove,
    replaces_method,
)


class _Missing(Enum):
    """Stands for an argument that was not given."""

    ARGUMENT = 0


_MISSING = _Missing.ARGUMENT


def _setitem(fn: Method) -> Method:
    @replaces_method(fn)
    def __setitem__(
        self: Any, key: Any, value: Any, _sa_initiator: Initiator = None
    ) -> None:
        if key in self:
            fire_remove(self, self[key], _sa_initiator, key)
        fn(self, key, fire_append(self, value, _sa_initiator, key))

    return __setitem__


def _delitem(fn: Method) -> Method:
    @replaces_method(fn)
    def __delitem__(self: Any, key: Any, _sa_initiator: Initiator = None) -> None:
        if key in self:
            fire_remove(self, self[key], _sa_initiator, key)
        fn(self, key)

    return __delitem__


def _clear(fn: Method) -> Method:
    @replaces_method(fn)
    def clear(self: Any) -> None:
        for key in self:
            fire_remove(self, self[key], None, key)
        fn(self)

    return clear


def _pop(fn: Method) -> Method:
    @replaces_method(fn)
    def pop(self: Any, key: Any, default: Any = _MISSING) -> Any:
        present = key in self
        if present:
            fire_pre_remove(self)
        item = fn(self, key) if default is _MISSING else fn(self, key, default)
        if present:
            fire_remove(self, item, None, key)
        return item

    return pop


def _popitem(fn: Method) -> Method:
    @replaces_method(fn)
    def popitem(self: Any) -> tuple[Any, Any]:
        fire_pre_remove(self)
        key, item = fn(self)
        fire_remove(self, item, None, key)
        return key, item

    return popitem


def _setdefault(fn: Method) -> Method:
    @replaces_method(fn)
    def setdefault(self: Any, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
            return self[key]
        value = self[key]
        if value is default:
            fire_present(self, value)
        return value

    return setdefault


def _update(fn: Method) -> Method:
    @replaces_method(fn)
    def update(self: Any, other: Any = (), /, **kw: Any) -> None:
        _set_all(self, _pairs(other))
        _set_all(self, kw.items())

    return update


def _ior(fn: Method) -> Method:
    @replaces_method(fn)
    def __ior__(self: Any, other: Any) -> Any:
        _set_all(self, _pairs(other))
        return self

    return __ior__


def _pairs(other: Any) -> Iterable[tuple[Any, Any]]:
    """The pairs of whatever ``dict.update()`` accepts."""
    if hasattr(other, "keys"):
        return [(key, other[key]) for key in list(other.keys())]
    return list(other)


def _set_all(self: Any, pairs: Iterable[tuple[Any, Any]]) -> None:
    for key, value in pairs:
        if key in self and self[key] is value:
            fire_present(self, value)
        else:
            self[key] = value


DICT_METHODS: dict[str, Wrapper] = {
    "__setitem__": _setitem,
    "__delitem__": _delitem,
    "clear": _clear,
    "pop": _pop,
    "popitem": _popitem,
    "setdefault": _setdefault,
    "update": _update,
    "__ior__": _ior,
}
