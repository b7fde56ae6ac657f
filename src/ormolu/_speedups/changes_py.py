"""What has happened to objects: changes, originals, parents, expiry; the twin in Python.

The compiled twin is ``changes_c``.
"""

from __future__ import annotations

from typing import Any

from ormolu._speedups.instance_py import (
    DELETED,
    EXPIRED,
    FRESH,
    LAPSED,
    MODIFIED,
    PARTIAL,
    EntityBase,
    State,
)
from ormolu._speedups.layout_py import key_of
from ormolu._speedups.lookup_py import state_of, values_of
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek_embedded, store_adopted, store_embedded

__all__ = [
    "expire",
    "forget_changes",
    "mark_modified",
    "note_original",
    "parent_of",
    "parents_of",
    "set_parent",
    "write",
]


def write(obj: Any, slot: int, value: Any) -> Any:
    """Store a value as a change and return the old one.

    The original is kept at the first change, but not for an object that has never
    been in the database: all of its values are new.
    """
    state = state_of(obj)
    key = key_of(state._o_layout, slot)
    embedded = isinstance(obj, EntityBase)
    if embedded:
        old = peek_embedded(obj, slot)
    else:
        old = values_of(obj).get(key, UNLOADED)
    if not state._o_flags & FRESH:
        if state._o_originals is None:
            state._o_originals = {key: old}
        else:
            state._o_originals.setdefault(key, old)
    if embedded:
        store_embedded(obj, slot, value)
    else:
        store_adopted(obj, key, value)
    if not state._o_flags & MODIFIED:
        _mark(obj, state)
    return old


def mark_modified(obj: Any) -> None:
    """Flag an object as changed and enter it in the list of its session."""
    state = state_of(obj)
    if not state._o_flags & MODIFIED:
        _mark(obj, state)


def _mark(obj: Any, state: State) -> None:
    state._o_flags |= MODIFIED
    if state._o_home is not None:
        tracker = state._o_home.tracker
        if tracker is not None:
            # one whose row was deleted may have been inserted again
            if not state._o_flags & DELETED or state._o_home.contains(obj):
                tracker.modified[id(obj)] = obj
            if tracker.idle:
                owner = tracker.owner
                if owner is not None:
                    owner._begin_for_change()


def _unmark(obj: Any, state: State) -> None:
    state._o_flags &= ~MODIFIED
    if state._o_home is not None:
        tracker = state._o_home.tracker
        if tracker is not None:
            tracker.modified.pop(id(obj), None)


def note_original(obj: Any, key: str, old: Any) -> None:
    """Keep the original of a key that changes, unless one is kept already."""
    state = state_of(obj)
    if state._o_originals is None:
        state._o_originals = {key: old}
    else:
        state._o_originals.setdefault(key, old)
    if not state._o_flags & MODIFIED:
        _mark(obj, state)


def set_parent(child: Any, token: Any, parent: Any) -> None:
    """Note who refers to an object: a weak reference, or False for nobody now."""
    if token is None:
        raise TypeError("Expected a token, not None")
    state = state_of(child)
    if state._noted_parents is None:
        state._noted_parents = {}
    state._noted_parents[token] = parent


def parent_of(child: Any, token: Any) -> Any:
    """What was noted last of who refers to an object; None if nothing was."""
    parents = state_of(child)._noted_parents
    return None if parents is None else parents.get(token)


def parents_of(child: Any) -> dict[Any, Any]:
    """All that was noted of who refers to an object, by token."""
    return dict(state_of(child)._noted_parents or {})


def forget_changes(obj: Any) -> None:
    """Take the present values as those of the database."""
    state = state_of(obj)
    state._o_originals = None
    if state._o_extras is not None:
        state._o_extras.pop("pending", None)
        state._o_extras.pop("reread", None)
    _unmark(obj, state)


def expire(obj: Any) -> None:
    """Drop all values, changes and parents; the next read finds nothing loaded."""
    state = state_of(obj)
    if isinstance(obj, EntityBase):
        obj._o_values = obj._o_related = None
    else:
        layout = state._o_layout
        namespace = values_of(obj)
        for key in (*layout.keys, *layout.related_keys):
            namespace.pop(key, None)
    state._o_originals = state._noted_parents = None
    _unmark(obj, state)
    state._o_flags = state._o_flags & ~FRESH | PARTIAL | EXPIRED | LAPSED
