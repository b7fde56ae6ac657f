# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""The state of mapped objects, attributes and identity maps; the compiled twin.

The twin in Python is ``state_py``.  Both have the same names, semantics and errors.
A field is always replaced before the old value is released, because releasing may
run anything: a finalizer that reads or changes the same object.
"""

cimport cython
from cpython.dict cimport PyDict_GetItemWithError, PyDict_Next, PyDict_SetDefault
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_FromVoidPtr
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_XDECREF
from cpython.tuple cimport PyTuple_GET_SIZE
from libc.stdint cimport int64_t

from ormolu._speedups.int_table cimport (
    ormolu_ints,
    ormolu_ints_clear,
    ormolu_ints_find,
    ormolu_ints_init,
    ormolu_ints_remove,
    ormolu_ints_set,
)

import sys

from ormolu._speedups.sentinel import UNLOADED

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

    /* An __init__ that type.__call__ reaches without a frame of Python: a class
       takes the C function behind a slot wrapper into its own tp_init. */
    static PyObject *ormolu_make_init(PyTypeObject *entity, void *function) {
        PyObject *wrapper, *model;
        model = PyObject_GetAttrString((PyObject *)&PyBaseObject_Type, "__init__");
        if (model == NULL) return NULL;
        wrapper = PyDescr_NewWrapper(
            entity, ((PyWrapperDescrObject *)model)->d_base, function);
        Py_DECREF(model);
        return wrapper;
    }

    /* Let type.__call__ run a C function in the place of an __init__ in Python.  It is
       undone by Python whenever the class or a base of it gets another __init__, and
       subclasses do not inherit it. */
    static int ormolu_set_init(PyObject *cls, void *function) {
        PyTypeObject *type = (PyTypeObject *)cls;
        if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return 0;
        type->tp_init = (initproc)function;
        return 1;
    }

    static inline int ormolu_is_exactly(PyObject *obj, PyObject *cls) {
        return (PyObject *)Py_TYPE(obj) == cls;
    }

    static inline int ormolu_is_type(PyObject *obj) { return PyType_Check(obj); }

    static inline PyObject *ormolu_namespace(PyObject *cls) {
    #if PY_VERSION_HEX >= 0x030C0000
        return PyType_GetDict((PyTypeObject *)cls);
    #else
        return Py_NewRef(((PyTypeObject *)cls)->tp_dict);
    #endif
    }

    /* A weak reference without callback refers to nothing that the collector must
       know of, so it need not be traversed either. */
    static inline PyObject *ormolu_new_ref(PyObject *obj) {
        PyObject *ref = PyWeakref_NewRef(obj, NULL);
        if (ref != NULL) PyObject_GC_UnTrack(ref);
        return ref;
    }

    static inline PyObject *ormolu_filled_list(Py_ssize_t size, PyObject *value) {
        PyObject *list = PyList_New(size);
        if (list == NULL) return NULL;
        for (Py_ssize_t i = 0; i < size; i++)
            PyList_SET_ITEM(list, i, Py_NewRef(value));
        return list;
    }
    """
    ctypedef void (*ormolu_forget_fn)(PyObject* home, PyObject* key) noexcept
    int ormolu_prepare_types(
        PyTypeObject* entity, PyTypeObject* adopted, Py_ssize_t dict_offset,
        Py_ssize_t fields_offset, Py_ssize_t skip_offset, ormolu_forget_fn forget
    ) except -1
    object ormolu_make_init(PyTypeObject* entity, void* function)
    bint ormolu_set_init(object cls, void* function) noexcept
    Py_ssize_t ormolu_offset_of(object o, object value) except -1
    bint ormolu_is_exactly(PyObject* obj, PyObject* cls) noexcept
    bint ormolu_is_type(object obj) noexcept
    object ormolu_namespace(object cls)
    object ormolu_new_ref(object obj)
    list ormolu_filled_list(Py_ssize_t size, object value)
    object PyObject_GenericGetDict(object obj, void* context)
    bint PyDict_CheckExact(object obj) noexcept
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1
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
    "UNLOADED",
    "AdoptedState",
    "Attribute",
    "EntityBase",
    "IdentityDict",
    "Layout",
    "State",
    "Tracker",
    "construct",
    "constructor",
    "drop",
    "expire",
    "forget_changes",
    "layout_of",
    "loaded",
    "mark_modified",
    "note_original",
    "parent_of",
    "parents_of",
    "peek",
    "peek_key",
    "put",
    "quicken_init",
    "register_layout",
    "registered_layout",
    "set_missing_layout_hook",
    "set_parent",
    "state_of",
    "state_or_none",
    "unregister_layout",
    "write",
]

MODIFIED = F_MODIFIED
FRESH = F_FRESH
DELETED = F_DELETED
PARTIAL = F_PARTIAL
EXPIRED = F_EXPIRED
LOADING = F_LOADING
BUSY = F_BUSY
LAPSED = F_LAPSED

