"""The plans of ``hydration_c``, for kernels that run them too."""

from ormolu._speedups.sharing cimport ormolu_sharing
from ormolu._speedups.identity_c cimport IdentityDict, Tracker
from ormolu._speedups.instance_c cimport Rare
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


cdef class _Pending:
    cdef object parent
    cdef bint applies
    cdef object child
    cdef list items
    cdef set seen

    cdef int _add(self, object child) except -1


cdef class _Entries:
    cdef JoinedPlan joined
    cdef dict by_parent
    # rows of one parent mostly follow each other
    cdef _Pending last


cdef class LoadRun:
    cdef readonly Tracker tracker
    cdef readonly list outputs
    cdef readonly bint populate_existing
    cdef readonly bint scalar
    cdef readonly object refresh
    cdef readonly object refresh_slots
    cdef public object origin
    cdef public dict collected
    cdef public object context
    cdef bint _broken
    cdef dict _homes
    cdef EntityPlan _last_plan
    cdef IdentityDict _last_home
    cdef Rare _rare
    cdef dict _pending
    cdef dict _seen
    cdef dict _settled
    cdef EntityPlan _refresh_plan
    cdef ormolu_sharing* _sharing
    # whether the collector waits while the rows are read, and whether it does now
    cdef bint _pauses
    cdef bint _paused

    cdef int _pause(self) except -1
    cdef int _resume(self) except -1

    cdef int _require_usable(self) except -1
    cdef int _run(self, object rows, list results) except -1
    cdef int _share(self, tuple row) except -1
    cdef object _output(self, object output, tuple row)
    cdef object _entity(self, EntityPlan plan, tuple row, bint refresh)
    cdef IdentityDict _home(self, EntityPlan plan)
    cdef object _create(self, EntityPlan plan, tuple row, IdentityDict home, object key)
    cdef int _collect(self, EntityPlan plan, object obj) except -1
    cdef int _meet(self, EntityPlan plan, object obj, tuple row) except -1
    cdef int _populate(self, EntityPlan plan, object obj, tuple row, object only) except -1
    cdef int _fill(self, EntityPlan plan, object obj, tuple row) except -1
    cdef int _populated(self, EntityPlan plan, object obj, list keys) except -1
    cdef int _join(
        self, JoinedPlan joined, object parent, tuple row, bint replaces, bint refresh
    ) except -1
