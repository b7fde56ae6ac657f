# cython: boundscheck=False, wraparound=False, nonecheck=True
"""Values by slot, for the modules that take them from rows and to statements."""

from cpython.list cimport PyList_GET_SIZE
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport ormolu_list_set
from ormolu._speedups.instance_c cimport EntityBase


cdef inline int store(EntityBase obj, Py_ssize_t slot, object value) except -1:
    """Put a value into the place that is there for it in most objects, or make one."""
    if (
        slot >= 0
        and type(obj._values) is list
        and slot < PyList_GET_SIZE(obj._values)
    ):
        ormolu_list_set(<PyObject*>obj._values, slot, <PyObject*>value)
        return 0
    return store_slowly(obj, slot, value)


cdef object peek_value(object obj, Py_ssize_t slot)
cdef int put_value(object obj, Py_ssize_t slot, object value) except -1
cdef int store_slowly(EntityBase obj, Py_ssize_t slot, object value) except -1
cdef int store_adopted(dict namespace, object key, object value) except -1
