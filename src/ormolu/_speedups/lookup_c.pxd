"""From any object to its state; at once for one that holds its state itself."""

from ormolu._speedups.instance_c cimport AdoptedState, EntityBase, State
from ormolu._speedups.layout_c cimport Layout


cdef inline State state_for(object obj):
    """The state of an object; one is made for an adopted object without."""
    return <State>obj if isinstance(obj, EntityBase) else companion_for(obj)


cdef inline State state_if_any(object obj):
    """The state of an object, or None if it has none."""
    return <State>obj if isinstance(obj, EntityBase) else companion_if_any(obj)


cdef State companion_for(object obj)
cdef State companion_if_any(object obj)
cdef AdoptedState new_companion(object obj, Layout layout, dict namespace)
cdef Layout layout_for(object obj)
cdef dict dict_of(object obj)
cdef dict values_of(object obj)
