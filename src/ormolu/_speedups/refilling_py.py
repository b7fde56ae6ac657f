"""Rows for objects that are there already; the twin in Python.

The compiled twin is ``refilling_c``.
"""

from __future__ import annotations

from typing import Any

from ormolu._speedups.changes_py import forget_changes
from ormolu._speedups.instance_py import EXPIRED, PARTIAL, EntityBase, State
from ormolu._speedups.lookup_py import state_of
from ormolu._speedups.plans_py import EntityPlan, Row
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek, put

__all__: list[str] = []


def overwrite(plan: EntityPlan, obj: Any, row: Row, only: set[int] | None) -> list[str]:
    """Overwrite what the row has of an object, and forget its changes there.

    Returns:
        the keys that were overwritten.
    """
    state = state_of(obj)
    slots = [
        (slot, own)
        for slot, own in _own_slots(plan, state)
        if only is None or own in only
    ]
    values = _fill_values(plan, row, slots)
    originals = state._o_originals
    if originals:
        for slot, _ in slots:
            originals.pop(plan.layout.keys[slot], None)
        if only is None and not originals:
            forget_changes(obj)
    return _store(plan, obj, state, slots, values)


def fill(plan: EntityPlan, obj: Any, row: Row) -> list[str] | None:
    """Load what is missing of an object, except what the user has changed.

    Returns:
        the keys that were loaded, which may be the layout's own list; None if nothing
        was missing.
    """
    if _take_row(plan, obj, row):
        return plan.layout.keys
    state = state_of(obj)
    slots = [
        (slot, own)
        for slot, own in _own_slots(plan, state)
        if peek(obj, own) is UNLOADED
        and not has_original(state, plan.layout.keys[slot])
    ]
    if not slots:
        return None
    return _store(plan, obj, state, slots, _fill_values(plan, row, slots))


def _take_row(plan: EntityPlan, obj: Any, row: Row) -> bool:
    """Give an expired object a whole row, as a new one gets it."""
    if (
        not isinstance(obj, EntityBase)
        or not _is_bare(obj)
        or obj._o_layout is not plan.layout
        or not len(plan._present) == plan._size == len(plan.layout.keys) > 0
    ):
        return False
    values = plan._values(row)
    if not _is_bare(obj):
        return False  # a processor has used the object meanwhile
    obj._o_values = values
    _settle(obj, obj)
    return True


def _fill_values(plan: EntityPlan, row: Row, slots: list[tuple[int, int]]) -> list[Any]:
    return [plan._value(row, slot) for slot, _ in slots]


def _store(
    plan: EntityPlan,
    obj: Any,
    state: State,
    slots: list[tuple[int, int]],
    values: list[Any],
) -> list[str]:
    for (_, own), value in zip(slots, values, strict=True):
        put(obj, own, value)
    _settle(obj, state)
    keys = plan.layout.keys
    return [keys[slot] for slot, _ in slots]


def _settle(obj: Any, state: State) -> None:
    """Set the flags of an object that has new values."""
    state._o_flags &= ~(EXPIRED | PARTIAL)
    size = len(state._o_layout.keys)
    if isinstance(obj, EntityBase):
        loaded = obj._o_values or ()
        if len(loaded) < size or any(value is UNLOADED for value in loaded):
            state._o_flags |= PARTIAL
    elif any(peek(obj, slot) is UNLOADED for slot in range(size)):
        state._o_flags |= PARTIAL


def lacks_anything(obj: Any) -> bool:
    """Whether a column or relationship of an object is not loaded."""
    state = state_of(obj)
    if state._o_flags & PARTIAL:
        return True
    related = len(state._o_layout.related_keys)
    return any(peek(obj, -1 - i) is UNLOADED for i in range(related))


def _own_slots(plan: EntityPlan, state: State) -> list[tuple[int, int]]:
    """The slots in the row, each with the slot in the object's own layout.

    They differ where an object of a subclass is met with the plan of its base.
    """
    layout = state._o_layout
    if layout is plan.layout:
        return [(slot, slot) for slot, _ in plan._present]
    keys = plan.layout.keys
    pairs = [(slot, layout.index.get(keys[slot], -1)) for slot, _ in plan._present]
    return [pair for pair in pairs if pair[1] >= 0]


def _is_bare(obj: EntityBase) -> bool:
    return obj._o_values is None and obj._o_originals is None


def has_original(state: State, key: str) -> bool:
    return state._o_originals is not None and key in state._o_originals
