"""The struct of a run, and what it keeps until it is finished."""

from ormolu._speedups.identity_c cimport IdentityDict, Tracker
from ormolu._speedups.instance_c cimport Rare
from ormolu._speedups.plans_c cimport EntityPlan, JoinedPlan
from ormolu._speedups.sharing cimport ormolu_sharing


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

    cdef int _begin(self, Tracker tracker, list outputs, bint scalar) except -1
    cdef list _read(self, object rows)
    cdef int _finish(self) except -1
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
    cdef int _refilled(self, EntityPlan plan, object obj, list keys) except -1
    cdef int _join(
        self, JoinedPlan joined, object parent, tuple row, bint replaces, bint refresh
    ) except -1
