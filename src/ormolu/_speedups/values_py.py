"""The values of mapped objects, slot by slot; the twin in Python.

The compiled twin is ``values_c``.  Nothing here is a change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ormolu._speedups.instance_py import FRESH, PARTIAL, EntityBase
from ormolu._speedups.layout_py import key_at, key_of
from ormolu._speedups.lookup_py import layout_of, state_of, values_of
from ormolu._speedups.sentinel import UNLOADED

__all__ = ["drop", "loaded", "peek", "peek_key", "put"]


def peek(obj: Any, slot: int) -> Any:
    """The value in a slot or ``UNLOADED``; nothing is loaded, nothing fires."""
    if isinstance(obj, EntityBase):
        return peek_embedded(obj, slot)
    namespace = values_of(obj)
    key = key_at(layout_of(obj), slot)
    return UNLOADED if key is None else namespace.get(key, UNLOADED)


def peek_embedded(obj: EntityBase, slot: int) -> Any:
    storage: tuple[Any, ...] | list[Any] | None
    if slot >= 0:
        storage = obj._o_values
    else:
        storage = obj._o_related
        slot = -1 - slot
    if storage is None or slot >= len(storage):
        return UNLOADED
    return storage[slot]


def peek_key(obj: Any, key: str) -> Any:
    """The value of a key or ``UNLOADED``; also for a key that is not mapped."""
    slot = layout_of(obj).index.get(key)
    return UNLOADED if slot is None else peek(obj, slot)


def put(obj: Any, slot: int, value: Any) -> None:
    """Store a value as one that was loaded: it is no change."""
    if isinstance(obj, EntityBase):
        store_embedded(obj, slot, value)
    else:
        store_adopted(obj, key_of(state_of(obj)._o_layout, slot), value)


def store_embedded(obj: EntityBase, slot: int, value: Any) -> None:
    layout = obj._o_layout
    if slot >= 0:
        storage = obj._o_values
        if storage is None or slot >= len(storage) or type(storage) is tuple:
            key_of(layout, slot)
            storage = obj._o_values = _grown(storage, len(layout.keys))
    else:
        storage = obj._o_related
        index = -1 - slot
        if storage is None or index >= len(storage):
            key_of(layout, slot)
            storage = obj._o_related = _grown(storage, len(layout.related_keys))
        slot = index
    storage[slot] = value  # type: ignore[index]  # a list by now


def _grown(storage: Iterable[Any] | None, size: int) -> list[Any]:
    """A private list with the values, and as many slots as the layout has."""
    grown = [] if storage is None else list(storage)
    grown.extend([UNLOADED] * (size - len(grown)))
    return grown


def store_adopted(obj: Any, key: str, value: Any) -> None:
    namespace = values_of(obj)
    if value is UNLOADED:
        namespace.pop(key, None)
    else:
        namespace[key] = value


def drop(obj: Any, slot: int) -> None:
    """Make a slot unloaded; the original of a change is kept."""
    state = state_of(obj)
    if peek(obj, slot) is not UNLOADED:
        put(obj, slot, UNLOADED)
    if slot >= 0 and not state._o_flags & FRESH:
        state._o_flags |= PARTIAL


def loaded(obj: Any) -> dict[str, Any]:
    """The attributes that are in memory: columns in slot order, then related."""
    layout = layout_of(obj)
    found = {}
    for key in (*layout.keys, *layout.related_keys):
        value = peek(obj, layout.index[key])
        if value is not UNLOADED:
            found[key] = value
    return found
