"""Methods for the users' own list-like classes.

They go through the class's own ``append``, ``insert`` and so on, which the user may
have overridden.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..flags import NO_KEY
from .protocols import Initiator
from .wrapping import (
    Method,
    Wrapper,
    fire_append,
    fire_pre_remove,
    fire_remove,
    replaces_method,
)


def _append(fn: Method) -> Method:
    @replaces_method(fn)
    def append(self: Any, item: Any, _sa_initiator: Initiator = None) -> None:
        fn(self, fire_append(self, item, _sa_initiator, NO_KEY))

    return append


def _remove(fn: Method) -> Method:
    @replaces_method(fn)
    def remove(self: Any, value: Any, _sa_initiator: Initiator = None) -> None:
        # see InstrumentedList.remove()
        fire_remove(self, value, _sa_initiator, NO_KEY)
        fn(self, value)

    return remove


def _insert(fn: Method) -> Method:
    @replaces_method(fn)
    def insert(self: Any, index: Any, value: Any) -> None:
        fn(self, index, fire_append(self, value, None, index))

    return insert


def _setitem(fn: Method) -> Method:
    @replaces_method(fn)
    def __setitem__(self: Any, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            assign_slice(self, index, value)
            return
        fire_remove(self, self[index], None, index)
        fn(self, index, fire_append(self, value, None, index))

    return __setitem__


def assign_slice(self: Any, index: slice, value: Any) -> None:
    """Assign to a slice by deleting and inserting one item after another."""
    positions = range(*index.indices(len(self)))
    if value is self and len(positions) == len(self):
        return
    values = list(value)
    if positions.step == 1:
        start = positions.start
        for _ in positions:
            del self[start]
        for offset, item in enumerate(values):
            self.insert(start + offset, item)
        return
    if len(values) != len(positions):
        raise ValueError(
            f"attempt to assign sequence of size {len(values)} "
            f"to extended slice of size {len(positions)}"
        )
    for position, item in zip(positions, values, strict=True):
        self[position] = item


def _delitem(fn: Method) -> Method:
    @replaces_method(fn)
    def __delitem__(self: Any, index: Any) -> None:
        leaving = self[index] if isinstance(index, slice) else (self[index],)
        for item in leaving:
            fire_remove(self, item, None, index)
        fn(self, index)

    return __delitem__


def _extend(fn: Method) -> Method:
    @replaces_method(fn)
    def extend(self: Any, iterable: Iterable[Any]) -> None:
        for value in list(iterable):
            self.append(value)

    return extend


def _iadd(fn: Method) -> Method:
    @replaces_method(fn)
    def __iadd__(self: Any, iterable: Iterable[Any]) -> Any:
        for value in list(iterable):
            self.append(value)
        return self

    return __iadd__


def _pop(fn: Method) -> Method:
    @replaces_method(fn)
    def pop(self: Any, *index: Any) -> Any:
        fire_pre_remove(self)
        item = fn(self, *index)
        fire_remove(self, item, None, index[0] if index else -1)
        return item

    return pop


def _clear(fn: Method) -> Method:
    @replaces_method(fn)
    def clear(self: Any) -> None:
        for item in self:
            fire_remove(self, item, None, -1)
        fn(self)

    return clear


LIST_METHODS: dict[str, Wrapper] = {
    "append": _append,
    "remove": _remove,
    "insert": _insert,
    "__setitem__": _setitem,
    "__delitem__": _delitem,
    "extend": _extend,
    "__iadd__": _iadd,
    "pop": _pop,
    "clear": _clear,
}