STATE_KEY = "_sa_instance_state"
LAYOUT_KEY = "__ormolu_layout__"

cdef int64_t _MODULUS = sys.hash_info.modulus
cdef object _UNLOADED = UNLOADED
cdef object _STATE_KEY = STATE_KEY
cdef object _LAYOUT_KEY = LAYOUT_KEY
cdef object _missing_layout_hook = None
cdef object _type_setattr = type.__setattr__
cdef object _type_delattr = type.__delattr__
cdef tuple _NO_ARGS = ()


cdef class Layout:
    """Which slots the instances of one class have.

    Columns have the slots 0, 1, ...; what is related has -1, -2, ...  Slots are only
    ever appended, so an instance with a shorter storage has nothing loaded there.

    Arguments:
        cls: the class.
        keys: the keys of its columns.
        related_keys: the keys of its relationships.
        pk_keys: the keys of the columns that identify an instance.
        base: the layout at the root of the hierarchy; its own if None.
        embedded: whether the instances hold their state themselves.
        mapper: anything that the layers above want to find here.
    """

    def __init__(
        self, cls, keys, related_keys, pk_keys, *, Layout base=None,
        bint embedded=True, mapper=None,
    ):
        self.cls = cls
        self._is_entity = ormolu_is_type(cls) and issubclass(cls, EntityBase)
        self.keys = []
        self.related_keys = []
        self.index = {}
        for key in keys:
            self.add_column(key)
        for key in related_keys:
            self.add_related(key)
        self.pk_slots = tuple([self.index[key] for key in pk_keys])
        self._base = base
        self.embedded = embedded
        self.mapper = mapper
        self.attributes = {}

    @property
    def base(self):
        """The layout at the root of the hierarchy."""
        return self._root()

    cdef Layout _root(self):
        return self if self._base is None else self._base

    def add_column(self, key):
        """Append a column and return its slot."""
        self._require_new(key)
        slot = len(self.keys)
        self.index[key] = slot
        self.keys.append(key)
        return slot

    def add_related(self, key):
        """Append a relationship and return its slot."""
        self._require_new(key)
        slot = -1 - len(self.related_keys)
        self.index[key] = slot
        self.related_keys.append(key)
        return slot

    def _require_new(self, key):
        if key in self.index:
            raise ValueError(f"{self!r} already has the key {key!r}")

    cdef object _key_of(self, Py_ssize_t slot):
        key = _key_at(self, slot)
        if key is None:
            raise IndexError(f"{self!r} has no slot {slot}")
        return key

    def __repr__(self):
        return f"<Layout of {self.cls.__name__}>"


cdef object _key_at(Layout layout, Py_ssize_t slot):
    """The key of a slot, None if the layout has no such slot."""
    cdef list keys = layout.keys
    if slot < 0:
        keys = layout.related_keys
        slot = -1 - slot
    return keys[slot] if slot < len(keys) else None


def set_missing_layout_hook(fn):
    """Have ``fn(cls)`` called for the layout of a class that has none of its own."""
    global _missing_layout_hook
    _missing_layout_hook = fn


# The layout is kept by the class itself, so the two are collected together: a table
# with weak keys would keep every class alive that its layout refers to.


def register_layout(cls, layout):
    """Give a class its layout; its subclasses do not inherit it."""
    if not isinstance(layout, Layout):
        raise TypeError(f"Expected a Layout, not {layout!r}")
    _type_setattr(cls, _LAYOUT_KEY, layout)


def unregister_layout(cls):
    """Take a class's layout away, if it has one."""
    if registered_layout(cls) is not None:
        _type_delattr(cls, _LAYOUT_KEY)


def registered_layout(cls):
    """The layout registered for exactly this class."""
    if not ormolu_is_type(cls):
        raise TypeError(
            "descriptor '__dict__' for 'type' objects doesn't apply to a "
            f"{type(cls).__name__!r} object"
        )
    return _registered(cls)


cdef object _registered(object cls):
    # Borrowed, but the class holds it; a str finds a str without running any code.
    namespace = ormolu_namespace(cls)
    cdef PyObject* found = PyDict_GetItemWithError(namespace, _LAYOUT_KEY)
    if found is NULL:
        return None
    return <object>found


