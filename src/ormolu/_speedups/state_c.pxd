"""What the other compiled modules of the kernel share with ``state_c``."""

from cpython.object cimport PyObject, PyTypeObject

from ormolu._speedups.int_table cimport ormolu_ints

cdef extern from *:
    """
    /* A new reference to what a weak reference points to; NULL, without an
       error, when it is gone or being deallocated. */
    static inline PyObject *ormolu_deref(PyObject *ref) {
    #if PY_VERSION_HEX >= 0x030D0000
        PyObject *obj = NULL;
        if (PyWeakref_GetRef(ref, &obj) < 0) PyErr_Clear();
        return obj;
    #else
        PyObject *obj = PyWeakref_GET_OBJECT(ref);
        if (obj == Py_None) return NULL;
        return Py_NewRef(obj);
    #endif
    }

    /* Replace an item of a list without a moment in which it is invalid. */
    static inline void ormolu_list_set(PyObject *list, Py_ssize_t i, PyObject *v) {
        PyObject *old = PyList_GET_ITEM(list, i);
        PyList_SET_ITEM(list, i, Py_NewRef(v));
        Py_XDECREF(old);
    }

    /* The item of an exact tuple or list, borrowed; NULL if there is none. */
    static inline PyObject *ormolu_item(PyObject *storage, Py_ssize_t i) {
        if (PyTuple_CheckExact(storage))
            return i < PyTuple_GET_SIZE(storage) ? PyTuple_GET_ITEM(storage, i) : NULL;
        if (PyList_CheckExact(storage))
            return i < PyList_GET_SIZE(storage) ? PyList_GET_ITEM(storage, i) : NULL;
        return NULL;
    }
    """
    PyObject* ormolu_deref(PyObject* ref) noexcept
    void ormolu_list_set(PyObject* list, Py_ssize_t i, PyObject* value) noexcept
    PyObject* ormolu_item(PyObject* storage, Py_ssize_t i) noexcept

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


cdef class Layout:
    cdef object __weakref__
    cdef readonly object cls
    cdef readonly list keys
    cdef readonly list related_keys
    cdef readonly dict index
    cdef public tuple pk_slots
    cdef Layout _base
    cdef public bint embedded
    # whether cls derives from EntityBase, so that its exact type proves the struct
    cdef bint _is_entity
    # the last type in ``attributes`` that was seen to derive from Attribute
    cdef object _attribute_type
    cdef public object mapper
    cdef public dict defaults
    cdef public dict comparators
    cdef public object state_factory
    # where a save goes on to: slot, key, list type or None, class; None if not known
    cdef public tuple save_plan
    cdef public dict attributes

    cdef Layout _root(self)
    cdef object _key_of(self, Py_ssize_t slot)


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
    # traverse in state_c.pyx knows the six objects in this order
    cdef Layout _layout
    cdef IdentityDict _home
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


cdef class Tracker:
    cdef object __weakref__
    cdef public dict modified
    cdef public dict new
    cdef public dict deleted
    cdef public dict homes
    cdef public Py_ssize_t loads
    cdef public Py_ssize_t hits
    cdef public bint idle
    cdef object _owner

    cdef IdentityDict _home_of(self, Layout layout, object token)


cdef class IdentityDict:
    cdef object __weakref__
    cdef object _tracker
    cdef readonly Layout layout
    cdef readonly object token
    # the weak references: by an integer in the table until a key of another kind
    # comes, in the dict from then on; it is None before
    cdef ormolu_ints _ints
    cdef dict _entries

    cdef Tracker _live_tracker(self)
    cdef PyObject* _ref(self, object key) except? NULL
    cdef PyObject* _ref_of_equal(self, object key) except? NULL
    cdef int _set_ref(self, object key, object ref) except -1
    cdef int _remove(self, object key) except -1
    cdef int _use_dict(self) except -1
    cdef int _clear(self) except -1
    cdef list _snapshot(self)
    cdef object _find(self, object key)
    cdef int _enter(self, object obj, State state, object key) except -1


cdef class Attribute:
    cdef public object key
    cdef public Layout layout
    cdef public Py_ssize_t slot
    cdef public object on_missing
    cdef public object on_set
    cdef public bint new_is_plain
    cdef public object on_delete

    cdef object _get_slowly(self, object obj)
    cdef object _missing(self, object obj)
    cdef int _set_slowly(self, object obj, object value) except -1
    cdef Py_ssize_t _slot_in(self, object obj) except? -1


cdef inline PyObject* borrow(EntityBase obj, Py_ssize_t slot) noexcept:
    """The value in a slot, borrowed; NULL if the storage has no such slot."""
    if slot >= 0:
        return ormolu_item(<PyObject*>obj._values, slot)
    return ormolu_item(<PyObject*>obj._related, -1 - slot)


cdef inline dict originals_of(State state):
    return None if state._rare is None else state._rare.originals


cdef Rare shared_rare(object origin)
cdef int set_originals(State state, dict originals) except -1
cdef int set_parent_of(object child, object token, object parent) except -1
cdef int change_original(object obj, State state, object key, object old) except -1
cdef object new_ref(object obj)
cdef int write_entity(
    EntityBase obj, Layout layout, Py_ssize_t slot, object value
) except -1
cdef Layout layout_for(object obj)
cdef Layout layout_of_state(State state)
cdef State state_for(object obj)
cdef State state_if_any(object obj)
cdef object peek_value(object obj, Py_ssize_t slot)
cdef int put_value(object obj, Py_ssize_t slot, object value) except -1
cdef int forget(object obj, State state) except -1
cdef int fresh_values(EntityBase obj, tuple values) except -1
cdef EntityBase new_entity(object cls)
cdef AdoptedState new_companion(object obj, Layout layout, dict namespace)
cdef dict dict_of(object obj)
