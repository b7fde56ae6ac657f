# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""The descriptor of a mapped attribute; the compiled twin.

The twin in Python is ``attribute_py``.
"""

cimport cython
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport ormolu_is_exactly
from ormolu._speedups.changes_c cimport write_embedded, write_slot
from ormolu._speedups.instance_c cimport (
    EntityBase,
    State,
    borrow,
    is_new,
    layout_of_state,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport layout_for, state_for, values_of
from ormolu._speedups.values_c cimport peek_value

from ormolu._speedups.sentinel import UNLOADED

__all__ = ["Attribute"]

cdef object _UNLOADED = UNLOADED


@cython.nonecheck(False)
cdef inline bint _is_home_of(Attribute attribute, object obj) noexcept:
    """Whether an object is embedded and has the very layout of an attribute.

    Comparing the exact type is 5 ns faster than looking for EntityBase in an mro.
    """
    return (
        attribute.layout is not None
        and attribute.layout._is_entity
        and ormolu_is_exactly(<PyObject*>obj, <PyObject*>attribute.layout.cls)
        and (<EntityBase>obj)._layout is attribute.layout
    )


cdef class Attribute:
    """The descriptor of one mapped attribute.

    ``on_missing(obj)`` supplies a value that is not loaded, ``on_set(obj, value)``
    and ``on_delete(obj)`` take the place of the plain store.  Without them nothing
    but the instance is touched.  With ``new_is_plain`` an object that has neither a
    key nor extras, and has not lost its values, is stored to without ``on_set``.
    """

    def __init__(self, key):
        self.key = key

    def __get__(self, obj, owner):
        cdef PyObject* found
        if obj is None:
            return self
        if _is_home_of(self, obj):
            found = borrow(<EntityBase>obj, self.slot)
            if found is not NULL and found is not <PyObject*>_UNLOADED:
                return <object>found
            return self._missing(obj)
        return self._get_slowly(obj)

    cdef object _get_slowly(self, obj):
        if isinstance(obj, EntityBase):
            value = peek_value(obj, self._slot_in(obj))
        else:
            value = values_of(obj).get(self.key, _UNLOADED)
        return self._missing(obj) if value is _UNLOADED else value

    cdef object _missing(self, obj):
        on_missing = self.on_missing
        if on_missing is None:
            raise _no_attribute(obj, self.key)
        return on_missing(obj)

    def __set__(self, obj, value):
        cdef State state
        if self.on_set is not None and not (
            self.new_is_plain
            and isinstance(obj, EntityBase)
            and is_new(<EntityBase>obj)
        ):
            if not isinstance(obj, EntityBase):
                values_of(obj)
            on_set = self.on_set
            on_set(obj, value)
        elif _is_home_of(self, obj):
            write_embedded(<EntityBase>obj, self.layout, self.slot, value)
        else:
            self._set_slowly(obj, value)

    cdef int _set_slowly(self, obj, value) except -1:
        if not isinstance(obj, EntityBase):
            values_of(obj)
        state = state_for(obj)
        slot = self._slot_in(obj)
        layout = layout_of_state(state)
        layout._key_of(slot)
        write_slot(obj, state, layout, slot, value)
        return 0

    def __delete__(self, obj):
        if not isinstance(obj, EntityBase):
            values_of(obj)
        on_delete = self.on_delete
        if on_delete is None:
            raise AttributeError(
                f"attribute {self.key!r} of {type(obj).__name__!r} object cannot be "
                f"deleted"
            )
        on_delete(obj)

    cdef Py_ssize_t _slot_in(self, object obj) except? -1:
        cdef Layout layout = layout_for(obj)
        if layout is self.layout:
            return self.slot
        slot = layout.index.get(self.key)
        if slot is None:
            raise _no_attribute(obj, self.key)
        return slot


cdef object _no_attribute(object obj, object key):
    return AttributeError(f"{type(obj).__name__!r} object has no attribute {key!r}")