cdef Layout _resolve_layout(object cls):
    layout = _registered(cls)
    if layout is None:
        hook = _missing_layout_hook
        if hook is None:
            raise TypeError(f"Class {cls.__name__!r} has no layout")
        layout = hook(cls)
    if not isinstance(layout, Layout):
        raise TypeError(
            f"The hook for missing layouts returned {layout!r}, not a Layout"
        )
    return <Layout>layout


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
    def _o_home(self, IdentityDict home):
        self._home = home

    @property
    def _o_key(self):
        """The primary key in the identity dict: a bare value or a tuple."""
        return self._key

    @_o_key.setter
    def _o_key(self, key):
        _set_key(self, key)

    @property
    def _o_values(self):
        """The values of the columns: a tuple shared with the row, or a list."""
        return self._values

    @_o_values.setter
    def _o_values(self, values):
        if values is not None and type(values) is not list and type(values) is not tuple:
            raise TypeError(f"Expected a tuple, a list or None, not {values!r}")
        _set_values(self, values)

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
            _own_rare(self).origin = origin

    @property
    def _o_extras(self):
        """Rare things, or None."""
        return None if self._rare is None else self._rare.extras

    @_o_extras.setter
    def _o_extras(self, dict extras):
        if extras is not None or self._rare is not None:
            _own_rare(self).extras = extras

    @property
    def _o_view(self):
        """What the layers above show as the object's state."""
        return None if self._rare is None else self._rare.view

    @_o_view.setter
    def _o_view(self, view):
        if view is not None or self._rare is not None:
            _own_rare(self).view = view


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


cdef Rare _own_rare(State state):
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
        _own_rare(state).originals = originals
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


cdef inline int _set_key(State state, object key) except -1:
    state._skip &= ~<unsigned int>SKIP_KEY
    state._key = key
    if type(key) is int or type(key) is str:
        state._skip |= SKIP_KEY
    return 0


cdef Layout layout_of_state(State state):
    cdef Layout layout = state._layout
    if layout is None:
        if isinstance(state, AdoptedState):
            layout = _resolve_layout(type((<AdoptedState>state).obj()))
        else:
            layout = _resolve_layout(type(state))
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


cdef void _forget_entry(PyObject* home, PyObject* key) noexcept:
    """Remove what a dead object has left in its identity dict."""
    try:
        _purge(<IdentityDict>home, <object>key)
    except BaseException:
        # a key that cannot be compared any more; a destructor has no one to tell
        pass


cdef int _purge(IdentityDict home, object key) except -1:
    cdef dict entries
    cdef PyObject* found = home._ref(key)
    if found is NULL or _is_alive(found):
        return 0
    entries = home._entries
    if entries is None:
        return home._remove(key)
    ref = entries.pop(key, None)
    # comparing keys may have run code that entered another object meanwhile
    if ref is not None and _is_alive(<PyObject*>ref):
        entries[key] = ref
    return 0


cdef inline object _object_of(PyObject* ref):
    """The object that a weak reference points to, or None."""
    cdef PyObject* found = ormolu_deref(ref)
    if found is NULL:
        return None
    obj = <object>found
    Py_XDECREF(found)
    return obj


cdef inline bint _is_small(object key, int64_t* number) except -1:
    """Whether a key is an int whose hash is the number itself (-1 apart)."""
    cdef int overflow = 0
    if type(key) is not int:
        return False
    number[0] = PyLong_AsLongLongAndOverflow(key, &overflow)
    return not overflow and -_MODULUS < number[0] < _MODULUS


cdef bint _is_alive(PyObject* ref) noexcept:
    cdef PyObject* obj = ormolu_deref(ref)
    Py_XDECREF(obj)
    return obj is not NULL


cdef int _prepare_types() except -1:
    cdef EntityBase entity = EntityBase.__new__(EntityBase)
    cdef Py_ssize_t first, i
    cdef list offsets
    # Cython does not tell the addresses of object fields: mark them and look
    entity._layout = Layout.__new__(Layout)
    entity._home = IdentityDict.__new__(IdentityDict)
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
        _forget_entry,
    )
    return 0


cdef EntityBase new_entity(object cls):
    """An instance of a class derived from ``EntityBase``, not constructed."""
    return <EntityBase>(<TypeWithNew*>EntityBase).tp_new(<PyTypeObject*>cls, _NO_ARGS, NULL)


cdef inline int _set_values(State state, object values) except -1:
    state._skip &= ~<unsigned int>SKIP_VALUES
    state._values = values
    return 0


cdef int fresh_values(EntityBase obj, tuple values) except -1:
    """Give an object the tuple of a row.

    The collector stops tracking a tuple of values that can be in no cycle, and such
    a tuple stays as it is: its owner need not be asked for it either.
    """
    _set_values(obj, values)
    if not PyObject_GC_IsTracked(values):
        obj._skip |= SKIP_VALUES
    return 0


cdef dict dict_of(object obj):
    """The dict of an instance that is not embedded, or None."""
    try:
        namespace = PyObject_GenericGetDict(obj, NULL)
    except AttributeError:
        return None
    return <dict>namespace if PyDict_CheckExact(namespace) else None


cdef dict _values_of(object obj):
    namespace = dict_of(obj)
    if namespace is None:
        raise TypeError(
            f"{type(obj).__name__!r} object can have no mapped attributes: it neither "
            f"derives from EntityBase nor has a __dict__"
        )
    return namespace


