# cython: nonecheck=True
"""The plans, for the run that executes them."""

from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE

from ormolu._speedups.layout_c cimport Layout


cdef class EntityPlan:
    cdef readonly Layout layout
    cdef readonly object cls
    cdef readonly list positions
    cdef readonly list pk_positions
    cdef readonly list processors
    cdef public list joined
    cdef public Py_ssize_t switch_position
    cdef public dict switch
    cdef public object switch_missing
    cdef public object switch_processor
    cdef public object on_load
    cdef public object on_refresh
    cdef public object on_overwrite
    cdef public object new_extras
    cdef public list after
    cdef public object origin
    cdef public object met_origin
    cdef public object token
    cdef public bint collect
    cdef public bint partial_pk_ok
    cdef bint _is_entity
    # the positions as C arrays; _processors and _pk_processors are None if all are
    cdef Py_ssize_t _size
    cdef Py_ssize_t _present
    cdef Py_ssize_t _contiguous
    cdef Py_ssize_t* _at
    cdef Py_ssize_t _pk_size
    cdef Py_ssize_t* _pk_at
    cdef list _processors
    cdef list _pk_processors

    cdef object _key(self, tuple row)
    cdef object _key_part(self, tuple row, Py_ssize_t i)
    cdef object _value(self, tuple row, Py_ssize_t slot)
    cdef tuple _values(self, tuple row)
    cdef EntityPlan _choose(self, tuple row)


cdef class JoinedPlan:
    cdef public object key
    cdef public EntityPlan plan
    cdef public bint collection
    cdef public object assign
    cdef public object on_multiple


cdef class ColumnOutput:
    cdef public Py_ssize_t position
    cdef public object processor


cdef class PyOutput:
    cdef public object fn


cdef inline object at(tuple row, Py_ssize_t position):
    if position < 0 or position >= PyTuple_GET_SIZE(row):
        raise IndexError("tuple index out of range")
    return <object>PyTuple_GET_ITEM(row, position)
