"""What a flush does to each object that it has sent; the twin in Python.

The compiled twin is ``flushing_c``.  Both have the same names, semantics and errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.state_py import (
    FRESH,
    MODIFIED,
    PARTIAL,
    Tracker,
    forget_changes,
    peek,
    state_of,
)

__all__ = ["linked", "settle_inserted", "settle_updated", "touching"]


def linked(objs: Iterable[Any]) -> list[Any]:
    """The objects that may refer to others: something related, or rare, is set."""
    found = []
    for obj in objs:
        state = state_of(obj)
        if (
            state._o_related is not None
            or state._o_extras is not None
            or not state._o_layout.embedded
        ):
            found.append(obj)
    return found


def touching(objs: Iterable[Any], keys: frozenset[str]) -> list[Any]:
    """The objects with a change of one of some attributes."""
    found = []
    for obj in objs:
        originals = state_of(obj)._o_originals
        if originals and not keys.isdisjoint(originals):
            found.append(obj)
    return found


def settle_inserted(tracker: Tracker, objs: Iterable[Any]) -> list[Any]:
    """Make inserted objects persistent under the primary keys that they have now.

    Returns:
        the objects that were left as they are: those that have a key already or
        lack a value of it, and those whose key another object has.
    """
    left = []
    for obj in objs:
        if not _settle_new(tracker, obj):
            left.append(obj)
    return left


def _settle_new(tracker: Tracker, obj: Any) -> bool:
    state = state_of(obj)
    if state._o_key is not None:
        return False
    layout = state._o_layout
    values = [peek(obj, slot) for slot in layout.pk_slots]
    if not values or any(v is None or v is UNLOADED for v in values):
        return False
    key = values[0] if len(values) == 1 else tuple(values)
    home = tracker.home(layout)
    if home.get(key) is not None:
        return False
    state._o_home = None
    home.add(obj, key)
    flags = state._o_flags & ~(FRESH | MODIFIED)
    if any(peek(obj, slot) is UNLOADED for slot in range(len(layout.keys))):
        flags |= PARTIAL
    state._o_flags = flags
    state._o_originals = None
    tracker.new.pop(id(obj), None)
    tracker.modified.pop(id(obj), None)
    return True


def settle_updated(objs: Iterable[Any]) -> list[Any]:
    """Forget the changes of updated objects whose primary key is as it was.

    Returns:
        the objects that were left as they are: those whose key has changed, is not
        loaded, or that have none.
    """
    left = []
    for obj in objs:
        state = state_of(obj)
        slots = state._o_layout.pk_slots
        key = state._o_key
        keys = (key,) if len(slots) == 1 else key
        if key is None or not all(
            peek(obj, slot) is value for slot, value in zip(slots, keys, strict=True)
        ):
            left.append(obj)
            continue
        state._o_flags &= ~FRESH
        forget_changes(obj)
    return left
