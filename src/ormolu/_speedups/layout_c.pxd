"""Layouts, for the modules that read and write by their slots."""


cdef class Layout:
    cdef object __weakref__
    cdef readonly object cls
    cdef readonly list keys
    cdef readonly list related_keys
    cdef readonly dict index
    cdef public tuple pk_slots
    cdef Layout _base
    cdef public bint embedded
    # whether cls derives from EntityBase, so that its exact type proves the struct
    cdef bint _is_entity
    # the last type in ``attributes`` that was seen to derive from Attribute
    cdef object _attribute_type
    cdef public object mapper
    cdef public dict defaults
    cdef public dict comparators
    cdef public object state_factory
    # where a save goes on to: slot, key, list type or None, class; None if not known
    cdef public tuple save_plan
    cdef public dict attributes

    cdef Layout _root(self)
    cdef object _key_of(self, Py_ssize_t slot)


cdef int set_entity_base(object cls) except -1
cdef object key_at(Layout layout, Py_ssize_t slot)
cdef Layout resolve_layout(object cls)
