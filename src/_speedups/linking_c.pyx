# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, freethreading_compatible=False
"""Two new objects that come to refer to each other; the compiled twin.

The twin in Python is ``linking_py``.
"""

from cpython.list cimport PyList_Append, PyList_GET_SIZE
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport ormolu_new_ref
from ormolu._speedups.changes_c cimport change_original, set_parent_of
from ormolu._speedups.identity_c cimport IdentityDict, home_of
from ormolu._speedups.instance_c cimport (
    F_DELETED,
    F_FRESH,
    EntityBase,
    borrow,
    layout_of_state,
    originals_of,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.values_c cimport put_value

from ormolu._speedups.sentinel import UNLOADED

__all__ = ["Link", "Side"]

cdef object _UNLOADED = UNLOADED


cdef class Side:
    """One of two attributes that mirror each other.

    Arguments:
        layout: the layout of exactly the class whose objects have it.
        key: its key.
        list_type: the class of its collections, None for a single reference.
        make: called with an object for a new collection, which it makes the value.
        parent_token: what the object is noted under at those that it refers to;
            None if it is not.
        listeners: the functions that hear of changes.
    """

    cdef Layout layout
    cdef Py_ssize_t slot
    cdef object key
    cdef object list_type
    cdef object make
    cdef object parent_token
    cdef object listeners  # a list of a class of its own
    cdef Py_ssize_t count

    def __init__(
        self, Layout layout not None, key, list_type, make, parent_token,
        listeners,
    ):
        if not isinstance(listeners, list):
            raise TypeError(f"Expected a list of listeners, not {listeners!r}")
        self.layout = layout
        self.slot = layout.index[key]
        self.key = key
        self.list_type = list_type
        self.make = make
        self.parent_token = parent_token
        self.listeners = listeners
        self.count = len(listeners)

    cdef bint _is_plain(self, object obj):
        """Whether only the kernel need know of a change of the object."""
        return (
            type(obj) is self.layout.cls
            and isinstance(obj, EntityBase)
            and layout_of_state(<EntityBase>obj) is self.layout
            and PyList_GET_SIZE(self.listeners) == self.count
        )

    cdef bint _is_untouched(self, EntityBase obj):
        """Whether the attribute of a new object never had a value."""
        cdef PyObject* found
        cdef dict originals
        if obj._key is not None or not obj._flags & F_FRESH:
            return False
        if obj._rare is not None:
            if obj._rare.extras is not None:
                return False
            originals = obj._rare.originals
            if originals is not None and self.key in originals:
                return False
        found = borrow(obj, self.slot)
        return found is NULL or found is <PyObject*>_UNLOADED

    cdef bint _is_live(self, EntityBase obj):
        """Whether the object has a collection that is not set aside."""
        cdef PyObject* found = borrow(obj, self.slot)
        if found is NULL or type(<object>found) is not self.list_type:
            return False
        owner = (<object>found)._o_owner
        return owner is not None and owner() is obj

    cdef int _note(self, EntityBase obj, object other) except -1:
        """Keep what the attribute was, and who refers to the other object."""
        cdef dict originals = originals_of(obj)
        cdef PyObject* found
        if originals is not None and self.key in originals:
            change_original(obj, obj, None, None)
        else:
            before = _UNLOADED
            if self.list_type is not None:
                found = borrow(obj, self.slot)
                if found is not NULL and found is not <PyObject*>_UNLOADED:
                    before = list(<object>found)
            change_original(obj, obj, self.key, before)
        if self.parent_token is not None:
            set_parent_of(other, self.parent_token, ormolu_new_ref(obj))
        return 0


cdef class Link:
    """What it means that an object's attribute comes to refer to another object.

    Arguments:
        here: the attribute.
        there: the attribute of the other object that mirrors it.
        append_token: the token of changes that begin here.
        bulk_token: the token of replacements that begin here.
        is_busy: called with an object of a session, whether changes are unwelcome.
    """

    cdef object is_busy
    cdef bint alike  # whether a session takes one attribute for the other
    cdef Side here
    cdef Side there
    cdef object append_token
    cdef object bulk_token

    def __init__(
        self, Side here not None, Side there not None, append_token, bulk_token, is_busy
    ):
        self.is_busy = is_busy
        self.alike = here.key == there.key
        self.here = here
        self.there = there
        self.append_token = append_token
        self.bulk_token = bulk_token

    def apply(self, obj, other, initiator):
        """Let both refer to each other, if that is all that there is to do.

        An item of a collection is left to be put into it.

        Returns:
            whether it was done; it is not for objects of other classes, those that a
            session is about to get, and attributes that somebody else listens to.
        """
        cdef Side here = self.here
        cdef Side there = self.there
        if (
            initiator is not None
            and initiator is not self.append_token
            and initiator is not self.bulk_token
        ):
            return False
        if not here._is_plain(obj) or not there._is_plain(other) or obj is other:
            return False
        if (
            (<EntityBase>obj)._home is not None or (<EntityBase>other)._home is not None
        ) and not self._stays(<EntityBase>obj, <EntityBase>other):
            return False
        if here.list_type is None:
            if not here._is_untouched(<EntityBase>obj):
                return False
        elif not here._is_live(<EntityBase>obj):
            return False
        if there._is_untouched(<EntityBase>other):
            if there.list_type is not None:
                make = there.make
                make(other)
        elif there.list_type is None or not there._is_live(<EntityBase>other):
            return False
        there._note(<EntityBase>other, obj)
        if there.list_type is None:
            put_value(other, there.slot, obj)
        else:
            collection = <object>borrow(<EntityBase>other, there.slot)
            PyList_Append(collection, obj)
        here._note(<EntityBase>obj, other)
        if here.list_type is None:
            put_value(obj, here.slot, other)
        return True

    cdef bint _stays(self, EntityBase obj, EntityBase other) except -1:
        """Whether no session gets an object by the change, nor is disturbed by it."""
        cdef IdentityDict home = home_of(obj)
        cdef IdentityDict others = home_of(other)
        if self.alike or others is None or other._flags & F_DELETED:
            return False
        if home is not None and (
            home is not others and home._live_tracker() is not others._live_tracker()
        ):
            return False
        is_busy = self.is_busy
        return not is_busy(other)
