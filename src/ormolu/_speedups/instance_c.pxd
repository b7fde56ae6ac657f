# cython: nonecheck=True
"""The state of objects, for the modules that work on its struct."""

cimport cython
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport ormolu_item
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.weak_table_c cimport WeakTable


cdef enum Flag:
    F_MODIFIED = 1
    F_FRESH = 2
    F_DELETED = 4
    F_PARTIAL = 8
    F_EXPIRED = 16
    F_LOADING = 32
    F_BUSY = 64
    F_LAPSED = 128


cdef enum Skip:
    SKIP_KEY = 1  # an int or a str
    SKIP_VALUES = 2  # a tuple that the collector does not track any more


cdef class Rare:
    # shared by the objects of a load while there is nothing but the origin
    cdef bint shared
    cdef object origin
    cdef dict originals
    cdef dict extras
    cdef object view
    # who refers to the object: by one token, which is all that most have, and the rest
    cdef object parent_token
    cdef object parent
    cdef dict parents


cdef class State:
    cdef object __weakref__
    # traverse in instance_c.pyx knows the six objects in this order
    cdef Layout _layout
    cdef WeakTable _home  # an IdentityDict, which is made above this
    cdef object _key
    cdef object _values  # None, an exact tuple or an exact list
    cdef list _related
    cdef Rare _rare  # None as long as there is nothing to put into it
    cdef unsigned int _flags
    # what the collector need not look at: bits of Skip, taken back with the value
    cdef unsigned int _skip


cdef class EntityBase(State):
    # The instance dict, NULL until something is put into it.  Not an object for
    # Cython, which would allocate it in tp_new and set it to None in tp_clear.
    cdef PyObject* _dict


cdef class AdoptedState(State):
    cdef readonly object _o_ref


@cython.nonecheck(False)
cdef inline PyObject* borrow(EntityBase obj, Py_ssize_t slot) noexcept:
    """The value in a slot, borrowed; NULL if the storage has no such slot."""
    if slot >= 0:
        return ormolu_item(<PyObject*>obj._values, slot)
    return ormolu_item(<PyObject*>obj._related, -1 - slot)


@cython.nonecheck(False)
cdef inline dict originals_of(State state):
    return None if state._rare is None else state._rare.originals


cdef inline Layout layout_of_state(State state):
    return find_layout(state) if state._layout is None else state._layout


cdef inline int set_key(State state, object key) except -1:
    state._skip &= ~<unsigned int>SKIP_KEY
    state._key = key
    if type(key) is int or type(key) is str:
        state._skip |= SKIP_KEY
    return 0


cdef inline int set_values(State state, object values) except -1:
    state._skip &= ~<unsigned int>SKIP_VALUES
    state._values = values
    return 0


cdef inline bint is_new(State state) except -1:
    """Whether nothing is known of an object that a write would have to heed."""
    return (
        state._key is None
        and not state._flags & F_LAPSED
        and (state._rare is None or state._rare.extras is None)
    )


cdef Rare shared_rare(object origin)
cdef Rare own_rare(State state)
cdef int set_originals(State state, dict originals) except -1
cdef Layout find_layout(State state)
cdef EntityBase new_entity(object cls)
cdef int fresh_values(EntityBase obj, tuple values) except -1
