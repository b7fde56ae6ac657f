# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""From rows to objects: load plans and their execution; the compiled twin.

The twin in Python is ``hydration_py``.
"""

from cpython.list cimport PyList_GET_SIZE
from cpython.long cimport PyLong_FromVoidPtr
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.sequence cimport PySequence_Fast
from cpython.tuple cimport (
    PyTuple_GET_ITEM,
    PyTuple_GET_SIZE,
    PyTuple_GetSlice,
    PyTuple_New,
    PyTuple_SET_ITEM,
)
from libc.stdlib cimport free, malloc

from ormolu._speedups.changes_c cimport forget
from ormolu._speedups.identity_c cimport IdentityDict, Tracker
from ormolu._speedups.instance_c cimport (
    F_EXPIRED,
    F_PARTIAL,
    EntityBase,
    State,
    fresh_values,
    layout_of_state,
    new_entity,
    originals_of,
    shared_rare,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport dict_of, new_companion, state_for
from ormolu._speedups.sharing cimport (
    ormolu_share,
    ormolu_sharing_free,
    ormolu_sharing_new,
)
from ormolu._speedups.values_c cimport peek_value, put_value

from ormolu._speedups.sentinel import UNLOADED

cdef extern from *:
    Py_ssize_t Py_REFCNT(PyObject* o) noexcept
    void PyObject_GC_UnTrack(PyObject* o) noexcept
    int PyGC_Disable() noexcept
    int PyGC_Enable() noexcept
    void PyObject_GC_Track(PyObject* o) noexcept
    bint PyObject_GC_IsTracked(object o) noexcept
    Py_ssize_t PySequence_Fast_GET_SIZE(object o) noexcept
    PyObject* PySequence_Fast_GET_ITEM(object o, Py_ssize_t i) noexcept  # borrowed

__all__ = ["ColumnOutput", "EntityPlan", "JoinedPlan", "LoadRun", "PyOutput"]

cdef object _UNLOADED = UNLOADED
# A set of seen children is made only for collections that are not small.
cdef Py_ssize_t _SMALL = 16
# From so many rows on the collector waits until they are objects, and equal values
# become one.
cdef Py_ssize_t _MANY = 500


cdef Py_ssize_t* _array(list numbers) except NULL:
    cdef Py_ssize_t i
    cdef Py_ssize_t size = len(numbers)
    cdef Py_ssize_t* array = <Py_ssize_t*>malloc(max(size, 1) * sizeof(Py_ssize_t))
    if array is NULL:
        raise MemoryError
    for i in range(size):
        array[i] = numbers[i]
    return array


cdef inline object _at(tuple row, Py_ssize_t position):
    if position < 0 or position >= PyTuple_GET_SIZE(row):
        raise IndexError("tuple index out of range")
    return <object>PyTuple_GET_ITEM(row, position)


cdef class EntityPlan:
    """How to make one entity of a row.

    Arguments:
        layout: the layout of the class.
        positions: for each column slot the index in the row, -1 if it is not there.
        pk_positions: the indexes of the primary key, in the order of
            ``layout.pk_slots``.
        cls: the class of new objects; the layout's when not given.
        processors: for each column slot a function for its raw values, or None.

    The other attributes may be set before the plan is first used:

    Attributes:
        joined: the relationships loaded from the same rows.
        switch, switch_position, switch_processor: a dict from discriminator to the
            plan that takes this one's place; the plan itself stays for a missing
            key unless ``switch_missing(value)`` returns another or raises.
        on_load: called with (obj, run) for each new object, with its row populated.
        on_refresh: called with (obj, run, keys) for each object populated again.
        on_overwrite: called with an object that populate_existing is to overwrite.
        new_extras: called with each new object before anything else sees it.
        after: called with (obj, row, isnew, run) for each row; ``isnew`` is true in
            the row that made the object.
        origin: put into ``_o_origin`` of new objects, unless the run has its own.
        met_origin: makes the ``_o_origin`` of objects that are there already and lack
            anything, by ``over(old)``; those populated again get ``origin``.  None
            leaves theirs.
        token: which of the tracker's identity dicts is used.
        collect: whether the object of every row is listed in ``run.collected``.
        partial_pk_ok: whether a primary key with some NULLs identifies an object.
    """

    def __cinit__(self):
        self._at = self._pk_at = NULL

    def __init__(
        self, Layout layout not None, positions, pk_positions, *, cls=None,
        processors=None,
    ):
        if self._at is not NULL:
            raise RuntimeError("An EntityPlan is initialized only once")
        self.layout = layout
        self.positions = list(positions)
        self.pk_positions = list(pk_positions)
        self.cls = layout.cls if cls is None else cls
        self.processors = None if processors is None else list(processors)
        self.joined = []
        self.switch_position = -1
        self.after = []
        self.partial_pk_ok = True
        self._is_entity = issubclass(self.cls, EntityBase)
        if layout.embedded and not self._is_entity:
            raise TypeError(f"{self.cls.__name__} does not derive from EntityBase")
        self._prepare()

    def _prepare(self):
        cdef list processors = self.processors or []
        cdef list positions
        self._size = len(self.layout.keys)
        if len(self.positions) > self._size or len(processors) > self._size:
            raise ValueError(f"{self.layout!r} has only {self._size} columns")
        positions = self.positions + [-1] * (self._size - len(self.positions))
        self._at = _array(positions)
        self._present = sum([1 for position in positions if position >= 0])
        self._contiguous = -1
        if any(processors):
            self._processors = processors + [None] * (self._size - len(processors))
        elif positions and positions[0] >= 0:
            start = positions[0]
            if positions == list(range(start, start + self._size)):
                self._contiguous = start
        self._prepare_key(self.layout.pk_slots)

    def _prepare_key(self, tuple slots):
        cdef list chosen
        if len(slots) != len(self.pk_positions):
            return
        if min(self.pk_positions, default=-1) < 0:
            return
        self._pk_at = _array(self.pk_positions)
        self._pk_size = len(slots)
        if self._processors is not None:
            chosen = [self._processors[<Py_ssize_t?>slot] for slot in slots]
            if any(chosen):
                self._pk_processors = chosen

    def __dealloc__(self):
        free(self._at)
        free(self._pk_at)

    cdef object _key(self, tuple row):
        """The key of the row's object; None if the row has none."""
        cdef Py_ssize_t i
        cdef Py_ssize_t nulls = 0
        cdef list values
        if self._pk_size == 0:
            raise ValueError(f"The plan for {self.cls.__name__} has no primary key")
        if self._pk_size == 1:
            return self._key_part(row, 0)
        values = []
        for i in range(self._pk_size):
            value = self._key_part(row, i)
            nulls += value is None
            values.append(value)
        if nulls and (nulls == self._pk_size or not self.partial_pk_ok):
            return None
        return tuple(values)

    cdef object _key_part(self, tuple row, Py_ssize_t i):
        value = _at(row, self._pk_at[i])
        if self._pk_processors is not None:
            processor = self._pk_processors[i]
            if processor is not None:
                value = processor(value)
        return value

    cdef object _value(self, tuple row, Py_ssize_t slot):
        value = _at(row, self._at[slot])
        if self._processors is not None:
            processor = self._processors[slot]
            if processor is not None:
                value = processor(value)
        return value

    cdef tuple _values(self, tuple row):
        """All the values of a new object."""
        cdef Py_ssize_t start = self._contiguous
        cdef Py_ssize_t size = self._size
        cdef Py_ssize_t slot
        cdef tuple values
        if start >= 0:
            if PyTuple_GET_SIZE(row) < start + size:
                raise IndexError("tuple index out of range")
            # the row itself when it has nothing else: nothing is copied
            if start == 0 and PyTuple_GET_SIZE(row) == size:
                return row
            values = <tuple>PyTuple_GetSlice(row, start, start + size)
            if size and not PyObject_GC_IsTracked(row):
                PyObject_GC_UnTrack(<PyObject*>values)  # see fresh_values
            return values
        values = <tuple>PyTuple_New(size)
        # a processor may run the collector and whoever looks at what it tracks
        PyObject_GC_UnTrack(<PyObject*>values)
        for slot in range(size):
            value = _UNLOADED if self._at[slot] < 0 else self._value(row, slot)
            Py_INCREF(value)
            PyTuple_SET_ITEM(values, slot, value)
        if size:  # the empty tuple is shared and is never tracked
            PyObject_GC_Track(<PyObject*>values)
        return values

    cdef EntityPlan _choose(self, tuple row):
        """The plan for the class that the row's discriminator names."""
        if self.switch is None or self.switch_position < 0:
            return self
        value = _at(row, self.switch_position)
        if self.switch_processor is not None:
            processor = self.switch_processor
            value = processor(value)
        plan = self.switch.get(value)
        if plan is None:
            missing = self.switch_missing
            plan = self if missing is None else missing(value)
        if not isinstance(plan, EntityPlan):
            raise TypeError(f"switch_missing returned {plan!r}, not an EntityPlan")
        return <EntityPlan>plan

    def __repr__(self):
        return f"<EntityPlan of {self.cls.__name__}>"


