# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""The execution of load plans: from rows to objects; the compiled twin.

The twin in Python is ``load_run_py``.
"""

from cpython.list cimport PyList_GET_SIZE
from cpython.long cimport PyLong_FromVoidPtr
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.sequence cimport PySequence_Fast
from cpython.tuple cimport PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM

from ormolu._speedups.identity_c cimport IdentityDict, Tracker
from ormolu._speedups.instance_c cimport (
    F_PARTIAL,
    EntityBase,
    State,
    fresh_values,
    layout_of_state,
    new_entity,
    originals_of,
    shared_rare,
)
from ormolu._speedups.lookup_c cimport dict_of, new_companion, state_for
from ormolu._speedups.plans_c cimport (
    ColumnOutput,
    EntityPlan,
    JoinedPlan,
    PyOutput,
    at,
)
from ormolu._speedups.refilling_c cimport fill, lacks_anything, overwrite
from ormolu._speedups.sharing cimport (
    ormolu_share,
    ormolu_sharing_free,
    ormolu_sharing_new,
)
from ormolu._speedups.values_c cimport peek_value, put_value

from ormolu._speedups.sentinel import UNLOADED

cdef extern from *:
    Py_ssize_t Py_REFCNT(PyObject* o) noexcept
    void PyObject_GC_Track(PyObject* o) noexcept
    void PyObject_GC_UnTrack(PyObject* o) noexcept
    int PyGC_Disable() noexcept
    int PyGC_Enable() noexcept
    Py_ssize_t PySequence_Fast_GET_SIZE(object o) noexcept
    PyObject* PySequence_Fast_GET_ITEM(object o, Py_ssize_t i) noexcept  # borrowed

__all__ = ["LoadRun", "hydrate"]

cdef object _UNLOADED = UNLOADED
# A set of seen children is made only for collections that are not small.
cdef Py_ssize_t _SMALL = 16
# From so many rows on the collector waits until they are objects, and equal values
# become one.
cdef Py_ssize_t _MANY = 500


cdef class _Pending:
    """What one run has found for one parent's relationship."""

    cdef int _add(self, object child) except -1:
        """Append a child unless it is there already."""
        cdef Py_ssize_t i
        if self.items is None:
            self.items = [child]
            return 0
        if self.seen is None:
            for i in range(PyList_GET_SIZE(self.items)):
                if self.items[i] is child:
                    return 0
            if PyList_GET_SIZE(self.items) >= _SMALL:
                self.seen = {
                    PyLong_FromVoidPtr(<void*>item) for item in self.items
                }
                self.seen.add(PyLong_FromVoidPtr(<void*>child))
        else:
            mark = PyLong_FromVoidPtr(<void*>child)
            if mark in self.seen:
                return 0
            self.seen.add(mark)
        self.items.append(child)
        return 0


cdef class _Entries:
    """The parents of one relationship that a run has met."""