cdef AdoptedState _companion_in(dict namespace):
    cdef PyObject* found
    if namespace is None:
        return None
    found = PyDict_GetItemWithError(namespace, _STATE_KEY)
    if found is NULL:
        return None
    state = <object>found
    return <AdoptedState>state if isinstance(state, AdoptedState) else None


cdef State state_if_any(object obj):
    if isinstance(obj, EntityBase):
        return <State>obj
    return _companion_in(dict_of(obj))


cdef State state_for(object obj):
    if isinstance(obj, EntityBase):
        return <State>obj
    namespace = dict_of(obj)
    state = _companion_in(namespace)
    if state is not None:
        return state
    layout = _resolve_layout(type(obj))
    return new_companion(obj, layout, _values_of(obj))


cdef AdoptedState new_companion(object obj, Layout layout, dict namespace):
    factory = layout.state_factory
    if factory is None:
        state = AdoptedState.__new__(AdoptedState)
        (<AdoptedState>state)._o_ref = ormolu_new_ref(obj)
        (<AdoptedState>state)._layout = layout
    else:
        state = factory(obj, layout)
        if not isinstance(state, AdoptedState):
            raise TypeError(
                f"The state factory returned {state!r}, not an AdoptedState"
            )
    namespace[_STATE_KEY] = state
    return <AdoptedState>state


cdef Layout layout_for(object obj):
    state = state_if_any(obj)
    return _resolve_layout(type(obj)) if state is None else layout_of_state(state)


def state_or_none(obj):
    """The state of an object, or None if it has none."""
    return state_if_any(obj)


def state_of(obj):
    """The state of an object; one is made for an adopted object without.

    Raises:
        whatever the hook for missing layouts raises, for an unmapped object.
    """
    return state_for(obj)


def layout_of(obj):
    """The layout of an object's class."""
    return layout_for(obj)


cdef object peek_value(object obj, Py_ssize_t slot):
    cdef PyObject* found
    if isinstance(obj, EntityBase):
        found = borrow(<EntityBase>obj, slot)
        return _UNLOADED if found is NULL else <object>found
    namespace = _values_of(obj)
    key = _key_at(layout_for(obj), slot)
    return _UNLOADED if key is None else namespace.get(key, _UNLOADED)


def peek(obj, Py_ssize_t slot):
    """The value in a slot or ``UNLOADED``; nothing is loaded, nothing fires."""
    return peek_value(obj, slot)


def peek_key(obj, key):
    """The value of a key or ``UNLOADED``; also for a key that is not mapped."""
    slot = layout_for(obj).index.get(key)
    return _UNLOADED if slot is None else peek_value(obj, slot)


cdef int put_value(object obj, Py_ssize_t slot, object value) except -1:
    if isinstance(obj, EntityBase):
        return _store(<EntityBase>obj, slot, value)
    key = layout_of_state(state_for(obj))._key_of(slot)
    return _store_adopted(_values_of(obj), key, value)


cdef int _store(EntityBase obj, Py_ssize_t slot, object value) except -1:
    """Put a value into a private list, which is made when there is none."""
    cdef Layout layout
    cdef list storage
    if slot >= 0:
        if type(obj._values) is not list or slot >= PyList_GET_SIZE(obj._values):
            layout = layout_of_state(obj)
            layout._key_of(slot)
            storage = _grown(obj._values, len(layout.keys))
            _set_values(obj, storage)
        else:
            storage = <list>obj._values
    else:
        slot = -1 - slot
        storage = obj._related
        if storage is None or slot >= PyList_GET_SIZE(storage):
            layout = layout_of_state(obj)
            layout._key_of(-1 - slot)
            storage = _grown(storage, len(layout.related_keys))
            obj._related = storage
    # replacing the storage may have run code that cut the list short
    if slot >= PyList_GET_SIZE(storage):
        raise IndexError("list assignment index out of range")
    ormolu_list_set(<PyObject*>storage, slot, <PyObject*>value)
    return 0


cdef list _grown(object storage, Py_ssize_t size):
    """A private list with the values, and as many slots as the layout has."""
    cdef list grown
    if storage is None:
        return ormolu_filled_list(size, _UNLOADED)
    grown = list(storage)
    while PyList_GET_SIZE(grown) < size:
        grown.append(_UNLOADED)
    return grown


cdef int _store_adopted(dict namespace, object key, object value) except -1:
    if value is _UNLOADED:
        namespace.pop(key, None)
    else:
        namespace[key] = value
    return 0


def put(obj, Py_ssize_t slot, value):
    """Store a value as one that was loaded: it is no change."""
    put_value(obj, slot, value)


