# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""New objects get their first values; the compiled twin.

The twin in Python is ``construct_py``.
"""

from cpython.dict cimport PyDict_GetItemWithError, PyDict_Next
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from cpython.tuple cimport PyTuple_GET_SIZE

from ormolu._speedups.attribute_c cimport Attribute
from ormolu._speedups.c_api cimport (
    ormolu_filled_list,
    ormolu_is_exactly,
    ormolu_is_type,
    ormolu_list_set,
)
from ormolu._speedups.changes_c cimport mark, write_slot
from ormolu._speedups.instance_c cimport (
    F_FRESH,
    F_MODIFIED,
    EntityBase,
    State,
    is_new,
    layout_of_state,
    set_values,
)
from ormolu._speedups.layout_c cimport Layout
from ormolu._speedups.lookup_c cimport state_for
from ormolu._speedups.values_c cimport peek_value

from ormolu._speedups.sentinel import UNLOADED

cdef extern from *:
    """
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
    """
    object ormolu_make_init(PyTypeObject* entity, void* function)
    bint ormolu_set_init(object cls, void* function) noexcept

__all__ = ["begin", "construct", "constructor", "quicken_init"]

cdef object _UNLOADED = UNLOADED


def begin(obj):
    """Give a new object what its class has every object begin with.

    Nothing that has a value already is set.
    """
    _begin(obj)


cdef int _begin(object obj) except -1:
    cdef State state = state_for(obj)
    cdef Layout layout = layout_of_state(state)
    if layout.defaults is not None:
        _set_defaults(obj, state, layout)
    return 0


cdef int _set_defaults(object obj, State state, Layout layout) except -1:
    cdef Attribute attribute
    for key, value in list(layout.defaults.items()):
        if peek_value(obj, layout.index[key]) is not _UNLOADED:
            continue
        attribute = _plain_attribute(layout, key, is_new(state))
        if attribute is not None:
            write_slot(obj, state, layout, attribute.slot, value)
        else:
            setattr(obj, key, value)
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
    if layout.defaults is not None:
        _set_defaults(obj, state, layout)
    if isinstance(obj, EntityBase) and state._values is None:
        position = _construct_at_once(<EntityBase>obj, layout, kwargs)
    # kwargs may be changed by code that a store runs: each step takes its own
    # references, and PyDict_Next starts from the present state of the dict
    while PyDict_Next(kwargs, &position, &key_ptr, &value_ptr):
        key = <object>key_ptr
        value = <object>value_ptr
        attribute = _plain_attribute(layout, key, is_new(state))
        if attribute is not None:
            write_slot(obj, state, layout, attribute.slot, value)
        elif key not in layout.attributes and not hasattr(type(obj), key):
            raise TypeError(
                f"{key!r} is an invalid keyword argument for {type(obj).__name__}"
            )
        else:
            setattr(obj, key, value)
    return 0


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
    if not obj._flags & F_FRESH or not is_new(obj):
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
        set_values(obj, storage)
        if not obj._flags & F_MODIFIED:
            mark(obj, obj)
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
        _begin(<object>self)  # the first one has the layout made
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


constructor = ormolu_make_init(<PyTypeObject*>EntityBase, <void*>_init)
