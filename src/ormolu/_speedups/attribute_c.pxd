"""Attributes, for the construction of objects."""

from ormolu._speedups.layout_c cimport Layout


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