def drop(obj, Py_ssize_t slot):
    """Make a slot unloaded; the original of a change is kept."""
    state = state_for(obj)
    if peek_value(obj, slot) is not _UNLOADED:
        put_value(obj, slot, _UNLOADED)
    if slot >= 0 and not state._flags & F_FRESH:
        state._flags |= F_PARTIAL


cdef int _keep_original(State state, object key, object old) except -1:
    cdef dict originals = originals_of(state)
    if originals is None:
        set_originals(state, {key: old})
    else:
        PyDict_SetDefault(originals, key, old)
    return 0


cdef object _write(EntityBase obj, Layout layout, Py_ssize_t slot, object value):
    """Store a change in an embedded object and return the old value."""
    cdef PyObject* found = borrow(obj, slot)
    old = _UNLOADED if found is NULL else <object>found
    if not obj._flags & F_FRESH:
        _keep_original(obj, layout._key_of(slot), old)
    _store(obj, slot, value)
    if not obj._flags & F_MODIFIED:
        _mark(obj, obj)
    return old


cdef object _write_adopted(object obj, State state, object key, object value):
    """Store a change in an adopted object and return the old value."""
    cdef dict namespace = _values_of(obj)
    old = namespace.get(key, _UNLOADED)
    if not state._flags & F_FRESH:
        _keep_original(state, key, old)
    _store_adopted(namespace, key, value)
    if not state._flags & F_MODIFIED:
        _mark(obj, state)
    return old


cdef object _write_slot(object obj, State state, Layout layout, Py_ssize_t slot, object value):
    if isinstance(obj, EntityBase):
        return _write(<EntityBase>obj, layout, slot, value)
    return _write_adopted(obj, state, layout._key_of(slot), value)


def write(obj, Py_ssize_t slot, value):
    """Store a value as a change and return the old one.

    The original is kept at the first change, but not for an object that has never
    been in the database: all of its values are new.
    """
    state = state_for(obj)
    layout = layout_of_state(state)
    layout._key_of(slot)
    return _write_slot(obj, state, layout, slot, value)


def mark_modified(obj):
    """Flag an object as changed and enter it in the list of its session."""
    state = state_for(obj)
    if not state._flags & F_MODIFIED:
        _mark(obj, state)


cdef int _mark(object obj, State state) except -1:
    cdef Tracker tracker
    state._flags |= F_MODIFIED
    if state._home is not None:
        tracker = state._home._live_tracker()
        if tracker is not None:
            if not state._flags & F_DELETED:
                tracker.modified[PyLong_FromVoidPtr(<void*>obj)] = obj
            if tracker.idle:
                owner = tracker.owner
                if owner is not None:
                    owner._begin_for_change()
    return 0


cdef int _unmark(object obj, State state) except -1:
    cdef Tracker tracker
    state._flags &= ~<unsigned int>F_MODIFIED
    if state._home is not None:
        tracker = state._home._live_tracker()
        if tracker is not None and len(tracker.modified):
            tracker.modified.pop(PyLong_FromVoidPtr(<void*>obj), None)
    return 0


def note_original(obj, key, old):
    """Keep the original of a key that changes, unless one is kept already."""
    state = state_for(obj)
    _keep_original(state, key, old)
    if not state._flags & F_MODIFIED:
        _mark(obj, state)


cdef int change_original(object obj, State state, object key, object old) except -1:
    """Keep an original, unless the key is None, and flag the object as changed."""
    if key is not None:
        _keep_original(state, key, old)
    if not state._flags & F_MODIFIED:
        _mark(obj, state)
    return 0


cdef int write_entity(
    EntityBase obj, Layout layout, Py_ssize_t slot, object value
) except -1:
    _write(obj, layout, slot, value)
    return 0


cdef object new_ref(object obj):
    return ormolu_new_ref(obj)


cdef int set_parent_of(object child, object token, object parent) except -1:
    cdef Rare rare = _own_rare(state_for(child))
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


def loaded(obj):
    """The attributes that are in memory: columns in slot order, then related."""
    cdef Layout layout = layout_for(obj)
    cdef Py_ssize_t i
    cdef dict found = {}
    cdef list keys = layout.keys
    for i in range(len(keys)):
        value = peek_value(obj, i)
        if value is not _UNLOADED:
            found[keys[i]] = value
    keys = layout.related_keys
    for i in range(len(keys)):
        value = peek_value(obj, -1 - i)
        if value is not _UNLOADED:
            found[keys[i]] = value
    return found


cdef int forget(object obj, State state) except -1:
    set_originals(state, None)
    if state._rare is not None and state._rare.extras is not None:
        state._rare.extras.pop("pending", None)
    return _unmark(obj, state)


def forget_changes(obj):
    """Take the present values as those of the database."""
    forget(obj, state_for(obj))