cdef class JoinedPlan:
    """How to load one relationship from the rows of its parent.

    ``assign(parent, items)`` is called once for each parent's collection, when the
    run is finished; a scalar is stored when it is first seen, and
    ``on_multiple(parent)`` is called for a second, different one.
    """

    def __init__(self, key, EntityPlan plan not None, bint collection, assign):
        self.key = key
        self.plan = plan
        self.collection = collection
        self.assign = assign


cdef class ColumnOutput:
    """A value of the row in the result."""

    def __init__(self, Py_ssize_t position, processor=None):
        self.position = position
        self.processor = processor


cdef class PyOutput:
    """What a function makes of the row, in the result."""

    def __init__(self, fn):
        self.fn = fn


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
        self.tracker = tracker
        self.outputs = list(outputs)
        self.populate_existing = populate_existing
        self.scalar = scalar
        self.refresh = refresh
        self.refresh_slots = refresh_slots
        self.origin = origin
        self.collected = {}
        self._broken = False
        self._homes = None
        self._last_plan = None
        self._pending = None
        # objects that this run has populated already, under populate_existing
        self._seen = {} if populate_existing or refresh is not None else None
        self._settled = None
        self._refresh_plan = None
        for output in self.outputs:
            if not isinstance(output, (EntityPlan, ColumnOutput, PyOutput)):
                raise TypeError(f"{output!r} is no output of a LoadRun")
        if scalar and len(self.outputs) != 1:
            raise ValueError("A scalar LoadRun has exactly one output")
        if refresh is not None:
            plans = [o for o in self.outputs if isinstance(o, EntityPlan)]
            if not plans:
                raise ValueError("A LoadRun that refreshes needs an EntityPlan")
            self._refresh_plan = plans[0]

    def rows(self, rows):
        """Run the plans over raw rows and return the results, one for each row."""
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
            value = _at(row, (<ColumnOutput>output).position)
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
        cdef bint isnew = False
        if refresh:
            obj = self.refresh
            plan = plan._choose(row)
            mark = PyLong_FromVoidPtr(<void*>obj)
            if mark not in self._seen:
                self._seen[mark] = obj
                self._populate(plan, obj, row, self.refresh_slots)
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
        if plan.collect:
            self._collect(plan, obj)
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
        if self._homes is None:
            self._homes = {}
        home = self._homes.get(plan)
        if home is None:
            home = self.tracker._home_of(plan.layout, plan.token)
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
        if plan.met_origin is not None:
            state = state_for(obj)
            if self.populate_existing and PyLong_FromVoidPtr(<void*>obj) not in self._seen:
                state._o_origin = plan.origin
            elif _lacks_anything(obj):
                state._o_origin = plan.met_origin.over(state._o_origin)
        if self.populate_existing:
            mark = PyLong_FromVoidPtr(<void*>obj)
            if mark not in self._seen:
                self._seen[mark] = obj
                if plan.on_overwrite is not None:
                    callback = plan.on_overwrite
                    callback(obj)
                self._populate(plan, obj, row, None)
                return 0
        if state_for(obj)._flags & F_PARTIAL:
            self._fill(plan, obj, row)
        return 0

    cdef int _populate(self, EntityPlan plan, object obj, tuple row, object only) except -1:
        """Overwrite what the row has of an object, and forget its changes there."""
        cdef State state = state_for(obj)
        cdef Layout layout = layout_of_state(state)
        cdef list slots = []
        cdef list values = []
        cdef list keys = []
        cdef dict originals
        cdef Py_ssize_t slot, own, i
        for slot in range(plan._size):
            if plan._at[slot] < 0:
                continue
            own = _own_slot(plan, layout, slot)
            if own >= 0 and (only is None or own in only):
                values.append(plan._value(row, slot))
                slots.append(own)
                keys.append(plan.layout.keys[slot])
        originals = originals_of(state)
        if originals is not None and len(originals):
            for key in keys:
                originals.pop(key, None)
            if not len(originals):
                forget(obj, state)
        for i in range(len(slots)):
            put_value(obj, slots[i], values[i])
        return self._populated(plan, obj, keys)

    cdef int _fill(self, EntityPlan plan, object obj, tuple row) except -1:
        """Load what is missing of an object, except what the user has changed."""
        cdef State state = state_for(obj)
        cdef Layout layout = layout_of_state(state)
        cdef list slots = []
        cdef list values = []
        cdef list keys = []
        cdef dict originals
        cdef Py_ssize_t slot, own, i
        if (
            plan._is_entity
            and isinstance(obj, EntityBase)
            and state._values is None
            and originals_of(state) is None
            and layout is plan.layout
            and plan._present == plan._size
            and PyList_GET_SIZE(layout.keys) == plan._size
            and plan._size
        ):
            # an expired object takes a whole row as a new one does
            new_values = plan._values(row)
            if state._values is None and originals_of(state) is None:
                fresh_values(<EntityBase>obj, new_values)
                return self._populated(
                    plan, obj, None if plan.on_refresh is None else list(layout.keys)
                )
        for slot in range(plan._size):
            if plan._at[slot] < 0:
                continue
            own = _own_slot(plan, layout, slot)
            if own < 0 or peek_value(obj, own) is not _UNLOADED:
                continue
            key = plan.layout.keys[slot]
            originals = originals_of(state)
            if originals is None or key not in originals:
                values.append(plan._value(row, slot))
                slots.append(own)
                keys.append(key)
        if not slots:
            return 0
        for i in range(len(slots)):
            put_value(obj, slots[i], values[i])
        return self._populated(plan, obj, keys)

    cdef int _populated(self, EntityPlan plan, object obj, list keys) except -1:
        """Set the flags of an object that has new values, and tell of it."""
        cdef State state = state_for(obj)
        cdef Py_ssize_t slot
        state._flags &= ~<unsigned int>(F_EXPIRED | F_PARTIAL)
        for slot in range(len(layout_of_state(state).keys)):
            if peek_value(obj, slot) is _UNLOADED:
                state._flags |= F_PARTIAL
                break
        if plan.on_refresh is not None:
            callback = plan.on_refresh
            self._resume()
            callback(obj, self, keys)
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


cdef bint _lacks_anything(object obj) except -1:
    """Whether a column or relationship of an object is not loaded."""
    cdef State state = state_for(obj)
    cdef Py_ssize_t i
    if state._flags & F_PARTIAL:
        return True
    for i in range(len(layout_of_state(state).related_keys)):
        if peek_value(obj, -1 - i) is _UNLOADED:
            return True
    return False


cdef inline bint _has_original(State state, object key) except -1:
    cdef dict originals = originals_of(state)
    return originals is not None and key in originals


cdef Py_ssize_t _related_slot(JoinedPlan joined, object parent) except? -1:
    return layout_of_state(state_for(parent)).index[joined.key]


cdef Py_ssize_t _own_slot(EntityPlan plan, Layout layout, Py_ssize_t slot) except -2:
    """The slot of the plan's column in an object's own layout, -1 if it has none.

    They differ where an object of a subclass is met with the plan of its base.
    """
    if layout is plan.layout:
        return slot
    return layout.index.get(plan.layout.keys[slot], -1)


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
