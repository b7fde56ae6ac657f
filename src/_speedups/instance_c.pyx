# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""The state of one mapped object; the compiled twin.

The twin in Python is ``instance_py``.
A field is always replaced before the old value is released, because releasing may
run anything: a finalizer that reads or changes the same object.
"""

cimport cython
from cpython.object cimport PyObject, PyTypeObject

from ormolu._speedups.c_api cimport PyObject_GenericGetDict, ormolu_new_ref
from ormolu._speedups.layout_c cimport resolve_layout, set_entity_base
from ormolu._speedups.weak_table_c cimport forget_entry

cdef extern from *:
    """
    /* tp_dictoffset and the functions below are put into the type after Cython has
       made it.  A `cdef dict __dict__` would cost an allocation for each object and
       leave None in the place of a dict after tp_clear. */

    typedef void (*ormolu_forget_fn)(PyObject *home, PyObject *key);

    static Py_ssize_t ormolu_dict_offset, ormolu_fields_offset, ormolu_skip_offset;
    static ormolu_forget_fn ormolu_forget_entry;
    static destructor ormolu_entity_next_dealloc, ormolu_adopted_next_dealloc;

    #define ORMOLU_FIELD(o, offset) (*(PyObject **)((char *)(o) + (offset)))

    /* the order of the object fields of State; checked when the module is loaded */
    enum { ORMOLU_HOME = 1, ORMOLU_KEY = 2, ORMOLU_VALUES = 3, ORMOLU_FIELDS = 6 };
    #define ORMOLU_NTH_FIELD(o, i) (&ORMOLU_FIELD(o, ormolu_fields_offset))[i]

    /* Cython's own visits every None, and what is known to be in no cycle: the
       collections during a load of 100,000 rows took twice the time of the load. */
    static int ormolu_entity_traverse(PyObject *o, visitproc visit, void *arg) {
        unsigned int skip = *(unsigned int *)((char *)o + ormolu_skip_offset);
        int i;
        Py_VISIT(ORMOLU_FIELD(o, ormolu_dict_offset));
        for (i = 0; i < ORMOLU_FIELDS; i++) {
            PyObject *value = ORMOLU_NTH_FIELD(o, i);
            if (value == NULL || value == Py_None) continue;
            if (i == ORMOLU_KEY && (skip & 1)) continue;
            if (i == ORMOLU_VALUES && (skip & 2)) continue;
            Py_VISIT(value);
        }
        return 0;
    }

    /* Layout, home and key stay, as they close no cycle that nothing else opens:
       without them a member of a cycle could not leave its identity map. */
    static int ormolu_state_clear(PyObject *o) {
        for (int i = ORMOLU_VALUES; i < ORMOLU_FIELDS; i++) {
            PyObject *old = ORMOLU_NTH_FIELD(o, i);
            ORMOLU_NTH_FIELD(o, i) = Py_NewRef(Py_None);
            Py_XDECREF(old);
        }
        return 0;
    }

    static int ormolu_entity_clear(PyObject *o) {
        Py_CLEAR(ORMOLU_FIELD(o, ormolu_dict_offset));
        return ormolu_state_clear(o);
    }

    /* What dies leaves its identity map.  The weak references go first: looking for
       the entry may run a key's __eq__, which must not find the dying object. */
    static void ormolu_state_leaves(PyObject *o) {
        PyObject *home, *key, *type, *value, *traceback;
        PyObject_GC_UnTrack(o);
        PyObject_ClearWeakRefs(o);
        home = ORMOLU_NTH_FIELD(o, ORMOLU_HOME);
        if (home == NULL || home == Py_None) return;
        key = ORMOLU_NTH_FIELD(o, ORMOLU_KEY);
        ORMOLU_NTH_FIELD(o, ORMOLU_HOME) = NULL;
        ORMOLU_NTH_FIELD(o, ORMOLU_KEY) = NULL;
        PyErr_Fetch(&type, &value, &traceback);
        if (key != NULL) ormolu_forget_entry(home, key);
        PyErr_Restore(type, value, traceback);
        Py_DECREF(home);
        Py_XDECREF(key);
    }

    static void ormolu_entity_dealloc(PyObject *o) {
        ormolu_state_leaves(o);
        Py_CLEAR(ORMOLU_FIELD(o, ormolu_dict_offset));
        ormolu_entity_next_dealloc(o);
    }

    static void ormolu_adopted_dealloc(PyObject *o) {
        ormolu_state_leaves(o);
        ormolu_adopted_next_dealloc(o);
    }

    static PyGetSetDef ormolu_dict_getset = {
        "__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict,
        "The instance's own dict.", NULL
    };

    static int ormolu_prepare_types(
        PyTypeObject *entity, PyTypeObject *adopted, Py_ssize_t dict_offset,
        Py_ssize_t fields_offset, Py_ssize_t skip_offset, ormolu_forget_fn forget
    ) {
        PyObject *descriptor;
        int failed;
        ormolu_dict_offset = dict_offset;
        ormolu_fields_offset = fields_offset;
        ormolu_skip_offset = skip_offset;
        ormolu_forget_entry = forget;
        ormolu_entity_next_dealloc = entity->tp_dealloc;
        ormolu_adopted_next_dealloc = adopted->tp_dealloc;
        entity->tp_dictoffset = dict_offset;
        entity->tp_traverse = ormolu_entity_traverse;
        entity->tp_clear = ormolu_entity_clear;
        entity->tp_dealloc = ormolu_entity_dealloc;
        adopted->tp_clear = ormolu_state_clear;
        adopted->tp_dealloc = ormolu_adopted_dealloc;
        /* subclasses find the dict of a base through its descriptor */
        descriptor = PyDescr_NewGetSet(entity, &ormolu_dict_getset);
        if (descriptor == NULL) return -1;
        failed = PyDict_SetItemString(entity->tp_dict, "__dict__", descriptor);
        Py_DECREF(descriptor);
        PyType_Modified(entity);
        return failed;
    }

    static Py_ssize_t ormolu_offset_of(PyObject *o, PyObject *value) {
        Py_ssize_t offset = sizeof(PyObject);
        for (; offset < Py_TYPE(o)->tp_basicsize; offset += sizeof(PyObject *))
            if (ORMOLU_FIELD(o, offset) == value) return offset;
        PyErr_SetString(PyExc_SystemError, "unexpected layout of EntityBase");
        return -1;
    }
    """
    ctypedef void (*ormolu_forget_fn)(PyObject* home, PyObject* key) noexcept
    int ormolu_prepare_types(
        PyTypeObject* entity, PyTypeObject* adopted, Py_ssize_t dict_offset,
        Py_ssize_t fields_offset, Py_ssize_t skip_offset, ormolu_forget_fn forget
    ) except -1
    Py_ssize_t ormolu_offset_of(object o, object value) except -1
    bint PyObject_GC_IsTracked(object obj) noexcept
    ctypedef object (*newfunc)(PyTypeObject* cls, object args, PyObject* kwargs)
    ctypedef struct TypeWithNew "PyTypeObject":
        newfunc tp_new

__all__ = [
    "BUSY",
    "DELETED",
    "EXPIRED",
    "FRESH",
    "LAPSED",
    "LOADING",
    "MODIFIED",
    "PARTIAL",
    "AdoptedState",
    "EntityBase",
    "State",
]

MODIFIED = F_MODIFIED
FRESH = F_FRESH
DELETED = F_DELETED
PARTIAL = F_PARTIAL
EXPIRED = F_EXPIRED
LOADING = F_LOADING
BUSY = F_BUSY
LAPSED = F_LAPSED

cdef tuple _NO_ARGS = ()


cdef class State:
    """What is known of one mapped object, beside its values.

    The fields start with ``_o_`` because an embedded state shares the namespace of
    the user's class.
    """

    def __cinit__(self):
        self._flags = F_FRESH

    @property
    def _o_layout(self):
        """The layout; looked up when it is first wanted."""
        return layout_of_state(self)

    @_o_layout.setter
    def _o_layout(self, Layout layout):
        self._layout = layout

    @property
    def _o_home(self):
        """The identity dict that the object is in, or None."""
        return self._home

    @_o_home.setter
    def _o_home(self, WeakTable home):
        if type(home) is WeakTable:  # those above take it for an identity dict
            raise TypeError("Expected an IdentityDict or None, not a WeakTable")
        self._home = home

    @property
    def _o_key(self):
        """The primary key in the identity dict: a bare value or a tuple."""
        return self._key

    @_o_key.setter
    def _o_key(self, key):
        set_key(self, key)

    @property
    def _o_values(self):
        """The values of the columns: a tuple shared with the row, or a list."""
        return self._values

    @_o_values.setter
    def _o_values(self, values):
        if values is not None and type(values) is not list and type(values) is not tuple:
            raise TypeError(f"Expected a tuple, a list or None, not {values!r}")
        set_values(self, values)

    @property
    def _o_related(self):
        """The related objects and collections, or None."""
        return self._related

    @_o_related.setter
    def _o_related(self, list related):
        self._related = related

    @property
    def _o_originals(self):
        """The originals of changed attributes by key, or None."""
        return originals_of(self)

    @_o_originals.setter
    def _o_originals(self, dict originals):
        set_originals(self, originals)

    @property
    def _o_flags(self):
        """The flags, those of the layers above included."""
        return self._flags

    @_o_flags.setter
    def _o_flags(self, unsigned int flags):
        self._flags = flags

    @property
    def _o_origin(self):
        """What was loaded together with the object."""
        return None if self._rare is None else self._rare.origin

    @_o_origin.setter
    def _o_origin(self, origin):
        if origin is None and (self._rare is None or self._rare.shared):
            self._rare = None
        elif self._o_origin is not origin:
            own_rare(self).origin = origin

    @property
    def _o_extras(self):
        """Rare things, or None."""
        return None if self._rare is None else self._rare.extras

    @_o_extras.setter
    def _o_extras(self, dict extras):
        if extras is not None or self._rare is not None:
            own_rare(self).extras = extras

    @property
    def _o_view(self):
        """What the layers above show as the object's state."""
        return None if self._rare is None else self._rare.view

    @_o_view.setter
    def _o_view(self, view):
        if view is not None or self._rare is not None:
            own_rare(self).view = view