def expire(obj):
    """Drop all values, changes and parents; the next read finds nothing loaded."""
    state = state_for(obj)
    if isinstance(obj, EntityBase):
        _set_values(state, None)
        state._related = None
    else:
        layout = layout_of_state(state)
        namespace = _values_of(obj)
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
    rare = _own_rare(state)
    parent, parents = rare.parent, rare.parents
    rare.parent_token = rare.parent = rare.parents = None
    del parent, parents  # the fields are empty before these run anything
    return 0


def construct(obj, dict kwargs):
    """Set attributes as the default constructor does.

    Raises:
        TypeError: for a key that the class does not have.
    """
    if kwargs is None:
        raise TypeError("Expected a dict, not None")
    _construct(obj, kwargs)


cdef int _construct(object obj, dict kwargs) except -1:
    cdef State state = state_for(obj)
    cdef Layout layout = layout_of_state(state)
    cdef PyObject* key_ptr
    cdef PyObject* value_ptr
    cdef Attribute attribute
    cdef Py_ssize_t position = 0
    if isinstance(obj, EntityBase) and state._values is None:
        position = _construct_at_once(<EntityBase>obj, layout, kwargs)
    # kwargs may be changed by code that a store runs: each step takes its own
    # references, and PyDict_Next starts from the present state of the dict
    while PyDict_Next(kwargs, &position, &key_ptr, &value_ptr):
        key = <object>key_ptr
        value = <object>value_ptr
        attribute = _plain_attribute(layout, key, _is_new(state))
        if attribute is not None:
            _write_slot(obj, state, layout, attribute.slot, value)
        elif key not in layout.attributes and not hasattr(type(obj), key):
            raise TypeError(
                f"{key!r} is an invalid keyword argument for {type(obj).__name__}"
            )
        else:
            setattr(obj, key, value)
    return 0


cdef inline bint _is_new(State state):
    """Whether nothing is known of an object that a write would have to heed."""
    return (
        state._key is None
        and not state._flags & F_LAPSED
        and (state._rare is None or state._rare.extras is None)
    )


cdef inline Attribute _plain_attribute(Layout layout, object key, bint is_new):
    """The attribute of a column that is set without asking anyone, or None."""
    cdef PyObject* found = PyDict_GetItemWithError(layout.attributes, key)
    cdef Attribute attribute
    if found is NULL:
        return None
    if not ormolu_is_exactly(found, <PyObject*>layout._attribute_type):
        if not isinstance(<object>found, Attribute):
            return None
        layout._attribute_type = type(<object>found)
    attribute = <Attribute>found
    if (
        (attribute.on_set is None or (is_new and attribute.new_is_plain))
        and attribute.layout is layout
        and 0 <= attribute.slot < PyList_GET_SIZE(layout.keys)
    ):
        return attribute
    return None


cdef Py_ssize_t _construct_at_once(
    EntityBase obj, Layout layout, dict kwargs
) except -1:
    """Put plain columns into a new list; how far in kwargs that went."""
    cdef list storage = None
    cdef Py_ssize_t position = 0
    cdef Py_ssize_t done = 0
    cdef PyObject* key_ptr
    cdef PyObject* value_ptr
    cdef Attribute attribute
    if not obj._flags & F_FRESH or not _is_new(obj):
        return 0  # where the originals are to be kept
    while PyDict_Next(kwargs, &position, &key_ptr, &value_ptr):
        key = <object>key_ptr
        value = <object>value_ptr
        attribute = _plain_attribute(layout, key, True)
        if attribute is None:
            break
        if storage is None:
            storage = ormolu_filled_list(PyList_GET_SIZE(layout.keys), _UNLOADED)
        if <object>PyList_GET_ITEM(storage, attribute.slot) is not _UNLOADED:
            break
        ormolu_list_set(<PyObject*>storage, attribute.slot, <PyObject*>value)
        done = position
    if storage is not None and obj._values is None:
        _set_values(obj, storage)
        if not obj._flags & F_MODIFIED:
            _mark(obj, obj)
        return done
    return 0


cdef int _init(PyObject* self, PyObject* args, PyObject* kwargs) except -1:
    """``tp_init`` of a class whose ``__init__`` is ``constructor``."""
    cdef Py_ssize_t count = PyTuple_GET_SIZE(<object>args) + 1
    if count > 1:
        raise TypeError(
            f"__init__() takes 1 positional argument but {count} were given"
        )
    _construct(<object>self, {} if kwargs is NULL else <dict>kwargs)
    return 0


cdef int _quick_init(PyObject* self, PyObject* args, PyObject* kwargs) except -1:
    """``tp_init`` of a class that ``quicken_init`` has dealt with."""
    if PyTuple_GET_SIZE(<object>args):
        init = type(<object>self).__init__
        init(<object>self, *<tuple>args, **({} if kwargs is NULL else <dict>kwargs))
    elif kwargs is NULL:
        layout_of_state(state_for(<object>self))  # the first one has it made
    else:
        _construct(<object>self, <dict>kwargs)
    return 0


