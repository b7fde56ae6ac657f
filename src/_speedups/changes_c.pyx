# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""What has happened to objects: changes, originals, parents, expiry; the compiled twin.

The twin in Python is ``changes_py``.
"""

from cpython.dict cimport PyDict_SetDefault
from cpython.long cimport PyLong_FromVoidPtr
from cpython.object cimport PyObject

from ormolu._speedups.identity_c cimport Tracker, tracker_of
from ormolu._speedups.instance_c cimport (
    F_DELETED,
    F_EXPIRED,
    F_FRESH,
    F_LAPSED,
    F_MODIFIED,
    F_PARTIAL,
    EntityBase,
    Rare,
    State,
    borrow,
    layout_of_state,
    originals_of,
    own_rare,
    set_originals,
    set_values,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport state_for, values_of
from ormolu._speedups.values_c cimport store, store_adopted

from ormolu._speedups.sentinel import UNLOADED

__all__ = [
    "expire",
    "forget_changes",
    "mark_modified",
    "note_original",
    "parent_of",
    "parents_of",
    "set_parent",
    "write",
]

cdef object _UNLOADED = UNLOADED


def write(obj, Py_ssize_t slot, value):
    """Store a value as a change and return the old one.

    The original is kept at the first change, but not for an object that has never
    been in the database: all of its values are new.
    """
    state = state_for(obj)
    layout = layout_of_state(state)
    layout._key_of(slot)
    return write_slot(obj, state, layout, slot, value)


cdef object write_slot(
    object obj, State state, Layout layout, Py_ssize_t slot, object value
):
    if isinstance(obj, EntityBase):
        return write_embedded(<EntityBase>obj, layout, slot, value)
    return _write_adopted(obj, state, layout._key_of(slot), value)


cdef object write_embedded(EntityBase obj, Layout layout, Py_ssize_t slot, object value):
    """Store a change in an embedded object and return the old value."""
    cdef PyObject* found = borrow(obj, slot)
    old = _UNLOADED if found is NULL else <object>found
    if not obj._flags & F_FRESH:
        _keep_original(obj, layout._key_of(slot), old)
    store(obj, slot, value)
    if not obj._flags & F_MODIFIED:
        mark(obj, obj)
    return old


cdef object _write_adopted(object obj, State state, object key, object value):
    """Store a change in an adopted object and return the old value."""
    cdef dict namespace = values_of(obj)
    old = namespace.get(key, _UNLOADED)
    if not state._flags & F_FRESH:
        _keep_original(state, key, old)
    store_adopted(namespace, key, value)
    if not state._flags & F_MODIFIED:
        mark(obj, state)
    return old


cdef int _keep_original(State state, object key, object old) except -1:
    cdef dict originals = originals_of(state)
    if originals is None:
        set_originals(state, {key: old})
    else:
        PyDict_SetDefault(originals, key, old)
    return 0


def mark_modified(obj):
    """Flag an object as changed and enter it in the list of its session."""
    state = state_for(obj)
    if not state._flags & F_MODIFIED:
        mark(obj, state)


cdef int mark(object obj, State state) except -1:
    cdef Tracker tracker
    state._flags |= F_MODIFIED
    tracker = tracker_of(state)
    if tracker is not None:
        # one whose row was deleted may have been inserted again
        if not state._flags & F_DELETED or state._home.contains(obj):
            tracker.modified[PyLong_FromVoidPtr(<void*>obj)] = obj
        if tracker.idle:
            owner = tracker.owner
            if owner is not None:
                owner._begin_for_change()
    return 0


cdef int _unmark(object obj, State state) except -1:
    cdef Tracker tracker
    state._flags &= ~<unsigned int>F_MODIFIED
    tracker = tracker_of(state)
    if tracker is not None and len(tracker.modified):
        tracker.modified.pop(PyLong_FromVoidPtr(<void*>obj), None)
    return 0


def note_original(obj, key, old):
    """Keep the original of a key that changes, unless one is kept already."""
    state = state_for(obj)
    _keep_original(state, key, old)
    if not state._flags & F_MODIFIED:
        mark(obj, state)


cdef int change_original(object obj, State state, object key, object old) except -1:
    """Keep an original, unless the key is None, and flag the object as changed."""
    if key is not None:
        _keep_original(state, key, old)
    if not state._flags & F_MODIFIED:
        mark(obj, state)
    return 0


cdef int set_parent_of(object child, object token, object parent) except -1:
    cdef Rare rare = own_rare(state_for(child))
    if rare.parent_token is None or rare.parent_token is token:
        rare.parent_token = token
        rare.parent = parent
    elif rare.parents is None:
        rare.parents = {token: parent}
    else:
        rare.parents[token] = parent
    return 0


def set_parent(child, token, parent):
    """Note who refers to an object: a weak reference, or False for nobody now."""
    if token is None:
        raise TypeError("Expected a token, not None")
    set_parent_of(child, token, parent)


def parent_of(child, token):
    """What was noted last of who refers to an object; None if nothing was."""
    cdef State state = state_for(child)
    cdef Rare rare = state._rare
    if rare is None:
        return None
    if rare.parent_token is token:
        return rare.parent
    return None if rare.parents is None else rare.parents.get(token)


def parents_of(child):
    """All that was noted of who refers to an object, by token."""
    cdef Rare rare = state_for(child)._rare
    if rare is None or rare.parent_token is None:
        return {}
    found = {rare.parent_token: rare.parent}
    if rare.parents is not None:
        found.update(rare.parents)
    return found


cdef int forget(object obj, State state) except -1:
    set_originals(state, None)
    if state._rare is not None and state._rare.extras is not None:
        state._rare.extras.pop("pending", None)
        state._rare.extras.pop("reread", None)
    return _unmark(obj, state)


def forget_changes(obj):
    """Take the present values as those of the database."""
    forget(obj, state_for(obj))


def expire(obj):
    """Drop all values, changes and parents; the next read finds nothing loaded."""
    state = state_for(obj)
    if isinstance(obj, EntityBase):
        set_values(state, None)
        state._related = None
    else:
        layout = layout_of_state(state)
        namespace = values_of(obj)
        for key in [*layout.keys, *layout.related_keys]:
            namespace.pop(key, None)
    _forget_parents(state)
    forget(obj, state)
    state._flags &= ~<unsigned int>F_FRESH
    state._flags |= F_PARTIAL | F_EXPIRED | F_LAPSED


cdef int _forget_parents(State state) except -1:
    """Who refers to an expired object is in the database, too."""
    cdef Rare rare = state._rare
    if rare is None or rare.parent_token is None:
        return 0
    rare = own_rare(state)
    parent, parents = rare.parent, rare.parents
    rare.parent_token = rare.parent = rare.parents = None
    del parent, parents  # the fields are empty before these run anything
    return 0
