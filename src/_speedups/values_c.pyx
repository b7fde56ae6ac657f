# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""The values of mapped objects, slot by slot; the compiled twin.

The twin in Python is ``values_py``.  Nothing here is a change.
"""

from cpython.list cimport PyList_GET_SIZE
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport ormolu_filled_list, ormolu_list_set
from ormolu._speedups.instance_c cimport (
    F_FRESH,
    F_PARTIAL,
    EntityBase,
    borrow,
    layout_of_state,
    set_values,
)
from ormolu._speedups.layout_c cimport Layout, key_at
from ormolu._speedups.lookup_c cimport layout_for, state_for, values_of

from ormolu._speedups.sentinel import UNLOADED

__all__ = ["drop", "loaded", "peek", "peek_key", "put"]

cdef object _UNLOADED = UNLOADED


cdef object peek_value(object obj, Py_ssize_t slot):
    cdef PyObject* found
    if isinstance(obj, EntityBase):
        found = borrow(<EntityBase>obj, slot)
        return _UNLOADED if found is NULL else <object>found
    namespace = values_of(obj)
    key = key_at(layout_for(obj), slot)
    return _UNLOADED if key is None else namespace.get(key, _UNLOADED)


def peek(obj, Py_ssize_t slot):
    """The value in a slot or ``UNLOADED``; nothing is loaded, nothing fires."""
    return peek_value(obj, slot)


def peek_key(obj, key):
    """The value of a key or ``UNLOADED``; also for a key that is not mapped."""
    slot = layout_for(obj).index.get(key)
    return _UNLOADED if slot is None else peek_value(obj, slot)


cdef int put_value(object obj, Py_ssize_t slot, object value) except -1:
    if isinstance(obj, EntityBase):
        return store(<EntityBase>obj, slot, value)
    key = layout_of_state(state_for(obj))._key_of(slot)
    return store_adopted(values_of(obj), key, value)


cdef int store_slowly(EntityBase obj, Py_ssize_t slot, object value) except -1:
    """Put a value into a private list, which is made when there is none."""
    cdef Layout layout
    cdef list storage
    if slot >= 0:
        if type(obj._values) is not list or slot >= PyList_GET_SIZE(obj._values):
            layout = layout_of_state(obj)
            layout._key_of(slot)
            storage = _grown(obj._values, len(layout.keys))
            set_values(obj, storage)
        else:
            storage = <list>obj._values
    else:
        slot = -1 - slot
        storage = obj._related
        if storage is None or slot >= PyList_GET_SIZE(storage):
            layout = layout_of_state(obj)
            layout._key_of(-1 - slot)
            storage = _grown(storage, len(layout.related_keys))
            obj._related = storage
    # replacing the storage may have run code that cut the list short
    if slot >= PyList_GET_SIZE(storage):
        raise IndexError("list assignment index out of range")
    ormolu_list_set(<PyObject*>storage, slot, <PyObject*>value)
    return 0


cdef list _grown(object storage, Py_ssize_t size):
    """A private list with the values, and as many slots as the layout has."""
    cdef list grown
    if storage is None:
        return ormolu_filled_list(size, _UNLOADED)
    grown = list(storage)
    while PyList_GET_SIZE(grown) < size:
        grown.append(_UNLOADED)
    return grown


cdef int store_adopted(dict namespace, object key, object value) except -1:
    if value is _UNLOADED:
        namespace.pop(key, None)
    else:
        namespace[key] = value
    return 0


def put(obj, Py_ssize_t slot, value):
    """Store a value as one that was loaded: it is no change."""
    put_value(obj, slot, value)


def drop(obj, Py_ssize_t slot):
    """Make a slot unloaded; the original of a change is kept."""
    state = state_for(obj)
    if peek_value(obj, slot) is not _UNLOADED:
        put_value(obj, slot, _UNLOADED)
    if slot >= 0 and not state._flags & F_FRESH:
        state._flags |= F_PARTIAL


def loaded(obj):
    """The attributes that are in memory: columns in slot order, then related."""
    cdef Layout layout = layout_for(obj)
    cdef Py_ssize_t i
    cdef dict found = {}
    cdef list keys = layout.keys
    for i in range(len(keys)):
        value = peek_value(obj, i)
        if value is not _UNLOADED:
            found[keys[i]] = value
    keys = layout.related_keys
    for i in range(len(keys)):
        value = peek_value(obj, -1 - i)
        if value is not _UNLOADED:
            found[keys[i]] = value
    return found