def quicken_init(cls, constructor):
    """Run ``construct`` when a class is called, without a frame of Python.

    Nothing is done unless instances hold their state themselves and ``constructor``,
    a function that does no more than ``construct``, is the ``__init__`` of the class.

    Returns:
        whether it was done.
    """
    if not (ormolu_is_type(cls) and issubclass(cls, EntityBase)):
        return False
    if cls.__init__ is not constructor:
        return False
    return ormolu_set_init(cls, <void*>_quick_init)


@cython.nonecheck(False)
cdef inline bint _is_home_of(Attribute attribute, object obj) noexcept:
    """Whether an object is embedded and has the very layout of an attribute.

    Comparing the exact type is 5 ns faster than looking for EntityBase in an mro.
    """
    return (
        attribute.layout is not None
        and attribute.layout._is_entity
        and ormolu_is_exactly(<PyObject*>obj, <PyObject*>attribute.layout.cls)
        and (<EntityBase>obj)._layout is attribute.layout
    )


cdef class Attribute:
    """The descriptor of one mapped attribute.

    ``on_missing(obj)`` supplies a value that is not loaded, ``on_set(obj, value)``
    and ``on_delete(obj)`` take the place of the plain store.  Without them nothing
    but the instance is touched.  With ``new_is_plain`` an object that has neither a
    key nor extras, and has not lost its values, is stored to without ``on_set``.
    """

    def __init__(self, key):
        self.key = key

    def __get__(self, obj, owner):
        cdef PyObject* found
        if obj is None:
            return self
        if _is_home_of(self, obj):
            found = borrow(<EntityBase>obj, self.slot)
            if found is not NULL and found is not <PyObject*>_UNLOADED:
                return <object>found
            return self._missing(obj)
        return self._get_slowly(obj)

    cdef object _get_slowly(self, obj):
        if isinstance(obj, EntityBase):
            value = peek_value(obj, self._slot_in(obj))
        else:
            value = _values_of(obj).get(self.key, _UNLOADED)
        return self._missing(obj) if value is _UNLOADED else value

    cdef object _missing(self, obj):
        on_missing = self.on_missing
        if on_missing is None:
            raise _no_attribute(obj, self.key)
        return on_missing(obj)

    def __set__(self, obj, value):
        cdef State state
        if self.on_set is not None and not (
            self.new_is_plain
            and isinstance(obj, EntityBase)
            and _is_new(<EntityBase>obj)
        ):
            if not isinstance(obj, EntityBase):
                _values_of(obj)
            on_set = self.on_set
            on_set(obj, value)
        elif _is_home_of(self, obj):
            _write(<EntityBase>obj, self.layout, self.slot, value)
        else:
            self._set_slowly(obj, value)

    cdef int _set_slowly(self, obj, value) except -1:
        if not isinstance(obj, EntityBase):
            _values_of(obj)
        state = state_for(obj)
        slot = self._slot_in(obj)
        layout = layout_of_state(state)
        layout._key_of(slot)
        _write_slot(obj, state, layout, slot, value)
        return 0

    def __delete__(self, obj):
        if not isinstance(obj, EntityBase):
            _values_of(obj)
        on_delete = self.on_delete
        if on_delete is None:
            raise AttributeError(
                f"attribute {self.key!r} of {type(obj).__name__!r} object cannot be "
                f"deleted"
            )
        on_delete(obj)

    cdef Py_ssize_t _slot_in(self, object obj) except? -1:
        cdef Layout layout = layout_for(obj)
        if layout is self.layout:
            return self.slot
        slot = layout.index.get(self.key)
        if slot is None:
            raise _no_attribute(obj, self.key)
        return slot


cdef object _no_attribute(object obj, object key):
    return AttributeError(f"{type(obj).__name__!r} object has no attribute {key!r}")


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


