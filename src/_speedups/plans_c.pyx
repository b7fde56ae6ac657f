# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""What to make of a row: the plans of a load; the compiled twin.

The twin in Python is ``plans_py``.
"""

from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport (
    PyTuple_GET_SIZE,
    PyTuple_GetSlice,
    PyTuple_New,
    PyTuple_SET_ITEM,
)
from libc.stdlib cimport free, malloc

from ormolu._speedups.instance_c cimport EntityBase
from ormolu._speedups.layout_c cimport Layout

from ormolu._speedups.sentinel import UNLOADED

cdef extern from *:
    void PyObject_GC_Track(PyObject* o) noexcept
    void PyObject_GC_UnTrack(PyObject* o) noexcept
    bint PyObject_GC_IsTracked(object o) noexcept

__all__ = ["ColumnOutput", "EntityPlan", "JoinedPlan", "PyOutput"]

cdef object _UNLOADED = UNLOADED


cdef Py_ssize_t* _array(list numbers) except NULL:
    cdef Py_ssize_t i
    cdef Py_ssize_t size = len(numbers)
    cdef Py_ssize_t* array = <Py_ssize_t*>malloc(max(size, 1) * sizeof(Py_ssize_t))
    if array is NULL:
        raise MemoryError
    for i in range(size):
        array[i] = numbers[i]
    return array


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
            key unless ``switch_missing(value, row)`` returns another or raises.
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
        collect: whether the object of every row is listed in ``run.collected``, under
            this plan even if another takes its place.
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
        value = at(row, self._pk_at[i])
        if self._pk_processors is not None:
            processor = self._pk_processors[i]
            if processor is not None:
                value = processor(value)
        return value

    cdef object _value(self, tuple row, Py_ssize_t slot):
        value = at(row, self._at[slot])
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
        value = at(row, self.switch_position)
        if self.switch_processor is not None:
            processor = self.switch_processor
            value = processor(value)
        plan = self.switch.get(value)
        if plan is None:
            missing = self.switch_missing
            plan = self if missing is None else missing(value, row)
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
