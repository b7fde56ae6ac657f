# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""What a session knows of its objects; the compiled twin.

The twin in Python is ``identity_py``.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF

from ormolu._speedups.c_api cimport ormolu_deref, ormolu_new_ref
from ormolu._speedups.instance_c cimport State, set_key
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport state_for, state_if_any
from ormolu._speedups.weak_table_c cimport WeakTable

__all__ = ["IdentityDict", "Tracker"]


cdef class Tracker:
    """What one session knows of its objects.

    ``modified``, ``new`` and ``deleted`` hold objects strongly, by ``id()``; the
    identity dicts in ``homes`` hold them weakly.  While it is ``idle``, the owner is
    told of an object's first change, by a call of ``_begin_for_change()``.
    """

    def __cinit__(self):
        self.modified = {}
        self.new = {}
        self.deleted = {}
        self.homes = {}

    @property
    def owner(self):
        """The session, or None when there is none or it is gone."""
        return None if self._owner is None else self._owner()

    @owner.setter
    def owner(self, owner):
        self._owner = None if owner is None else ormolu_new_ref(owner)

    def home(self, Layout layout, token=None):
        """The identity dict of a hierarchy of classes; made when it is missing."""
        return self._home_of(layout, token)

    cdef IdentityDict _home_of(self, Layout layout, object token):
        cdef Layout base = layout._root()
        key = (base, token)
        home = self.homes.get(key)
        if home is None:
            home = IdentityDict(self, base, token)
            self.homes[key] = home
        return <IdentityDict?>home

    def objects(self):
        """All persistent objects that are alive, home by home."""
        cdef list found = []
        for home in list(self.homes.values()):
            found += (<IdentityDict?>home).values()
        return found

    def clear(self):
        """Let all objects go: none has a home or is listed any more."""
        cdef State state
        for obj in self.objects():
            state = state_if_any(obj)
            if state is not None:
                state._home = None
        for home in list(self.homes.values()):
            (<IdentityDict?>home)._clear()
        self.homes.clear()
        self.modified.clear()
        self.new.clear()
        self.deleted.clear()

    def __len__(self):
        return sum([len(home) for home in list(self.homes.values())])

    def __bool__(self):
        return True


cdef class IdentityDict(WeakTable):
    """The persistent objects of one hierarchy of classes, by primary key.

    An object holds its home strongly, the home holds the object and the tracker
    weakly: no cycle keeps a session's objects alive.
    """

    def __init__(self, Tracker tracker, Layout layout, token=None):
        self._tracker = None if tracker is None else ormolu_new_ref(tracker)
        self.layout = layout
        self.token = token

    @property
    def tracker(self):
        """The tracker, or None when it is gone."""
        return self._live_tracker()

    cdef Tracker _live_tracker(self):
        cdef PyObject* found
        if self._tracker is None:
            return None
        found = ormolu_deref(<PyObject*>self._tracker)
        if found is NULL:
            return None
        tracker = <Tracker>found
        Py_XDECREF(found)
        return tracker

    cdef int _enter(self, object obj, State state, object key) except -1:
        """Enter an object that has no home, under a key that no live one has."""
        self._set_ref(key, ormolu_new_ref(obj))
        set_key(state, key)
        state._home = self
        return 0

    def add(self, obj, key):
        """Enter an object, in the place of any other one with the same key."""
        self.replace(obj, key)

    def replace(self, obj, key):
        """Enter an object and return the live one whose place it took, or None."""
        cdef State state = state_for(obj)
        cdef State other
        previous = self._find(key)
        if previous is obj:
            set_key(state, key)
            state._home = self
            return None
        if state._home is not None:
            state._home.discard(obj)
        if previous is not None:
            other = state_if_any(previous)
            if other is not None and other._home is self:
                other._home = None
        self._enter(obj, state, key)
        return previous

    def discard(self, obj):
        """Remove an object's own entry, and say whether there was one."""
        cdef State state = state_if_any(obj)
        if state is None:
            return False
        found = self._find(state._key) is obj
        if found:
            self._remove(state._key)
        if state._home is self:
            state._home = None
        return found

    def contains(self, obj):
        """Whether the entry under the object's key is the object itself."""
        cdef State state = state_if_any(obj)
        return state is not None and self._find(state._key) is obj

    def __repr__(self):
        return f"<IdentityDict of {self.layout.cls.__name__}: {len(self)} objects>"
