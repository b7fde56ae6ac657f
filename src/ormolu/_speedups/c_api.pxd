"""Small steps over the C API that several modules of the kernel take."""

from cpython.object cimport PyObject

cdef extern from *:
    """
    #ifndef ORMOLU_C_API
    #define ORMOLU_C_API

    /* A new reference to what a weak reference points to; NULL, without an
       error, when it is gone or being deallocated. */
    static inline PyObject *ormolu_deref(PyObject *ref) {
    #if PY_VERSION_HEX >= 0x030D0000
        PyObject *obj = NULL;
        if (PyWeakref_GetRef(ref, &obj) < 0) PyErr_Clear();
        return obj;
    #else
        PyObject *obj = PyWeakref_GET_OBJECT(ref);
        if (obj == Py_None) return NULL;
        return Py_NewRef(obj);
    #endif
    }

    /* A weak reference without callback refers to nothing that the collector must
       know of, so it need not be traversed either. */
    static inline PyObject *ormolu_new_ref(PyObject *obj) {
        PyObject *ref = PyWeakref_NewRef(obj, NULL);
        if (ref != NULL) PyObject_GC_UnTrack(ref);
        return ref;
    }

    /* Replace an item of a list without a moment in which it is invalid. */
    static inline void ormolu_list_set(PyObject *list, Py_ssize_t i, PyObject *v) {
        PyObject *old = PyList_GET_ITEM(list, i);
        PyList_SET_ITEM(list, i, Py_NewRef(v));
        Py_XDECREF(old);
    }

    static inline PyObject *ormolu_filled_list(Py_ssize_t size, PyObject *value) {
        PyObject *list = PyList_New(size);
        if (list == NULL) return NULL;
        for (Py_ssize_t i = 0; i < size; i++)
            PyList_SET_ITEM(list, i, Py_NewRef(value));
        return list;
    }

    /* The item of an exact tuple or list, borrowed; NULL if there is none. */
    static inline PyObject *ormolu_item(PyObject *storage, Py_ssize_t i) {
        if (PyTuple_CheckExact(storage))
            return i < PyTuple_GET_SIZE(storage) ? PyTuple_GET_ITEM(storage, i) : NULL;
        if (PyList_CheckExact(storage))
            return i < PyList_GET_SIZE(storage) ? PyList_GET_ITEM(storage, i) : NULL;
        return NULL;
    }

    static inline int ormolu_is_exactly(PyObject *obj, PyObject *cls) {
        return (PyObject *)Py_TYPE(obj) == cls;
    }

    static inline int ormolu_is_type(PyObject *obj) { return PyType_Check(obj); }

    #endif
    """
    PyObject* ormolu_deref(PyObject* ref) noexcept
    object ormolu_new_ref(object obj)
    void ormolu_list_set(PyObject* list, Py_ssize_t i, PyObject* value) noexcept
    list ormolu_filled_list(Py_ssize_t size, object value)
    PyObject* ormolu_item(PyObject* storage, Py_ssize_t i) noexcept
    bint ormolu_is_exactly(PyObject* obj, PyObject* cls) noexcept
    bint ormolu_is_type(object obj) noexcept
    object PyObject_GenericGetDict(object obj, void* context)
