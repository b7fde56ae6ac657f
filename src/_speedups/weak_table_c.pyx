# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""A table of weak references by key; the compiled twin.

The twin in Python is ``weak_table_py``.
"""

from cpython.dict cimport PyDict_GetItemWithError
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport int64_t

from ormolu._speedups.c_api cimport ormolu_deref, ormolu_list_set
from ormolu._speedups.int_table cimport (
    ormolu_ints_clear,
    ormolu_ints_find,
    ormolu_ints_init,
    ormolu_ints_remove,
    ormolu_ints_set,
)

import sys

cdef extern from *:
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1

__all__ = ["WeakTable"]

cdef int64_t _MODULUS = sys.hash_info.modulus


cdef class WeakTable:
    """Objects by key, which are held weakly.

    What is dead is passed over; who dies removes its own entry.
    """

    def __cinit__(self):
        ormolu_ints_init(&self._ints)

    def __dealloc__(self):
        ormolu_ints_clear(&self._ints)

    cdef PyObject* _ref(self, object key) except? NULL:
        """The reference under a key, borrowed; NULL if there is none."""
        cdef int64_t number
        if self._entries is not None:
            return PyDict_GetItemWithError(self._entries, key)
        if _is_small(key, &number):
            return ormolu_ints_find(&self._ints, number)
        return self._ref_of_equal(key)

    cdef PyObject* _ref_of_equal(self, object key) except? NULL:
        """The reference under the integer in the table that a key is equal to."""
        cdef int64_t number = hash(key)  # that of a small integer is the integer
        while True:
            # a comparison may run anything, so all is asked for again after it
            if ormolu_ints_find(&self._ints, number) is not NULL and number == key:
                if self._entries is not None:
                    return PyDict_GetItemWithError(self._entries, key)
                return ormolu_ints_find(&self._ints, number)
            if number != -2:
                break
            number = -1  # whose hash is that of -2
        if self._entries is not None:
            return PyDict_GetItemWithError(self._entries, key)
        return NULL

    cdef int _set_ref(self, object key, object ref) except -1:
        cdef int64_t number
        if self._entries is None:
            if _is_small(key, &number):
                return ormolu_ints_set(&self._ints, number, ref)
            hash(key)  # before anything is changed
            self._use_dict()
        self._entries[key] = ref
        return 0

    cdef int _remove(self, object key) except -1:
        cdef int64_t number
        if self._entries is None:
            if _is_small(key, &number):
                ormolu_ints_remove(&self._ints, number)
                return 0
            hash(key)
            self._use_dict()
        self._entries.pop(key, None)
        return 0

    cdef int _use_dict(self) except -1:
        """Move the entries of the table to a dict."""
        cdef dict entries = {}
        cdef Py_ssize_t i
        if self._entries is not None:
            return 0  # making a dict may have run the collector, and so anything
        # nothing is made here that would run it
        for i in range(self._ints.used):
            if self._ints.refs[i] is not NULL:
                entries[self._ints.keys[i]] = <object>self._ints.refs[i]
        self._entries = entries
        ormolu_ints_clear(&self._ints)
        return 0

    cdef int _clear(self) except -1:
        self._entries = None
        ormolu_ints_clear(&self._ints)
        return 0

    cdef list _snapshot(self):
        """Keys and references as they are now, in turn."""
        cdef Py_ssize_t i
        cdef Py_ssize_t size = -1
        cdef list found = []
        cdef object key
        cdef PyObject* ref
        while self._entries is None and size != self._ints.live:
            # making the list may run the collector, and so anything
            size = self._ints.live
            found = [None] * (2 * size)
        if self._entries is not None:
            found = []
            for pair in list(self._entries.items()):
                found += pair
            return found
        size = 0
        for i in range(self._ints.used):
            ref = self._ints.refs[i]
            if ref is not NULL:
                key = self._ints.keys[i]
                ormolu_list_set(<PyObject*>found, size, <PyObject*>key)
                ormolu_list_set(<PyObject*>found, size + 1, ref)
                size += 2
        return found

    cdef object _find(self, object key):
        cdef PyObject* ref = self._ref(key)
        cdef PyObject* found
        if ref is NULL:
            return None
        found = ormolu_deref(ref)
        if found is NULL:
            return None
        obj = <object>found
        Py_XDECREF(found)
        return obj

    def get(self, key):
        """The object with a key, or None."""
        return self._find(key)

    def values(self):
        """The objects that are alive, in the order of their entries."""
        cdef list found = []
        cdef list entries = self._snapshot()
        cdef Py_ssize_t i
        for i in range(1, PyList_GET_SIZE(entries), 2):
            obj = _object_of(PyList_GET_ITEM(entries, i))
            if obj is not None:
                found.append(obj)
        return found

    def keys(self):
        """The keys of the objects that are alive."""
        return [pair[0] for pair in self.items()]

    def items(self):
        """Keys and objects that are alive."""
        cdef list pairs = []
        cdef list entries = self._snapshot()
        cdef Py_ssize_t i
        for i in range(1, PyList_GET_SIZE(entries), 2):
            obj = _object_of(PyList_GET_ITEM(entries, i))
            if obj is not None:
                pairs.append((entries[i - 1], obj))
        return pairs

    def __len__(self):
        cdef Py_ssize_t alive = 0
        cdef list entries = self._snapshot()
        cdef Py_ssize_t i
        for i in range(1, PyList_GET_SIZE(entries), 2):
            alive += _is_alive(PyList_GET_ITEM(entries, i))
        return alive

    def __bool__(self):
        return True


cdef void forget_entry(PyObject* table, PyObject* key) noexcept:
    """Remove what a dead object has left in its table."""
    try:
        _purge(<WeakTable>table, <object>key)
    except BaseException:
        # a key that cannot be compared any more; a destructor has no one to tell
        pass


cdef int _purge(WeakTable table, object key) except -1:
    cdef dict entries
    cdef PyObject* found = table._ref(key)
    if found is NULL or _is_alive(found):
        return 0
    entries = table._entries
    if entries is None:
        return table._remove(key)
    ref = entries.pop(key, None)
    # comparing keys may have run code that entered another object meanwhile
    if ref is not None and _is_alive(<PyObject*>ref):
        entries[key] = ref
    return 0


cdef inline object _object_of(PyObject* ref):
    """The object that a weak reference points to, or None."""
    cdef PyObject* found = ormolu_deref(ref)
    if found is NULL:
        return None
    obj = <object>found
    Py_XDECREF(found)
    return obj


cdef inline bint _is_small(object key, int64_t* number) except -1:
    """Whether a key is an int whose hash is the number itself (-1 apart)."""
    cdef int overflow = 0
    if type(key) is not int:
        return False
    number[0] = PyLong_AsLongLongAndOverflow(key, &overflow)
    return not overflow and -_MODULUS < number[0] < _MODULUS


cdef bint _is_alive(PyObject* ref) noexcept:
    cdef PyObject* obj = ormolu_deref(ref)
    Py_XDECREF(obj)
    return obj is not NULL
