# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, freethreading_compatible=False
"""What a flush does to each object that it has sent; the compiled twin.

The twin in Python is ``flushing_py``.
"""

from cpython.long cimport PyLong_FromVoidPtr
from cpython.object cimport PyObject

from ormolu._speedups.changes_c cimport forget, write_embedded
from ormolu._speedups.identity_c cimport IdentityDict, Tracker, home_of, tracker_of
from ormolu._speedups.instance_c cimport (
    F_DELETED,
    F_EXPIRED,
    F_FRESH,
    F_LAPSED,
    F_MODIFIED,
    F_PARTIAL,
    EntityBase,
    State,
    borrow,
    layout_of_state,
    originals_of,
    set_originals,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport state_for, state_if_any
from ormolu._speedups.values_c cimport peek_value, put_value

from ormolu._speedups.layout_c import registered_layout
from ormolu._speedups.sentinel import UNLOADED

__all__ = ["Registered", "enter_new", "linked", "pull_keys", "push_keys", "put_generated", "reached", "register_saved", "mark_deleted", "settle_deleted", "settle_inserted", "settle_updated", "sort_out", "touching"]

cdef object _UNLOADED = UNLOADED


def reached(Tracker tracker not None, obj):
    """What comes into a session with an object: along the relationships, depth first.

    Each layout's ``save_plan`` names its relationships: tuples of slot, key, the list
    type of a collection (None for one object), and the class of the objects.

    Returns:
        a list, or None when a plan is missing or somebody else must be asked.
    """
    cdef list found = []
    cdef list stack = []
    cdef set visited = {id(obj)}
    cdef list others
    others = _referred(obj)
    if others is None:
        return None
    others.reverse()
    while True:
        while others:
            other = others.pop()
            if id(other) in visited or _is_in(tracker, other):
                continue
            visited.add(id(other))
            found.append(other)
            stack.append(others)
            others = _referred(other)
            if others is None:
                return None
            others.reverse()
        if not stack:
            return found
        others = stack.pop()


cdef list _referred(object obj):
    """The objects that an object refers or referred to; None if that is not plain."""
    cdef State state
    cdef Layout layout
    cdef dict originals
    cdef list found = []
    cdef tuple step
    if not isinstance(obj, EntityBase):
        return None
    state = <State>obj
    layout = layout_of_state(state)
    if layout.save_plan is None:
        return None
    if (
        state._rare is not None
        and state._rare.extras is not None
        and "pending" in state._rare.extras
    ):
        return None
    originals = originals_of(state)
    for step in layout.save_plan:
        if not _refer_along(<EntityBase>obj, step, originals, found):
            return None
    return found


cdef bint _refer_along(
    EntityBase obj, tuple step, dict originals, list found
) except -1:
    cdef PyObject* held = borrow(obj, step[0])
    cdef Py_ssize_t start = len(found)
    cdef list members
    cdef set former, present
    if held is NULL or held is <PyObject*>_UNLOADED:
        return True
    value = <object>held
    list_type = step[2]
    cls = step[3]
    before = None if originals is None else originals.get(step[1])
    if list_type is None:
        if value is not None:
            found.append(value)
        if before is not None and before is not value:
            if state_if_any(before) is not None:
                found.append(before)
    else:
        if type(value) is not list_type:
            return False
        if type(before) is list and <list>before:
            # what came into the collection, what stayed, what left it
            former = {id(other) for other in <list>before}
            members = list(value)
            for other in members:
                if other is not None and id(other) not in former:
                    found.append(other)
            for other in members:
                if other is not None and id(other) in former:
                    found.append(other)
            present = {id(other) for other in members}
            for other in <list>before:
                if other is not None and id(other) not in present:
                    found.append(other)
        else:
            for other in <list?>list(value):
                if other is not None:
                    found.append(other)
    for other in found[start:]:
        if not isinstance(other, cls):
            return False
    return True


cdef bint _is_in(Tracker tracker, object obj) except -1:
    """Whether an object is in the session, deleted ones apart."""
    cdef State state = state_if_any(obj)
    number = PyLong_FromVoidPtr(<void*>obj)
    if state is None:
        return False
    if number in tracker.new:
        return True
    if state._home is None or tracker_of(state) is not tracker:
        return False
    return not state._flags & F_DELETED or state._home.contains(obj)


def enter_new(
    Tracker tracker not None, list objs not None, Py_ssize_t start, bint plain=False
):
    """Make objects pending, as long as they are new and belong to nobody.

    Arguments:
        plain: stop also at one that may refer to others, or is not mapped.

    Returns:
        the position of the first that is not; the length if there is none.
    """
    cdef State state
    cdef Py_ssize_t i
    cdef Layout base = None
    cdef Layout layout
    cdef IdentityDict home = None
    for i in range(start, len(objs)):
        obj = objs[i]
        if plain and not _is_plain(obj):
            return i
        state = state_for(obj)
        number = PyLong_FromVoidPtr(<void*>obj)
        if state._key is not None:
            return i
        if number in tracker.new:
            continue
        if state._home is not None:
            return i
        layout = layout_of_state(state)
        if home is None or layout._root() is not base:
            base = layout._root()
            home = tracker._home_of(layout, None)
        state._home = home
        tracker.new[number] = obj
    return len(objs)


cdef bint _is_plain(object obj) except -1:
    """Whether an object is mapped, has its state within, and refers to nothing."""
    cdef State state
    if not isinstance(obj, EntityBase):
        return False
    state = <State>obj
    if state._related is not None:
        return False
    if state._rare is not None and state._rare.extras is not None:
        return False
    return registered_layout(type(obj)) is not None


cdef class Registered:
    """An object that takes part in a flush.

    Attributes:
        isdelete: it is deleted instead of saved.
        listonly: it only takes part in ordering; nothing is sent for it.
        asked: the relationships were asked about it, once for all, as SQLAlchemy does.
    """

    cdef public object obj
    cdef public object mapper
    cdef public bint isdelete
    cdef public bint listonly
    cdef public bint asked

    def __init__(self, obj, mapper, bint isdelete, bint listonly):
        self.obj = obj
        self.mapper = mapper
        self.isdelete = isdelete
        self.listonly = listonly
        self.asked = False

    @property
    def is_saved(self):
        """Whether it is saved, and not for the order alone."""
        return not self.isdelete and not self.listonly


def register_saved(
    Tracker tracker not None, dict records not None, dict simple not None,
    list objs not None, Py_ssize_t start,
):
    """Enter objects that are saved, as long as nobody has to look at them first.

    Arguments:
        records: by id, what takes part.
        simple: the layouts of objects that need no look, with the dict of those that
            take part.

    Returns:
        the position of the first that is not in the session, takes part already, or is
        not simple; the length if there is none.
    """
    cdef Layout layout
    cdef Layout last = None
    cdef dict own = None
    cdef Registered record
    cdef Py_ssize_t i
    for i in range(start, len(objs)):
        obj = objs[i]
        number = PyLong_FromVoidPtr(<void*>obj)
        if number in records or not _is_in(tracker, obj):
            return i
        layout = layout_of_state(state_for(obj))
        if layout is not last:
            if layout not in simple:
                return i
            last = layout
            own = simple[layout]
        record = Registered.__new__(Registered)
        record.obj = obj
        record.mapper = layout.mapper
        records[number] = record
        own[number] = record
    return len(objs)


def sort_out(
    Tracker tracker not None, list objs not None, Py_ssize_t start,
    list new not None, list old not None,
):
    """Tell objects to be inserted from those to be updated.

    Stops at an object whose key has been lost, and at a new one whose key is that of
    another object: the database, or what else the flush does, decides about them.

    Returns:
        the position of the object that it stops at; the length if there is none.
    """
    cdef State state
    cdef Layout layout
    cdef IdentityDict home
    cdef Py_ssize_t i, slot
    cdef bint incomplete
    for i in range(start, len(objs)):
        obj = objs[i]
        state = state_for(obj)
        if state._key is not None:
            old.append(obj)
            continue
        layout = layout_of_state(state)
        incomplete = False
        for slot in layout.pk_slots:
            value = peek_value(obj, slot)
            if value is _UNLOADED and (
                state._flags & F_LAPSED
                or (state._rare is not None and state._rare.extras)
            ):
                return i
            if value is None or value is _UNLOADED:
                incomplete = True
                break
        if not incomplete:
            home = tracker._home_of(layout, None)
            try:
                known = home._find(_key_of(obj, layout))
            except TypeError:  # it cannot be hashed
                return i
            if known is not None and known is not obj:
                return i
        new.append(obj)
    return len(objs)


def mark_deleted(Tracker tracker not None, list objs not None, Py_ssize_t start):
    """Enter persistent objects of a session among its deleted ones.

    Returns:
        the position of the first that is not persistent there; the length if there is
        none.
    """
    cdef State state
    cdef Py_ssize_t i
    for i in range(start, len(objs)):
        obj = objs[i]
        state = state_for(obj)
        if (
            state._key is None
            or state._home is None
            or state._flags & F_DELETED
            or tracker_of(state) is not tracker
        ):
            return i
        tracker.deleted[PyLong_FromVoidPtr(<void*>obj)] = obj
    return len(objs)


def settle_deleted(Tracker tracker not None, list objs not None):
    """Let deleted objects leave their identity maps; each knows where it has been.

    Returns:
        those that were in one, and those among them that have changes.
    """
    cdef State state
    cdef IdentityDict home
    cdef list gone = []
    cdef list changed = []
    for obj in objs:
        state = state_for(obj)
        home = home_of(state)
        if home is None:
            continue
        gone.append(obj)
        if state._flags & F_MODIFIED:
            changed.append(obj)
        home.discard(obj)
        state._home = home
        state._flags |= F_DELETED
        number = PyLong_FromVoidPtr(<void*>obj)
        tracker.modified.pop(number, None)
        tracker.deleted.pop(number, None)
    return gone, changed


def push_keys(
    obj, list others not None, Layout here not None, tuple sources not None,
    Layout there not None, tuple targets not None,
):
    """Copy values of an object to others, slot by slot, as changes.

    Arguments:
        here: the layout of exactly the object's class.
        there: that of the others.

    Returns:
        the others that were left as they are: those of another class, or all, when
        the object is of another class or lacks a value.
    """
    cdef list left = []
    if not _has_all(obj, here, sources):
        return list(others)
    for other in others:
        if _is_exactly(other, there):
            _copy(<EntityBase>obj, sources, <EntityBase>other, there, targets)
        else:
            left.append(other)
    return left


def pull_keys(
    Tracker tracker not None, list objs not None, key, Layout here not None,
    tuple targets not None, Layout there not None, tuple sources not None, known,
):
    """Copy values of the objects that some others refer to now, as changes.

    Arguments:
        key: the attribute that refers; nothing is done where it has not changed.
        here: the layout of exactly the class of the objects.
        there: that of those that they refer to, which must be in the session.
        known: by id, objects to be left.

    Returns:
        the objects that were left as they are.
    """
    cdef list left = []
    cdef Py_ssize_t slot = here.index[key]
    cdef PyObject* held
    cdef dict originals
    for obj in objs:
        if not _is_exactly(obj, here) or (known is not None and id(obj) in known):
            left.append(obj)
            continue
        originals = originals_of(<EntityBase>obj)
        changed = originals is not None and key in originals
        held = borrow(<EntityBase>obj, slot)
        if held is NULL or held is <PyObject*>_UNLOADED:
            if changed or (
                (<EntityBase>obj)._rare is not None
                and (<EntityBase>obj)._rare.extras is not None
            ):
                left.append(obj)
            continue
        other = <object>held
        if changed:
            before = originals[key]
            if before is other and other is not None:
                continue
            if before is not _UNLOADED and before is not None:
                if state_if_any(before) is None:
                    left.append(obj)  # what it was is still to be found out
                    continue
        elif not (<EntityBase>obj)._flags & F_FRESH:
            continue
        if _has_all(other, there, sources) and _is_in(tracker, other):
            _copy(<EntityBase>other, sources, <EntityBase>obj, here, targets)
        else:
            left.append(obj)
    return left


cdef inline bint _is_exactly(object obj, Layout layout):
    return (
        type(obj) is layout.cls
        and isinstance(obj, EntityBase)
        and layout_of_state(<EntityBase>obj) is layout
    )


cdef bint _has_all(object obj, Layout layout, tuple slots) except -1:
    """Whether an object is of a class and has values in some slots."""
    cdef Py_ssize_t i
    if not _is_exactly(obj, layout):
        return False
    for i in range(len(slots)):
        if _is_unloaded(obj, slots[i]):
            return False
    return True


cdef int _copy(
    EntityBase source, tuple sources, EntityBase target, Layout layout, tuple targets
) except -1:
    cdef Py_ssize_t i
    cdef PyObject* held
    for i in range(len(sources)):
        held = borrow(source, sources[i])
        write_embedded(target, layout, targets[i], <object>held)
    return 0


def put_generated(list objs not None, Py_ssize_t slot, values):
    """Store what the database made for a column of objects; it is no change.

    Returns:
        the objects that had been given None for it.
    """
    cdef list overwritten = []
    for obj, value in zip(objs, values):
        if peek_value(obj, slot) is None:
            overwritten.append(obj)
        put_value(obj, slot, value)
    return overwritten


def linked(objs):
    """The objects that may refer to others: something related, or rare, is set."""
    cdef State state
    cdef list found = []
    for obj in objs:
        state = state_for(obj)
        if (
            state._related is not None
            or (state._rare is not None and state._rare.extras is not None)
            or not layout_of_state(state).embedded
        ):
            found.append(obj)
    return found


def touching(objs, frozenset keys not None):
    """The objects with a change of one of some attributes."""
    cdef dict originals
    cdef list found = []
    for obj in objs:
        originals = originals_of(state_for(obj))
        if originals and not keys.isdisjoint(originals):
            found.append(obj)
    return found


def settle_inserted(Tracker tracker not None, objs):
    """Make inserted objects persistent under the primary keys that they have now.

    Returns:
        the objects that were left as they are: those that have a key already or
        lack a value of it, and those whose key another object has.
    """
    cdef list left = []
    cdef IdentityDict home = None
    cdef Layout base = None
    cdef Layout layout
    for obj in objs:
        layout = layout_of_state(state_for(obj))
        if home is None or layout._root() is not base:
            base = layout._root()
            home = tracker._home_of(layout, None)
        if not _settle_new(tracker, home, obj):
            left.append(obj)
    return left


cdef bint _settle_new(Tracker tracker, IdentityDict home, object obj) except -1:
    cdef State state = state_for(obj)
    cdef Layout layout = layout_of_state(state)
    cdef Py_ssize_t i
    cdef unsigned int flags
    if state._key is not None:
        return False
    key = _key_of(obj, layout)
    if key is None or home._find(key) is not None:
        return False
    state._home = None
    home._enter(obj, state, key)
    flags = state._flags & ~<unsigned int>(F_FRESH | F_MODIFIED | F_EXPIRED)
    for i in range(len(layout.keys)):
        if _is_unloaded(obj, i):
            flags |= F_PARTIAL
            break
    state._flags = flags
    set_originals(state, None)
    number = PyLong_FromVoidPtr(<void*>obj)
    tracker.new.pop(number, None)
    if len(tracker.modified):
        tracker.modified.pop(number, None)
    return True


cdef bint _is_unloaded(object obj, Py_ssize_t slot) except -1:
    cdef PyObject* found
    if isinstance(obj, EntityBase):
        found = borrow(<EntityBase>obj, slot)
        return found is NULL or found is <PyObject*>_UNLOADED
    return peek_value(obj, slot) is _UNLOADED


cdef object _key_of(object obj, Layout layout):
    """The primary key of an object; None when a value of it is missing."""
    cdef list values
    cdef tuple slots = layout.pk_slots
    if len(slots) == 1:
        value = peek_value(obj, slots[0])
        return None if value is _UNLOADED else value
    values = [peek_value(obj, slot) for slot in slots]
    for value in values:
        if value is None or value is _UNLOADED:
            return None
    return tuple(values) if values else None


def settle_updated(objs):
    """Forget the changes of updated objects whose primary key is as it was.

    Returns:
        the objects that were left as they are: those whose key has changed, is not
        loaded, or that have none.
    """
    cdef State state
    cdef list left = []
    for obj in objs:
        state = state_for(obj)
        if not _has_its_key(obj, state):
            left.append(obj)
            continue
        state._flags &= ~<unsigned int>F_FRESH
        forget(obj, state)
    return left


cdef bint _has_its_key(object obj, State state) except -1:
    cdef tuple slots = layout_of_state(state).pk_slots
    cdef Py_ssize_t i
    key = state._key
    if key is None:
        return False
    if len(slots) == 1:
        return peek_value(obj, slots[0]) is key
    for i in range(len(slots)):
        if peek_value(obj, slots[i]) is not (<tuple?>key)[i]:
            return False
    return True
