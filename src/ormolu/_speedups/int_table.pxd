"""A table from integers to references that keeps the order of its entries.

An entry takes 16 bytes and an index of 4 bytes with a load of at most 0.8, where a
dict takes 24 bytes and has a load of at most 2/3.  Nothing here runs code of Python:
keys are C integers, and what is owned are weak references without callback.
"""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

cdef extern from *:
    """
    #ifndef ORMOLU_INT_TABLE
    #define ORMOLU_INT_TABLE

    typedef struct {
        int64_t *keys;        /* of the entries, in the order of their arrival */
        PyObject **refs;      /* owned; NULL where an entry was removed */
        uint32_t *index;      /* 0, or the number of an entry + 1 */
        Py_ssize_t mask;      /* size of the index - 1; -1 as long as there is none */
        Py_ssize_t used;      /* entries, the removed ones included */
        Py_ssize_t live;      /* entries, the removed ones not included */
        Py_ssize_t capacity;  /* of keys and refs */
    } ormolu_ints;

    #define ORMOLU_INTS_LIMIT(mask) (((mask) + 1) / 5 * 4 + ((mask) + 1) % 5 * 4 / 5)

    static inline void ormolu_ints_init(ormolu_ints *t) {
        memset(t, 0, sizeof(*t));
        t->mask = -1;
    }

    /* The order of probes is that of CPython's dicts: good for keys in sequence. */
    #define ORMOLU_INTS_PROBE(t, key) \
        uint64_t perturb = (uint64_t)(key); \
        uint64_t at = perturb & (uint64_t)(t)->mask;
    #define ORMOLU_INTS_NEXT(t) \
        perturb >>= 5; \
        at = (at * 5 + perturb + 1) & (uint64_t)(t)->mask;

    /* The number of a key's entry, or -1. */
    static inline Py_ssize_t ormolu_ints_entry(const ormolu_ints *t, int64_t key) {
        uint32_t found;
        if (t->mask < 0) return -1;
        ORMOLU_INTS_PROBE(t, key)
        while ((found = t->index[at]) != 0) {
            if (t->keys[found - 1] == key && t->refs[found - 1] != NULL)
                return (Py_ssize_t)found - 1;
            ORMOLU_INTS_NEXT(t)
        }
        return -1;
    }

    /* The reference of a key, borrowed, or NULL. */
    static inline PyObject *ormolu_ints_find(const ormolu_ints *t, int64_t key) {
        Py_ssize_t entry = ormolu_ints_entry(t, key);
        return entry < 0 ? NULL : t->refs[entry];
    }

    /* Make an index for so many entries and close the gaps between them. */
    static inline int ormolu_ints_rebuild(ormolu_ints *t, Py_ssize_t wanted) {
        Py_ssize_t size = 8, from, to = 0;
        uint32_t *index;
        while (ORMOLU_INTS_LIMIT(size - 1) < wanted) {
            if (size > PY_SSIZE_T_MAX / 2 / (Py_ssize_t)sizeof(uint32_t)) {
                PyErr_NoMemory();
                return -1;
            }
            size *= 2;
        }
        if ((uint64_t)wanted >= UINT32_MAX
            || (index = PyMem_Calloc((size_t)size, sizeof(uint32_t))) == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        PyMem_Free(t->index);
        t->index = index;
        t->mask = size - 1;
        for (from = 0; from < t->used; from++) {
            if (t->refs[from] == NULL) continue;
            t->keys[to] = t->keys[from];
            t->refs[to] = t->refs[from];
            ORMOLU_INTS_PROBE(t, t->keys[to])
            while (index[at] != 0) { ORMOLU_INTS_NEXT(t) }
            index[at] = (uint32_t)++to;
        }
        t->used = to;
        return 0;
    }

    static inline int ormolu_ints_grow(ormolu_ints *t) {
        Py_ssize_t capacity = t->capacity + t->capacity / 8 + 6;
        size_t refs = (size_t)capacity * sizeof(PyObject *);
        int64_t *keys = PyMem_Realloc(t->keys, (size_t)capacity * sizeof(int64_t));
        PyObject **grown;
        if (keys != NULL) t->keys = keys;
        grown = keys == NULL ? NULL : PyMem_Realloc(t->refs, refs);
        if (grown == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        t->refs = grown;
        t->capacity = capacity;
        return 0;
    }

    /* Enter a reference, in the place of one with the same key or at the end. */
    static inline int ormolu_ints_set(ormolu_ints *t, int64_t key, PyObject *ref) {
        Py_ssize_t entry = ormolu_ints_entry(t, key);
        if (entry >= 0) {
            PyObject *old = t->refs[entry];
            t->refs[entry] = Py_NewRef(ref);
            Py_DECREF(old);
            return 0;
        }
        if (t->mask < 0 || t->used >= ORMOLU_INTS_LIMIT(t->mask)) {
            /* room for a quarter more, so that this stays rare */
            if (ormolu_ints_rebuild(t, t->live + t->live / 4 + 1) < 0) return -1;
        }
        if (t->used == t->capacity && ormolu_ints_grow(t) < 0) return -1;
        ORMOLU_INTS_PROBE(t, key)
        while (t->index[at] != 0) { ORMOLU_INTS_NEXT(t) }
        t->keys[t->used] = key;
        t->refs[t->used] = Py_NewRef(ref);
        t->index[at] = (uint32_t)++t->used;
        t->live++;
        return 0;
    }

    static inline void ormolu_ints_clear(ormolu_ints *t) {
        ormolu_ints old = *t;
        Py_ssize_t i;
        ormolu_ints_init(t);
        for (i = 0; i < old.used; i++) Py_XDECREF(old.refs[i]);
        PyMem_Free(old.keys);
        PyMem_Free(old.refs);
        PyMem_Free(old.index);
    }

    /* Remove a key's entry; the index still leads to it, until it is rebuilt. */
    static inline void ormolu_ints_remove(ormolu_ints *t, int64_t key) {
        Py_ssize_t entry = ormolu_ints_entry(t, key);
        if (entry >= 0) {
            PyObject *old = t->refs[entry];
            t->refs[entry] = NULL;
            if (--t->live == 0) {
                if (t->mask < 64) {
                    t->used = 0;
                    memset(t->index, 0, (size_t)(t->mask + 1) * sizeof(uint32_t));
                } else {
                    ormolu_ints_clear(t);
                }
            }
            Py_DECREF(old);
        }
    }

    #endif
    """
    ctypedef struct ormolu_ints:
        int64_t* keys
        PyObject** refs
        Py_ssize_t used
        Py_ssize_t live

    void ormolu_ints_init(ormolu_ints* table) noexcept
    PyObject* ormolu_ints_find(const ormolu_ints* table, int64_t key) noexcept
    int ormolu_ints_set(ormolu_ints* table, int64_t key, object ref) except -1
    void ormolu_ints_remove(ormolu_ints* table, int64_t key) noexcept
    void ormolu_ints_clear(ormolu_ints* table) noexcept