@cython.final
@cython.freelist(64)
cdef class Rare:
    """What few objects have: a record of its own keeps the others small."""


cdef Rare shared_rare(object origin):
    """A record for all objects of one origin; whoever needs more takes its own."""
    cdef Rare rare = Rare.__new__(Rare)
    rare.origin = origin
    rare.shared = True
    return rare


cdef Rare own_rare(State state):
    cdef Rare made
    if state._rare is None or state._rare.shared:
        made = Rare.__new__(Rare)
        # making it may have run the collector, and with it anything
        if state._rare is None:
            state._rare = made
        elif state._rare.shared:
            made.origin = state._rare.origin
            state._rare = made
    return state._rare


cdef int set_originals(State state, dict originals) except -1:
    cdef Rare rare = state._rare
    if originals is not None:
        own_rare(state).originals = originals
    elif rare is not None and rare.originals is not None:
        if (
            rare.extras is None
            and rare.view is None
            and rare.origin is None
            and rare.parent_token is None
        ):
            state._rare = None
        else:
            rare.originals = None
    return 0


cdef Layout find_layout(State state):
    cdef Layout layout
    if isinstance(state, AdoptedState):
        layout = resolve_layout(type((<AdoptedState>state).obj()))
    else:
        layout = resolve_layout(type(state))
    state._layout = layout
    return layout


