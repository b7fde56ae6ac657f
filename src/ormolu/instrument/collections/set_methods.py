"""Methods for `InstrumentedSet` and the users' own set-like classes."""

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
    fire_present,
    fire_remove,
    replaces_method,
)


def _add(fn: Method) -> Method:
    @replaces_method(fn)
    def add(self: Any, value: Any, _sa_initiator: Initiator = None) -> None:
        if value in self:
            fire_present(self, value, _sa_initiator)
        else:
            value = fire_append(self, value, _sa_initiator, NO_KEY)
        fn(self, value)

    return add


def _removal(fn: Method) -> Method:
    """``remove()`` and ``discard()``: an absent item is the original's business."""

    @replaces_method(fn)
    def remove(self: Any, value: Any, _sa_initiator: Initiator = None) -> None:
        if value in self:
            fire_remove(self, value, _sa_initiator, NO_KEY)
        fn(self, value)

    return remove


def _pop(fn: Method) -> Method:
    @replaces_method(fn)
    def pop(self: Any) -> Any:
        fire_pre_remove(self)
        item = fn(self)
        fire_remove(self, item, None, NO_KEY)
        return item

    return pop


def _clear(fn: Method) -> Method:
    @replaces_method(fn)
    def clear(self: Any) -> None:
        for item in list(self):
            self.remove(item)

    return clear


def _update(fn: Method) -> Method:
    @replaces_method(fn)
    def update(self: Any, *others: Iterable[Any]) -> None:
        for other in others:
            for item in list(other):
                self.add(item)

    return update


def _difference_update(fn: Method) -> Method:
    @replaces_method(fn)
    def difference_update(self: Any, *others: Iterable[Any]) -> None:
        for other in others:
            for item in list(other):
                self.discard(item)

    return difference_update


def _intersection_update(fn: Method) -> Method:
    @replaces_method(fn)
    def intersection_update(self: Any, *others: Iterable[Any]) -> None:
        _become(self, set(self).intersection(*others))

    return intersection_update


def _symmetric_difference_update(fn: Method) -> Method:
    @replaces_method(fn)
    def symmetric_difference_update(self: Any, other: Iterable[Any]) -> None:
        _become(self, set(self).symmetric_difference(other))

    return symmetric_difference_update


def _become(self: Any, wanted: set[Any]) -> None:
    """Remove and add until the set holds exactly the wanted items."""
    present = set(self)
    for item in present - wanted:
        self.remove(item)
    for item in wanted - present:
        self.add(item)


def _in_place(method: str) -> Wrapper:
    """An operator such as ``|=``, by way of the method that does the same."""

    def wrap(fn: Method) -> Method:
        @replaces_method(fn)
        def operator(self: Any, other: Any) -> Any:
            if not isinstance(other, (set, frozenset, type(self))):
                return NotImplemented
            getattr(self, method)(other)
            return self

        return operator

    return wrap


SET_METHODS: dict[str, Wrapper] = {
    "add": _add,
    "discard": _removal,
    "remove": _removal,
    "pop": _pop,
    "clear": _clear,
    "update": _update,
    "__ior__": _in_place("update"),
    "difference_update": _difference_update,
    "__isub__": _in_place("difference_update"),
    "intersection_update": _intersection_update,
    "__iand__": _in_place("intersection_update"),
    "symmetric_difference_update": _symmetric_difference_update,
    "__ixor__": _in_place("symmetric_difference_update"),
}
