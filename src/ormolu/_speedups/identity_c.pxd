# cython: nonecheck=True
"""Identity dicts and trackers, for the modules that enter and remove objects."""

from ormolu._speedups.instance_c cimport State
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.weak_table_c cimport WeakTable


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


cdef class IdentityDict(WeakTable):
    cdef object _tracker
    cdef readonly Layout layout
    cdef readonly object token

    cdef Tracker _live_tracker(self)
    cdef int _enter(self, object obj, State state, object key) except -1


cdef inline IdentityDict home_of(State state):
    """Where an object is, or None: there is no other kind of home."""
    return <IdentityDict>state._home


cdef inline Tracker tracker_of(State state):
    """The tracker of an object's home; None without a home, or when it is gone."""
    if state._home is None:
        return None
    return (<IdentityDict>state._home)._live_tracker()
