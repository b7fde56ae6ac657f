# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""Which slots a class has, and how a class finds its layout; the compiled twin.

The twin in Python is ``layout_py``.
"""

from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport ormolu_is_type

cdef extern from *:
    """
    static inline PyObject *ormolu_namespace(PyObject *cls) {
    #if PY_VERSION_HEX >= 0x030C0000
        return PyType_GetDict((PyTypeObject *)cls);
    #else
        return Py_NewRef(((PyTypeObject *)cls)->tp_dict);
    #endif
    }
    """
    object ormolu_namespace(object cls)

__all__ = [
    "Layout",
    "register_layout",
    "registered_layout",
    "set_missing_layout_hook",
    "unregister_layout",
]

LAYOUT_KEY = "__ormolu_layout__"

cdef object _LAYOUT_KEY = LAYOUT_KEY
cdef object _missing_layout_hook = None
cdef object _entity_base = ()
cdef object _type_setattr = type.__setattr__
cdef object _type_delattr = type.__delattr__


cdef int set_entity_base(object cls) except -1:
    """Tell what classes with embedded state derive from; it is made above this."""
    global _entity_base
    _entity_base = cls
    return 0


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
        self._is_entity = ormolu_is_type(cls) and issubclass(cls, _entity_base)
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
        key = key_at(self, slot)
        if key is None:
            raise IndexError(f"{self!r} has no slot {slot}")
        return key

    def __repr__(self):
        return f"<Layout of {self.cls.__name__}>"


cdef object key_at(Layout layout, Py_ssize_t slot):
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


cdef Layout resolve_layout(object cls):
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