cdef class EntityBase(State):
    """The base of mapped classes whose instances hold their state themselves."""

    @property
    def _o_dict(self):
        """The instance's own dict, whatever a subclass shows as ``__dict__``."""
        return PyObject_GenericGetDict(self, NULL)


cdef class AdoptedState(State):
    """The state of an instance whose class is not derived from ``EntityBase``.

    It is found in the instance's ``__dict__``, as are the values.
    """

    def __init__(self, obj, Layout layout):
        self._o_ref = ormolu_new_ref(obj)
        self._layout = layout

    def obj(self):
        """The instance, or None when it is gone."""
        return None if self._o_ref is None else self._o_ref()


cdef int _prepare_types() except -1:
    cdef EntityBase entity = EntityBase.__new__(EntityBase)
    cdef Py_ssize_t first, i
    cdef list offsets
    # Cython does not tell the addresses of object fields: mark them and look
    entity._layout = Layout.__new__(Layout)
    entity._home = WeakTable.__new__(WeakTable)
    entity._key = object()
    entity._values = object()
    entity._related = []
    entity._rare = Rare.__new__(Rare)
    offsets = [
        ormolu_offset_of(entity, entity._layout),
        ormolu_offset_of(entity, entity._home),
        ormolu_offset_of(entity, entity._key),
        ormolu_offset_of(entity, entity._values),
        ormolu_offset_of(entity, entity._related),
        ormolu_offset_of(entity, entity._rare),
    ]
    first = offsets[0]
    if offsets != [first + i * <Py_ssize_t>sizeof(void*) for i in range(6)]:
        raise SystemError("unexpected layout of EntityBase")
    ormolu_prepare_types(
        <PyTypeObject*>EntityBase,
        <PyTypeObject*>AdoptedState,
        <char*>&entity._dict - <char*><void*>entity,
        first,
        <char*>&entity._skip - <char*><void*>entity,
        forget_entry,
    )
    return 0


cdef EntityBase new_entity(object cls):
    """An instance of a class derived from ``EntityBase``, not constructed."""
    return <EntityBase>(<TypeWithNew*>EntityBase).tp_new(<PyTypeObject*>cls, _NO_ARGS, NULL)


cdef int fresh_values(EntityBase obj, tuple values) except -1:
    """Give an object the tuple of a row.

    The collector stops tracking a tuple of values that can be in no cycle, and such
    a tuple stays as it is: its owner need not be asked for it either.
    """
    set_values(obj, values)
    if not PyObject_GC_IsTracked(values):
        obj._skip |= SKIP_VALUES
    return 0


_prepare_types()
set_entity_base(EntityBase)
