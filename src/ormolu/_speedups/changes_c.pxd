"""Changes, for the modules that make and settle them."""

from ormolu._speedups.instance_c cimport EntityBase, State
from ormolu._speedups.layout_c cimport Layout


cdef object write_embedded(EntityBase obj, Layout layout, Py_ssize_t slot, object value)
cdef object write_slot(
    object obj, State state, Layout layout, Py_ssize_t slot, object value
)
cdef int mark(object obj, State state) except -1
cdef int change_original(object obj, State state, object key, object old) except -1
cdef int forget(object obj, State state) except -1
cdef int set_parent_of(object child, object token, object parent) except -1
