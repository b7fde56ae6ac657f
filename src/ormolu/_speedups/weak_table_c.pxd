"""The table that identity dicts are made of."""

from cpython.object cimport PyObject

from ormolu._speedups.int_table cimport ormolu_ints


cdef class WeakTable:
    cdef object __weakref__
    # the weak references: by an integer in the table until a key of another kind
    # comes, in the dict from then on; it is None before
    cdef ormolu_ints _ints
    cdef dict _entries

    cdef PyObject* _ref(self, object key) except? NULL
    cdef PyObject* _ref_of_equal(self, object key) except? NULL
    cdef int _set_ref(self, object key, object ref) except -1
    cdef int _remove(self, object key) except -1
    cdef int _use_dict(self) except -1
    cdef int _clear(self) except -1
    cdef list _snapshot(self)
    cdef object _find(self, object key)


cdef void forget_entry(PyObject* table, PyObject* key) noexcept