cdef class LoadRun:
    """One execution of the plans of a statement.

    Arguments:
        tracker: that of the session; None makes objects without identity map.
        outputs: what a result consists of.
        populate_existing: whether rows overwrite objects that are there already.
        scalar: whether results are bare values; there is exactly one output then.
        refresh: an object that the rows of the first entity are for, whatever their
            key.
        refresh_slots: the slots to overwrite in that object; all if None.
        origin: put into ``_o_origin`` of every new object.

    Attributes:
        collected: for each plan with ``collect`` the object of every row, repeated.
        context: anything.
    """

    def __dealloc__(self):
        ormolu_sharing_free(self._sharing)

    def __init__(
        self, Tracker tracker, outputs, *, bint populate_existing=False,
        bint scalar=False, refresh=None, refresh_slots=None, origin=None,
    ):
        self._begin(tracker, list(outputs), scalar)
        self.populate_existing = populate_existing
        self.refresh = refresh
        self.refresh_slots = refresh_slots
        self.origin = origin
        # objects that this run has populated already, under populate_existing
        self._seen = {} if populate_existing or refresh is not None else None
        if refresh is not None:
            plans = [o for o in self.outputs if isinstance(o, EntityPlan)]
            if not plans:
                raise ValueError("A LoadRun that refreshes needs an EntityPlan")
            self._refresh_plan = plans[0]

    cdef int _begin(self, Tracker tracker, list outputs, bint scalar) except -1:
        """Set what every run needs; the rest is None where it was not set before."""
        for output in outputs:
            if not isinstance(output, (EntityPlan, ColumnOutput, PyOutput)):
                raise TypeError(f"{output!r} is no output of a LoadRun")
        if scalar and len(outputs) != 1:
            raise ValueError("A scalar LoadRun has exactly one output")
        self.tracker = tracker
        self.outputs = outputs
        self.populate_existing = False
        self.scalar = scalar
        self.refresh = None
        self.refresh_slots = None
        self.origin = None
        self.collected = {}
        self._broken = False
        self._homes = None
        self._last_plan = None
        self._pending = None
        self._seen = None
        self._settled = None
        self._refresh_plan = None
        return 0

    def rows(self, rows):
        """Run the plans over raw rows and return the results, one for each row."""
        return self._read(rows)

    cdef list _read(self, object rows):
        cdef list results = []
        self._require_usable()
        self._broken = True  # until the rows have all been read without error
        rows = PySequence_Fast(rows, "Expected an iterable of rows")
        # All that is made here stays in the results, so there is nothing to collect,
        # and looking for it again and again took half of the time of large loads.
        self._pauses = PySequence_Fast_GET_SIZE(rows) >= _MANY
        self._pause()
        try:
            self._run(rows, results)
        finally:
            self._resume()
            self._pauses = False
        self._broken = False
        return results

    cdef int _pause(self) except -1:
        """Have the collector wait, unless the program has switched it off itself."""
        if self._pauses and PyGC_Disable():
            self._paused = True
        return 0

    cdef int _resume(self) except -1:
        """End the pause: before each function of a user, who may want the collector.

        What such a function does to it, or another thread in the meantime, stays.
        """
        if self._paused:
            self._paused = False
            PyGC_Enable()
        return 0

    cdef int _run(self, object rows, list results) except -1:
        cdef list outputs = self.outputs
        cdef Py_ssize_t count = len(outputs)
        cdef Py_ssize_t i = 0
        cdef Py_ssize_t j
        cdef tuple result
        cdef bint many = PySequence_Fast_GET_SIZE(rows) >= _MANY
        # a callback might change the list of rows: its size is asked for each time
        while i < PySequence_Fast_GET_SIZE(rows):
            given = <object>PySequence_Fast_GET_ITEM(rows, i)
            i += 1
            row = <tuple>given if type(given) is tuple else tuple(given)
            if many:
                self._share(<tuple>row)
            if self.scalar:
                results.append(self._output(outputs[0], <tuple>row))
                continue
            result = <tuple>PyTuple_New(count)
            PyObject_GC_UnTrack(<PyObject*>result)  # not to be seen half-made
            for j in range(count):
                value = self._output(outputs[j], <tuple>row)
                Py_INCREF(value)
                PyTuple_SET_ITEM(result, j, value)
            if count:
                PyObject_GC_Track(<PyObject*>result)
            results.append(result)
        return 0

    cdef int _share(self, tuple row) except -1:
        """Use the values of other rows again in one that is in no other hands."""
        # the list and two variables may have it; one of theirs if it is made here
        if Py_REFCNT(<PyObject*>row) > 3:
            return 0
        if self._sharing is NULL:
            self._sharing = ormolu_sharing_new(PyTuple_GET_SIZE(row))
        if self._sharing is not NULL:
            ormolu_share(self._sharing, <PyObject*>row)
        return 0

    def finish(self):
        """Assign the collections that the rows so far have brought."""
        self._finish()

    cdef int _finish(self) except -1:
        cdef _Entries entries
        cdef _Pending entry
        self._require_usable()
        self._broken = True
        pending = self._pending
        self._pending = None
        if pending is not None:
            for entries in pending.values():
                assign = entries.joined.assign
                if entries.joined.collection and assign is not None:
                    for entry in entries.by_parent.values():
                        if entry.applies:
                            assign(
                                entry.parent, [] if entry.items is None else entry.items
                            )
        if self._seen is not None:
            self._seen = {}
        self._broken = False
        return 0

    def settle(self, obj):
        """Let no row but the one at hand bring an object more related objects."""
        if self._settled is None:
            self._settled = {}
        self._settled[PyLong_FromVoidPtr(<void*>obj)] = obj

    cdef int _require_usable(self) except -1:
        if self._broken:
            raise RuntimeError("This LoadRun has failed or is running already")
        return 0

    cdef object _output(self, object output, tuple row):
        if type(output) is EntityPlan:
            return self._entity(<EntityPlan>output, row, output is self._refresh_plan)
        if isinstance(output, ColumnOutput):
            value = at(row, (<ColumnOutput>output).position)
            processor = (<ColumnOutput>output).processor
            return value if processor is None else processor(value)
        if isinstance(output, EntityPlan):
            return self._entity(<EntityPlan>output, row, output is self._refresh_plan)
        fn = (<PyOutput?>output).fn
        self._resume()
        value = fn(row)
        self._pause()
        return value

    cdef object _entity(self, EntityPlan plan, tuple row, bint refresh):
        """The object of a row; None if its primary key is NULL."""
        cdef IdentityDict home
        cdef EntityPlan collector = plan  # objects of all classes, in their order
        cdef bint isnew = False
        if refresh:
            obj = self.refresh
            plan = plan._choose(row)
            mark = PyLong_FromVoidPtr(<void*>obj)
            if mark not in self._seen:
                self._seen[mark] = obj
                self._refilled(
                    plan, obj, overwrite(plan, obj, row, self.refresh_slots)
                )
        else:
            key = plan._key(row)
            if key is None:
                return None
            if plan.switch is not None:
                plan = plan._choose(row)
            if plan is self._last_plan:
                home = self._last_home
            else:
                home = self._home(plan)
            obj = None if home is None else home._find(key)
            if obj is None:
                obj = self._create(plan, row, home, key)
                isnew = True
            else:
                self._meet(plan, obj, row)
        if collector.collect:
            self._collect(collector, obj)
        if plan.joined is not None and PyList_GET_SIZE(plan.joined):
            for joined in plan.joined:
                self._join(
                    <JoinedPlan?>joined, obj, row, isnew or self.populate_existing, refresh
                )
        if isnew and plan.on_load is not None:
            callback = plan.on_load
            self._resume()
            callback(obj, self)
            self._pause()
        if plan.after is not None and PyList_GET_SIZE(plan.after):
            self._resume()
            for callback in plan.after:
                callback(obj, row, isnew, self)
            self._pause()
        return obj

    cdef IdentityDict _home(self, EntityPlan plan):
        if self.tracker is None:
            return None
        home = None if self._homes is None else self._homes.get(plan)
        if home is None:
            home = self.tracker._home_of(plan.layout, plan.token)
            if self._last_plan is not None:  # with one plan there is nothing to keep
                if self._homes is None:
                    self._homes = {self._last_plan: self._last_home}
                self._homes[plan] = home
        self._last_plan = plan
        self._last_home = <IdentityDict>home
        return <IdentityDict>home

    cdef object _create(self, EntityPlan plan, tuple row, IdentityDict home, object key):
        cdef tuple values = plan._values(row)
        cdef EntityBase entity
        cdef State state
        if plan._is_entity:
            entity = new_entity(plan.cls)
            entity._layout = plan.layout
            fresh_values(entity, values)
            obj = state = entity
        else:
            obj, state = _new_adopted(plan, values)
        state._flags = 0 if plan._present == plan._size else F_PARTIAL
        origin = plan.origin if self.origin is None else self.origin
        if origin is not None and state._rare is None:
            if self._rare is None or self._rare.origin is not origin:
                self._rare = shared_rare(origin)
            state._rare = self._rare
        elif origin is not None:  # what made the state has put something there
            state._o_origin = origin
        if home is None:
            state._key = key
        elif plan._processors is None and plan._is_entity:
            home._enter(obj, state, key)  # nothing has run since it was looked for
        else:
            home.replace(obj, key)
        if self.tracker is not None:
            self.tracker.loads += 1
        if self.populate_existing:
            self._seen[PyLong_FromVoidPtr(<void*>obj)] = obj
        if plan.new_extras is not None:
            callback = plan.new_extras
            self._resume()
            callback(obj)
            self._pause()
        return obj

    cdef int _collect(self, EntityPlan plan, object obj) except -1:
        listed = self.collected.get(plan)
        if listed is None:
            self.collected[plan] = [obj]
        else:
            (<list?>listed).append(obj)
        return 0

    cdef int _meet(self, EntityPlan plan, object obj, tuple row) except -1:
        """Deal with an object that is there already."""
        cdef State state
        if self.tracker is not None:
            self.tracker.hits += 1
        if self.populate_existing:
            mark = PyLong_FromVoidPtr(<void*>obj)
            if mark not in self._seen:
                self._seen[mark] = obj
                if plan.on_overwrite is not None:
                    callback = plan.on_overwrite
                    callback(obj)
                elif plan.met_origin is not None:
                    state = state_for(obj)
                    state._o_origin = plan.origin
                self._refilled(plan, obj, overwrite(plan, obj, row, None))
                return 0
        if plan.met_origin is not None and lacks_anything(obj):
            state = state_for(obj)
            state._o_origin = plan.met_origin.over(state._o_origin)
        if state_for(obj)._flags & F_PARTIAL:
            keys = fill(plan, obj, row)
            if keys is not None:
                self._refilled(plan, obj, keys)
        return 0

    cdef int _refilled(self, EntityPlan plan, object obj, list keys) except -1:
        """Tell of an object that has new values."""
        if plan.on_refresh is not None:
            callback = plan.on_refresh
            self._resume()
            callback(obj, self, list(keys))
            self._pause()
        return 0

    cdef int _join(
        self, JoinedPlan joined, object parent, tuple row, bint replaces, bint refresh
    ) except -1:
        """Hydrate the child in the row and keep it for its parent."""
        cdef _Entries entries
        cdef _Pending entry
        cdef bint first = False
        cdef Py_ssize_t slot
        if self._pending is None:
            self._pending = {}
        found = self._pending.get(joined)
        if found is None:
            entries = _Entries()
            entries.joined = joined
            entries.by_parent = {}
            self._pending[joined] = entries
        else:
            entries = <_Entries>found
        entry = entries.last
        if entry is None or entry.parent is not parent:
            mark = PyLong_FromVoidPtr(<void*>parent)
            found = entries.by_parent.get(mark)
            if found is None:
                first = True
                slot = _related_slot(joined, parent)
                entry = _Pending()
                entry.parent = parent
                entry.applies = (
                    replaces
                    or (
                        refresh
                        and (self.refresh_slots is None or slot in self.refresh_slots)
                    )
                    or (
                        peek_value(parent, slot) is _UNLOADED
                        and not _has_original(state_for(parent), joined.key)
                    )
                )
                entries.by_parent[mark] = entry
            else:
                entry = <_Pending>found
            entries.last = entry
        child = self._entity(joined.plan, row, False)
        if not entry.applies:
            return 0
        if joined.collection:
            if child is not None and (
                self._settled is None
                or entry.items is None
                or PyLong_FromVoidPtr(<void*>parent) not in self._settled
            ):
                entry._add(child)
        elif first or (child is not None and entry.child is None):
            entry.child = child
            put_value(parent, _related_slot(joined, parent), child)
        elif child is not None and child is not entry.child:
            if joined.on_multiple is not None:
                callback = joined.on_multiple
                self._resume()
                callback(parent)
                self._pause()
        return 0


