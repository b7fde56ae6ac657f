# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""Rows for objects that are there already; the compiled twin.

The twin in Python is ``refilling_py``.
"""

from cpython.list cimport PyList_GET_SIZE

from ormolu._speedups.changes_c cimport forget
from ormolu._speedups.instance_c cimport (
    F_EXPIRED,
    F_PARTIAL,
    EntityBase,
    State,
    fresh_values,
    layout_of_state,
    originals_of,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport state_for
from ormolu._speedups.plans_c cimport EntityPlan
from ormolu._speedups.values_c cimport peek_value, put_value

from ormolu._speedups.sentinel import UNLOADED

__all__ = []

cdef object _UNLOADED = UNLOADED


cdef list overwrite(EntityPlan plan, object obj, tuple row, object only):
    """Overwrite what the row has of an object, and forget its changes there.

    Returns:
        the keys that were overwritten.
    """
    cdef State state = state_for(obj)
    cdef Layout layout = layout_of_state(state)
    cdef list slots = []
    cdef list values = []
    cdef list keys = []
    cdef dict originals
    cdef Py_ssize_t slot, own, i
    for slot in range(plan._size):
        if plan._at[slot] < 0:
            continue
        own = _own_slot(plan, layout, slot)
        if own >= 0 and (only is None or own in only):
            values.append(plan._value(row, slot))
            slots.append(own)
            keys.append(plan.layout.keys[slot])
    originals = originals_of(state)
    if originals is not None and len(originals):
        for key in keys:
            originals.pop(key, None)
        if only is None and not len(originals):
            forget(obj, state)
    for i in range(len(slots)):
        put_value(obj, slots[i], values[i])
    _settle(obj)
    return keys


cdef list fill(EntityPlan plan, object obj, tuple row):
    """Load what is missing of an object, except what the user has changed.

    Returns:
        the keys that were loaded, which may be the layout's own list; None if nothing
        was missing.
    """
    cdef State state = state_for(obj)
    cdef Layout layout = layout_of_state(state)
    cdef list slots = []
    cdef list values = []
    cdef list keys = []
    cdef dict originals
    cdef Py_ssize_t slot, own, i
    if (
        plan._is_entity
        and isinstance(obj, EntityBase)
        and state._values is None
        and originals_of(state) is None
        and layout is plan.layout
        and plan._present == plan._size
        and PyList_GET_SIZE(layout.keys) == plan._size
        and plan._size
    ):
        # an expired object takes a whole row as a new one does
        new_values = plan._values(row)
        if state._values is None and originals_of(state) is None:
            fresh_values(<EntityBase>obj, new_values)
            _settle(obj)
            return layout.keys
    for slot in range(plan._size):
        if plan._at[slot] < 0:
            continue
        own = _own_slot(plan, layout, slot)
        if own < 0 or peek_value(obj, own) is not _UNLOADED:
            continue
        key = plan.layout.keys[slot]
        originals = originals_of(state)
        if originals is None or key not in originals:
            values.append(plan._value(row, slot))
            slots.append(own)
            keys.append(key)
    if not slots:
        return None
    for i in range(len(slots)):
        put_value(obj, slots[i], values[i])
    _settle(obj)
    return keys


cdef int _settle(object obj) except -1:
    """Set the flags of an object that has new values."""
    cdef State state = state_for(obj)
    cdef Py_ssize_t slot
    state._flags &= ~<unsigned int>(F_EXPIRED | F_PARTIAL)
    for slot in range(len(layout_of_state(state).keys)):
        if peek_value(obj, slot) is _UNLOADED:
            state._flags |= F_PARTIAL
            break
    return 0


cdef bint lacks_anything(object obj) except -1:
    """Whether a column or relationship of an object is not loaded."""
    cdef State state = state_for(obj)
    cdef Py_ssize_t i
    if state._flags & F_PARTIAL:
        return True
    for i in range(len(layout_of_state(state).related_keys)):
        if peek_value(obj, -1 - i) is _UNLOADED:
            return True
    return False


cdef Py_ssize_t _own_slot(EntityPlan plan, Layout layout, Py_ssize_t slot) except -2:
    """The slot of the plan's column in an object's own layout, -1 if it has none.

    They differ where an object of a subclass is met with the plan of its base.
    """
    if layout is plan.layout:
        return slot
    return layout.index.get(plan.layout.keys[slot], -1)
