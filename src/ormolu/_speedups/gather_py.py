"""Collects the values of many objects for a flush; the twin in Python.

The compiled twin is ``gather_c``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ormolu._speedups.layout_py import Layout
from ormolu._speedups.lookup_py import layout_of, state_or_none
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek

__all__ = ["changed", "changed_alike", "gather", "gather_one", "shape_rows"]


def gather(objs: Iterable[Any], slots: Sequence[int]) -> list[tuple[Any, ...]]:
    """For each object the values at the slots, None for what is not loaded."""
    return [gather_one(obj, slots) for obj in objs]


def gather_one(obj: Any, slots: Sequence[int]) -> tuple[Any, ...]:
    """The values of one object at the slots, None for what is not loaded."""
    values = (peek(obj, slot) for slot in slots)
    return tuple(None if value is UNLOADED else value for value in values)


def changed(obj: Any) -> list[int]:
    """The slots of the columns whose values differ from their originals."""
    state = state_or_none(obj)
    if state is None or state._o_originals is None:
        return []
    layout = layout_of(obj)
    found = []
    for key, original in list(state._o_originals.items()):
        slot = layout.index.get(key, -1)
        if slot >= 0 and _differs(layout, slot, original, peek(obj, slot)):
            found.append(slot)
    found.sort()
    return found


def _differs(layout: Layout, slot: int, original: Any, value: Any) -> bool:
    if value is original:
        return original is UNLOADED
    if original is UNLOADED or value is UNLOADED:
        return True
    comparators = layout.comparators
    compare = None if comparators is None else comparators.get(slot)
    try:
        # Only True means equal: a comparison may answer with an object of its own.
        if compare is None:
            return (original == value) is not True
        return compare(original, value) is not True
    except Exception:  # what cannot be compared is written again
        return True


def changed_alike(
    objs: list[Any],
    start: int,
    updatable: frozenset[int],
    pk_slot: int,
    pk_key: str,
    special: dict[type, bool],
) -> tuple[tuple[int, ...] | None, list[Any], list[tuple[Any, ...]], int]:
    """Successive objects whose UPDATEs set the same slots of the same-keyed rows.

    Those without a change are passed over.  Stops at an object that sets other slots
    than those before, is not known by the key that it has and had all along, or has a
    value of one of the ``special`` types (see `shape_rows`).

    Arguments:
        updatable: the slots that matter.
        pk_slot: that of the primary key, which has one column.
        pk_key: the attribute there.

    Returns:
        the slots (None if there is no object), the objects, the keys of their rows as
        tuples, and the position where it stopped.
    """
    slots: tuple[int, ...] | None = None
    found: list[Any] = []
    keys: list[tuple[Any, ...]] = []
    for i in range(start, len(objs)):
        obj = objs[i]
        own = tuple([slot for slot in changed(obj) if slot in updatable])
        if not own:
            continue
        key = _kept_key(obj, pk_slot, pk_key)
        if (
            key is None
            or (slots is not None and own != slots)
            or any(special[type(peek(obj, slot))] for slot in own)
        ):
            return slots if found else None, found, keys, i
        slots = own
        found.append(obj)
        keys.append((key,))
    return slots, found, keys, len(objs)


def _kept_key(obj: Any, pk_slot: int, pk_key: str) -> Any:
    """The key that an object is known by, if it has it and had it all along."""
    state = state_or_none(obj)
    if state is None or peek(obj, pk_slot) is not state._o_key:
        return None
    return None if pk_key in (state._o_originals or ()) else state._o_key


def shape_rows(
    objs: Iterable[Any],
    slots: Sequence[int],
    omit_none: Sequence[bool],
    special: tuple[type[Any], ...] | dict[type, bool] | None = None,
) -> list[tuple[int, tuple[Any, ...]]]:
    """For each object which of the slots an INSERT names, and their values.

    A slot is left out where its value is None or not loaded and ``omit_none`` says
    so.  The shape has bit ``i`` set if ``slots[i]`` is included; it is -1, with all
    the values, for an object with a value of one of the ``special`` types (a dict
    tells of every type whether it is special).
    """
    if len(slots) != len(omit_none):
        raise ValueError("slots and omit_none differ in length")
    return [_shape(obj, slots, omit_none, special) for obj in objs]


def _shape(
    obj: Any,
    slots: Sequence[int],
    omit_none: Sequence[bool],
    special: tuple[type[Any], ...] | dict[type, bool] | None,
) -> tuple[int, tuple[Any, ...]]:
    values = gather_one(obj, slots)
    if isinstance(special, dict):
        if any(special[type(value)] for value in values):
            return -1, values
    elif special and any(isinstance(value, special) for value in values):
        return -1, values
    shape = 0
    included = []
    for i, value in enumerate(values):
        if value is not None or not omit_none[i]:
            shape |= 1 << i
            included.append(value)
    return shape, tuple(included)
