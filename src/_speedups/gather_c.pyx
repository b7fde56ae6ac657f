# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, freethreading_compatible=False
"""Collects the values of many objects for a flush; the compiled twin.

The twin in Python is ``gather_py``.
"""

from cpython.dict cimport PyDict_GetItemWithError, PyDict_Next
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdlib cimport free, malloc

from ormolu._speedups.instance_c cimport (
    EntityBase,
    State,
    borrow,
    layout_of_state,
    originals_of,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport state_if_any
from ormolu._speedups.values_c cimport peek_value

from ormolu._speedups.sentinel import UNLOADED

__all__ = ["changed", "changed_alike", "gather", "gather_one", "shape_rows"]

cdef object _UNLOADED = UNLOADED


cdef class _Slots:
    """Slots as a C array."""

    cdef Py_ssize_t size
    cdef Py_ssize_t* at

    def __cinit__(self, slots):
        cdef list given = list(slots)
        cdef Py_ssize_t i
        self.size = len(given)
        self.at = <Py_ssize_t*>malloc(max(self.size, 1) * sizeof(Py_ssize_t))
        if self.at is NULL:
            raise MemoryError
        for i in range(self.size):
            self.at[i] = given[i]

    def __dealloc__(self):
        free(self.at)


cdef tuple _gather(object obj, _Slots slots):
    cdef tuple values = PyTuple_New(slots.size)
    cdef PyObject* found
    cdef Py_ssize_t i
    if isinstance(obj, EntityBase):
        for i in range(slots.size):  # runs no code, so borrowing is safe
            found = borrow(<EntityBase>obj, slots.at[i])
            if found is NULL or found is <PyObject*>_UNLOADED:
                found = <PyObject*>None
            Py_INCREF(<object>found)
            PyTuple_SET_ITEM(values, i, <object>found)
        return values
    for i in range(slots.size):
        value = peek_value(obj, slots.at[i])
        if value is _UNLOADED:
            value = None
        Py_INCREF(value)
        PyTuple_SET_ITEM(values, i, value)
    return values


def gather(objs, slots):
    """For each object the values at the slots, None for what is not loaded."""
    cdef _Slots at = _Slots(slots)
    return [_gather(obj, at) for obj in objs]


def gather_one(obj, slots):
    """The values of one object at the slots, None for what is not loaded."""
    return _gather(obj, _Slots(slots))


def changed(obj):
    """The slots of the columns whose values differ from their originals."""
    cdef State state = state_if_any(obj)
    cdef Layout layout
    cdef PyObject* key_ptr
    cdef PyObject* original_ptr
    cdef PyObject* found_ptr
    cdef Py_ssize_t slot
    cdef Py_ssize_t position = 0
    cdef dict originals
    cdef list found = []
    if state is None or originals_of(state) is None:
        return found
    layout = layout_of_state(state)
    originals = originals_of(state)
    if len(originals) > 1:
        originals = originals.copy()  # a comparison may change the object
    while PyDict_Next(originals, &position, &key_ptr, &original_ptr):
        original = <object>original_ptr
        key = <object>key_ptr
        found_ptr = PyDict_GetItemWithError(layout.index, key)
        slot = -1 if found_ptr is NULL else <object>found_ptr
        if slot >= 0 and _differs(layout, slot, original, peek_value(obj, slot)):
            found.append(slot)
    if len(found) > 1:
        found.sort()
    return found


cdef bint _differs(Layout layout, Py_ssize_t slot, object original, object value) except -1:
    if value is original:
        return original is _UNLOADED
    if original is _UNLOADED or value is _UNLOADED:
        return True
    compare = None if layout.comparators is None else layout.comparators.get(slot)
    try:
        # Only True means equal: a comparison may answer with an object of its own.
        if compare is None:
            return (original == value) is not True
        return compare(original, value) is not True
    except Exception:  # what cannot be compared is written again
        return True


def changed_alike(
    list objs not None, Py_ssize_t start, updatable, Py_ssize_t pk_slot, pk_key,
    special,
):
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
    cdef Py_ssize_t i
    cdef tuple slots = None
    cdef tuple own
    cdef list found = []
    cdef list keys = []
    for i in range(start, len(objs)):
        obj = objs[i]
        own = tuple([slot for slot in changed(obj) if slot in updatable])
        if not own:
            continue
        key = _kept_key(obj, pk_slot, pk_key)
        if (
            key is None
            or (slots is not None and own != slots)
            or _has_special(obj, own, special)
        ):
            return slots if found else None, found, keys, i
        slots = own
        found.append(obj)
        keys.append((key,))
    return slots, found, keys, len(objs)


cdef object _kept_key(object obj, Py_ssize_t pk_slot, object pk_key):
    """The key that an object is known by, if it has it and had it all along."""
    cdef State state = state_if_any(obj)
    cdef dict originals
    if state is None or peek_value(obj, pk_slot) is not state._key:
        return None
    originals = originals_of(state)
    if originals is not None and pk_key in originals:
        return None
    return state._key


cdef bint _has_special(object obj, tuple slots, object special) except -1:
    for slot in slots:
        if _is_special(special, type(peek_value(obj, slot))):
            return True
    return False


def shape_rows(objs, slots, omit_none, special=None):
    """For each object which of the slots an INSERT names, and their values.

    A slot is left out where its value is None or not loaded and ``omit_none`` says
    so.  The shape has bit ``i`` set if ``slots[i]`` is included; it is -1, with all
    the values, for an object with a value of one of the ``special`` types (a dict
    tells of every type whether it is special).
    """
    cdef _Slots at = _Slots(slots)
    cdef _Slots omit = _Slots([bool(flag) for flag in omit_none])
    if at.size != omit.size:
        raise ValueError("slots and omit_none differ in length")
    full = (<object>1 << at.size) - 1  # not in C, where it overflows
    kinds = special if isinstance(special, dict) else None
    types = None if kinds is not None else special or None
    return [_shape(obj, at, omit, types, kinds, full) for obj in objs]


cdef inline bint _is_special(object kinds, object kind) except -1:
    """Whether a type is special; only an unknown one costs a look through Python."""
    cdef PyObject* known = PyDict_GetItemWithError(<dict>kinds, kind)
    return bool(kinds[kind] if known is NULL else <object>known)


cdef tuple _shape(
    object obj, _Slots slots, _Slots omit, object special, object kinds, object full
):
    cdef tuple values = _gather(obj, slots)
    cdef Py_ssize_t i
    cdef Py_ssize_t omitted = 0
    if kinds is not None:
        for value in values:
            if _is_special(kinds, type(value)):
                return (-1, values)
    elif special is not None:
        for value in values:
            if isinstance(value, special):
                return (-1, values)
    for i in range(slots.size):
        if omit.at[i] and values[i] is None:
            omitted += 1
    if not omitted:  # as in most rows of tables without generated keys
        return (full, values)
    return _shape_without(values, omit, omitted)


cdef tuple _shape_without(tuple values, _Slots omit, Py_ssize_t omitted):
    """The shape, and the values that it includes."""
    cdef Py_ssize_t size = len(values)
    cdef tuple included = PyTuple_New(size - omitted)
    cdef unsigned long long bits = 0
    cdef object high = None
    cdef Py_ssize_t i
    cdef Py_ssize_t at = 0
    for i in range(size):
        value = values[i]
        if omit.at[i] and value is None:
            continue
        if i < 64:
            bits |= 1ULL << i
        else:
            high = (0 if high is None else high) | <object>1 << i
        Py_INCREF(value)
        PyTuple_SET_ITEM(included, at, value)
        at += 1
    return (bits if high is None else high | bits, included)
