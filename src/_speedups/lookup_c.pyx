# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""From any object to its state, layout and dict; the compiled twin.

The twin in Python is ``lookup_py``.
"""

from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject

from ormolu._speedups.c_api cimport PyObject_GenericGetDict, ormolu_new_ref
from ormolu._speedups.instance_c cimport AdoptedState, State, layout_of_state
from ormolu._speedups.layout_c cimport Layout, resolve_layout

cdef extern from *:
    bint PyDict_CheckExact(object obj) noexcept

__all__ = ["layout_of", "state_of", "state_or_none"]

STATE_KEY = "_sa_instance_state"

cdef object _STATE_KEY = STATE_KEY


cdef dict dict_of(object obj):
    """The dict of an instance that is not embedded, or None."""
    try:
        namespace = PyObject_GenericGetDict(obj, NULL)
    except AttributeError:
        return None
    return <dict>namespace if PyDict_CheckExact(namespace) else None


cdef dict values_of(object obj):
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


cdef State companion_if_any(object obj):
    return _companion_in(dict_of(obj))


cdef State companion_for(object obj):
    namespace = dict_of(obj)
    state = _companion_in(namespace)
    if state is not None:
        return state
    layout = resolve_layout(type(obj))
    return new_companion(obj, layout, values_of(obj))


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
    return resolve_layout(type(obj)) if state is None else layout_of_state(state)


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