cdef inline bint _has_original(State state, object key) except -1:
    cdef dict originals = originals_of(state)
    return originals is not None and key in originals


cdef Py_ssize_t _related_slot(JoinedPlan joined, object parent) except? -1:
    return layout_of_state(state_for(parent)).index[joined.key]


cdef tuple _new_adopted(EntityPlan plan, tuple values):
    """A new instance with its values, without a call of ``__init__``."""
    cls = plan.cls
    obj = cls.__new__(cls)
    namespace = dict_of(obj)
    if namespace is None:
        raise AttributeError(f"{cls.__name__!r} object has no attribute '__dict__'")
    cdef Py_ssize_t slot
    cdef list keys = plan.layout.keys
    for slot in range(min(len(keys), len(values))):
        if values[slot] is not _UNLOADED:
            namespace[keys[slot]] = values[slot]
    state = new_companion(obj, plan.layout, namespace)
    return (obj, state)


def hydrate(Tracker tracker, list outputs not None, bint scalar, rows):
    """What a run makes of rows that no further loads follow; see `LoadRun`."""
    # without the arguments of other runs, and the calls: 0.1 us of one row's 0.7
    cdef LoadRun run = LoadRun.__new__(LoadRun)
    run._begin(tracker, list(outputs), scalar)
    results = run._read(rows)
    run._finish()
    return results
