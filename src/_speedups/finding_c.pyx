# cython: language_level=3, boundscheck=False, wraparound=False, nonecheck=True
# cython: initializedcheck=False, auto_pickle=False, freethreading_compatible=False
"""The shortest way to an object in memory; the compiled twin.

The twin in Python is ``finding_py``.
"""

from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject, PyTypeObject

from ormolu._speedups.identity_c cimport IdentityDict
from ormolu._speedups.instance_c cimport F_DELETED, F_EXPIRED, EntityBase, State
from ormolu._speedups.lookup_c cimport state_if_any

import functools

cdef extern from *:
    """
    /* Cython makes no types with vectorcall: the slots are put in afterwards.  As a
       method descriptor the object is called with the instance as first argument,
       and no bound method is made. */
    static void ormolu_prepare_method(PyTypeObject *type, Py_ssize_t offset) {
        type->tp_vectorcall_offset = offset;
        type->tp_call = PyVectorcall_Call;
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
        PyType_Modified(type);
    }
    """
    ctypedef object (*vectorcallfunc)(PyObject*, PyObject* const*, size_t, PyObject*)
    void ormolu_prepare_method(PyTypeObject* type, Py_ssize_t offset) noexcept
    Py_ssize_t PyVectorcall_NARGS(size_t) noexcept
    object PyObject_Vectorcall(object, PyObject* const*, size_t, PyObject*)
    object PyMethod_New(object function, object obj)

__all__ = ["quick_find"]

cdef object _FINDERS = "_finders"
cdef unsigned int _UNUSABLE = F_EXPIRED | F_DELETED


cdef class _QuickMethod:
    """A method that is called only when the object is not simply at hand."""

    # what update_wrapper sets, so that tools see the method of Python
    cdef dict __dict__
    cdef object _method
    cdef vectorcallfunc _call

    def __cinit__(self, method):
        self._method = method
        self._call = <vectorcallfunc>_find_or_call

    def __get__(self, obj, owner):
        return self if obj is None else PyMethod_New(self, obj)

    def __call__(self, *args, **kw):
        # what __call__ finds; a call itself takes the slot of below
        return self._method(*args, **kw)

    def __getattr__(self, name):
        return getattr(self._method, name)

    def __reduce__(self):
        return self.__qualname__

    def __repr__(self):
        return repr(self._method)


cdef object _find_or_call(
    PyObject* self, PyObject* const* args, size_t flags, PyObject* names
):
    if names is NULL and PyVectorcall_NARGS(flags) == 3:
        found = _find(<object>args[0], <object>args[1], <object>args[2])
        if found is not None:
            return found
    # the flag allows the callee to overwrite the place before the arguments
    return PyObject_Vectorcall((<_QuickMethod>self)._method, args, flags, names)


cdef object _find(object owner, object cls, object key):
    """The object with a key if nothing else has to be asked, else None."""
    cdef PyObject* listed
    cdef IdentityDict home
    cdef State state
    if type(key) is not int and type(key) is not str:
        return None
    finders = getattr(owner, _FINDERS, None)
    if type(finders) is not dict:
        return None
    listed = PyDict_GetItemWithError(<dict>finders, cls)
    if listed is NULL or type(<object>listed) is not IdentityDict:
        return None
    home = <IdentityDict>listed
    found = home._find(key)
    if found is None or type(found) is not cls:
        return None
    state = <EntityBase>found if isinstance(found, EntityBase) else state_if_any(found)
    if state is None or state._flags & _UNUSABLE:
        return None
    return found


def quick_find(method):
    """A method ``get(owner, cls, key, ...)`` that need not run for what is at hand.

    ``owner._finders`` is a dict from class to identity dict.  An object of exactly
    that class that is found there under a plain key, and is neither expired nor
    deleted, may be returned at once.  The twin in Python returns the method itself.
    """
    return functools.update_wrapper(_QuickMethod(method), method)


cdef _QuickMethod _probe = _QuickMethod(None)

ormolu_prepare_method(
    <PyTypeObject*>_QuickMethod, <char*>&_probe._call - <char*><void*>_probe
)