cdef class IdentityDict:
    """The persistent objects of one hierarchy of classes, by primary key.

    An object holds its home strongly, the home holds the object and the tracker
    weakly: no cycle keeps a session's objects alive.
    """

    def __cinit__(self):
        ormolu_ints_init(&self._ints)

    def __dealloc__(self):
        ormolu_ints_clear(&self._ints)

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

    cdef PyObject* _ref(self, object key) except? NULL:
        """The reference under a key, borrowed; NULL if there is none."""
        cdef int64_t number
        if self._entries is not None:
            return PyDict_GetItemWithError(self._entries, key)
        if _is_small(key, &number):
            return ormolu_ints_find(&self._ints, number)
        return self._ref_of_equal(key)

    cdef PyObject* _ref_of_equal(self, object key) except? NULL:
        """The reference under the integer in the table that a key is equal to."""
        cdef int64_t number = hash(key)  # that of a small integer is the integer
        while True:
            # a comparison may run anything, so all is asked for again after it
            if ormolu_ints_find(&self._ints, number) is not NULL and number == key:
                if self._entries is not None:
                    return PyDict_GetItemWithError(self._entries, key)
                return ormolu_ints_find(&self._ints, number)
            if number != -2:
                break
            number = -1  # whose hash is that of -2
        if self._entries is not None:
            return PyDict_GetItemWithError(self._entries, key)
        return NULL

    cdef int _set_ref(self, object key, object ref) except -1:
        cdef int64_t number
        if self._entries is None:
            if _is_small(key, &number):
                return ormolu_ints_set(&self._ints, number, ref)
            hash(key)  # before anything is changed
            self._use_dict()
        self._entries[key] = ref
        return 0

    cdef int _remove(self, object key) except -1:
        cdef int64_t number
        if self._entries is None:
            if _is_small(key, &number):
                ormolu_ints_remove(&self._ints, number)
                return 0
            hash(key)
            self._use_dict()
        self._entries.pop(key, None)
        return 0

    cdef int _use_dict(self) except -1:
        """Move the entries of the table to a dict."""
        cdef dict entries = {}
        cdef Py_ssize_t i
        if self._entries is not None:
            return 0  # making a dict may have run the collector, and so anything
        # nothing is made here that would run it
        for i in range(self._ints.used):
            if self._ints.refs[i] is not NULL:
                entries[self._ints.keys[i]] = <object>self._ints.refs[i]
        self._entries = entries
        ormolu_ints_clear(&self._ints)
        return 0

    cdef int _clear(self) except -1:
        self._entries = None
        ormolu_ints_clear(&self._ints)
        return 0

    cdef list _snapshot(self):
        """Keys and references as they are now, in turn."""
        cdef Py_ssize_t i
        cdef Py_ssize_t size = -1
        cdef list found = []
        cdef object key
        cdef PyObject* ref
        while self._entries is None and size != self._ints.live:
            # making the list may run the collector, and so anything
            size = self._ints.live
            found = [None] * (2 * size)
        if self._entries is not None:
            found = []
            for pair in list(self._entries.items()):
                found += pair
            return found
        size = 0
        for i in range(self._ints.used):
            ref = self._ints.refs[i]
            if ref is not NULL:
                key = self._ints.keys[i]
                ormolu_list_set(<PyObject*>found, size, <PyObject*>key)
                ormolu_list_set(<PyObject*>found, size + 1, ref)
                size += 2
        return found

    cdef object _find(self, object key):
        cdef PyObject* ref = self._ref(key)
        cdef PyObject* found
        if ref is NULL:
            return None
        found = ormolu_deref(ref)
        if found is NULL:
            return None
        obj = <object>found
        Py_XDECREF(found)
        return obj

    cdef int _enter(self, object obj, State state, object key) except -1:
        """Enter an object that has no home, under a key that no live one has."""
        self._set_ref(key, ormolu_new_ref(obj))
        _set_key(state, key)
        state._home = self
        return 0

    def get(self, key):
        """The object with a key, or None."""
        return self._find(key)

    def add(self, obj, key):
        """Enter an object, in the place of any other one with the same key."""
        self.replace(obj, key)

    def replace(self, obj, key):
        """Enter an object and return the live one whose place it took, or None."""
        cdef State state = state_for(obj)
        cdef State other
        previous = self._find(key)
        if previous is obj:
            _set_key(state, key)
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

    def values(self):
        """The objects that are alive, in the order of their entries."""
        cdef list found = []
        cdef list entries = self._snapshot()
        cdef Py_ssize_t i
        for i in range(1, PyList_GET_SIZE(entries), 2):
            obj = _object_of(PyList_GET_ITEM(entries, i))
            if obj is not None:
                found.append(obj)
        return found

    def keys(self):
        """The keys of the objects that are alive."""
        return [pair[0] for pair in self.items()]

    def items(self):
        """Keys and objects that are alive."""
        cdef list pairs = []
        cdef list entries = self._snapshot()
        cdef Py_ssize_t i
        for i in range(1, PyList_GET_SIZE(entries), 2):
            obj = _object_of(PyList_GET_ITEM(entries, i))
            if obj is not None:
                pairs.append((entries[i - 1], obj))
        return pairs

    def __len__(self):
        cdef Py_ssize_t alive = 0
        cdef list entries = self._snapshot()
        cdef Py_ssize_t i
        for i in range(1, PyList_GET_SIZE(entries), 2):
            alive += _is_alive(PyList_GET_ITEM(entries, i))
        return alive

    def __bool__(self):
        return True

    def __repr__(self):
        return f"<IdentityDict of {self.layout.cls.__name__}: {len(self)} objects>"


_prepare_types()

constructor = ormolu_make_init(<PyTypeObject*>EntityBase, <void*>_init)
