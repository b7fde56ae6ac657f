"""The descriptor of a mapped attribute; the twin in Python.

The compiled twin is ``attribute_c``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ormolu._speedups.changes_py import write
from ormolu._speedups.instance_py import EntityBase, is_new
from ormolu._speedups.layout_py import Layout
from ormolu._speedups.lookup_py import layout_of, values_of
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek_embedded

__all__ = ["Attribute"]


class Attribute:
    """The descriptor of one mapped attribute.

    ``on_missing(obj)`` supplies a value that is not loaded, ``on_set(obj, value)``
    and ``on_delete(obj)`` take the place of the plain store.  Without them nothing
    but the instance is touched.  With ``new_is_plain`` an object that has neither a
    key nor extras, and has not lost its values, is stored to without ``on_set``.
    """

    __slots__ = (
        "key",
        "layout",
        "new_is_plain",
        "on_delete",
        "on_missing",
        "on_set",
        "slot",
    )

    def __init__(self, key: str) -> None:
        self.key = key
        self.layout: Layout | None = None
        self.slot = 0
        self.on_missing: Callable[[Any], Any] | None = None
        self.on_set: Callable[[Any, Any], object] | None = None
        self.new_is_plain = False
        self.on_delete: Callable[[Any], object] | None = None

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        if isinstance(obj, EntityBase):
            layout = obj._layout
            if layout is None or layout is not self.layout:
                value = peek_embedded(obj, self._slot_in(obj))
            else:
                value = peek_embedded(obj, self.slot)
        else:
            value = values_of(obj).get(self.key, UNLOADED)
        if value is not UNLOADED:
            return value
        on_missing = self.on_missing
        if on_missing is None:
            raise _no_attribute(obj, self.key)
        return on_missing(obj)

    def __set__(self, obj: Any, value: Any) -> None:
        on_set = self.on_set
        if on_set is not None and not (
            self.new_is_plain and isinstance(obj, EntityBase) and is_new(obj)
        ):
            if not isinstance(obj, EntityBase):
                values_of(obj)
            on_set(obj, value)
        else:
            if not isinstance(obj, EntityBase):
                values_of(obj)
            write(obj, self._slot_in(obj), value)

    def __delete__(self, obj: Any) -> None:
        if not isinstance(obj, EntityBase):
            values_of(obj)
        on_delete = self.on_delete
        if on_delete is None:
            raise AttributeError(
                f"attribute {self.key!r} of {type(obj).__name__!r} object cannot be "
                f"deleted"
            )
        on_delete(obj)

    def _slot_in(self, obj: Any) -> int:
        layout = layout_of(obj)
        if layout is self.layout:
            return self.slot
        slot = layout.index.get(self.key)
        if slot is None:
            raise _no_attribute(obj, self.key)
        return slot


def _no_attribute(obj: Any, key: str) -> AttributeError:
    return AttributeError(f"{type(obj).__name__!r} object has no attribute {key!r}")
