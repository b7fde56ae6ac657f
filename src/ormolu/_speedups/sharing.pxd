"""Equal values of many rows become one object.

Towns, states, foreign keys: columns often repeat few values, of which a driver makes a
new object for each row.  A small table of the values seen last finds them again, and
the row takes the one that is there.  A column in which that does not happen is left
alone for a while, so that others cost next to nothing.  Only exact str, int and float
are looked at; nothing here runs code of Python.
"""

from cpython.object cimport PyObject

cdef extern from *:
    """
    #ifndef ORMOLU_SHARING
    #define ORMOLU_SHARING

    #define ORMOLU_SHARED_BITS 12
    #define ORMOLU_SHARED_WINDOW 512   /* values of a column between two decisions */
    #define ORMOLU_SHARED_NAP 4096     /* rows for which it is left alone at first */
    #define ORMOLU_SHARED_LONGEST_NAP (1 << 20)

    typedef struct {
        Py_ssize_t tries, hits;
        Py_ssize_t wakes;              /* the row from which on it is looked at again */
        Py_ssize_t nap;
    } ormolu_column;

    typedef struct {
        Py_ssize_t width, row, wakes;
        Py_ssize_t awake;              /* how many columns are looked at */
        Py_ssize_t *at;                /* which they are */
        ormolu_column *columns;
        PyObject *values[1 << ORMOLU_SHARED_BITS];  /* owned, or NULL */
    } ormolu_sharing;

    static inline void ormolu_sharing_free(ormolu_sharing *s) {
        size_t i;
        if (s == NULL) return;
        for (i = 0; i < sizeof(s->values) / sizeof(s->values[0]); i++)
            Py_XDECREF(s->values[i]);
        PyMem_Free(s->at);
        PyMem_Free(s->columns);
        PyMem_Free(s);
    }

    /* For rows of a width; NULL without an error where there is no memory for it. */
    static inline ormolu_sharing *ormolu_sharing_new(Py_ssize_t width) {
        ormolu_sharing *s = PyMem_Calloc(1, sizeof(*s));
        Py_ssize_t i;
        if (s == NULL) return NULL;
        s->at = PyMem_Calloc((size_t)width + 1, sizeof(*s->at));
        s->columns = PyMem_Calloc((size_t)width + 1, sizeof(*s->columns));
        if (s->at == NULL || s->columns == NULL) {
            ormolu_sharing_free(s);
            return NULL;
        }
        s->width = s->awake = width;
        s->wakes = PY_SSIZE_T_MAX;
        for (i = 0; i < width; i++) {
            s->at[i] = i;
            s->columns[i].nap = ORMOLU_SHARED_NAP;
        }
        return s;
    }

    static inline uint64_t ormolu_mix(const char *data, size_t size) {
        uint64_t first = 0, middle = 0, last = 0;
        if (size >= 8) {
            memcpy(&first, data, 8);
            memcpy(&last, data + size - 8, 8);
            if (size > 16) memcpy(&middle, data + size / 2 - 4, 8);
        }
        else {
            while (size > 0) first = first << 8 | (unsigned char)data[--size];
        }
        first ^= last << 23 ^ last >> 41;
        first = first * 0x9E3779B97F4A7C15ULL ^ middle;
        return first * 0xD6E8FEB86659FD93ULL;
    }

    /* Where a value has its place; NULL for a value of another type. */
    static inline PyObject **ormolu_place(ormolu_sharing *s, PyObject *value) {
        uint64_t mixed;
        if (PyUnicode_CheckExact(value)) {
            Py_ssize_t size = PyUnicode_GET_LENGTH(value);
    #if PY_VERSION_HEX < 0x030C0000
            if (!PyUnicode_IS_READY(value)) return NULL;
    #endif
            mixed = ormolu_mix(PyUnicode_DATA(value),
                               (size_t)size * (size_t)PyUnicode_KIND(value));
            mixed += (uint64_t)size * 0x9E3779B97F4A7C15ULL;
        }
        else if (PyLong_CheckExact(value)) {
            int overflow;
            long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
            if (overflow) return NULL;
            mixed = (uint64_t)number * 0x9E3779B97F4A7C15ULL;
        }
        else if (PyFloat_CheckExact(value)) {
            double number = PyFloat_AS_DOUBLE(value);
            mixed = ormolu_mix((const char *)&number, sizeof(number));
        }
        else
            return NULL;
        return &s->values[mixed >> (64 - ORMOLU_SHARED_BITS)];
    }

    static inline int ormolu_is_equal(PyObject *a, PyObject *b) {
        if (Py_TYPE(a) != Py_TYPE(b)) return 0;
        if (PyUnicode_CheckExact(a)) {
            Py_ssize_t size = PyUnicode_GET_LENGTH(a);
            return size == PyUnicode_GET_LENGTH(b)
                && PyUnicode_KIND(a) == PyUnicode_KIND(b)
                && memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b),
                          (size_t)size * (size_t)PyUnicode_KIND(a)) == 0;
        }
        if (PyFloat_CheckExact(a)) {  /* as bits: 0.0 is not -0.0 */
            double x = PyFloat_AS_DOUBLE(a), y = PyFloat_AS_DOUBLE(b);
            return memcmp(&x, &y, sizeof(x)) == 0;
        }
        {
            int overflow;  /* places hold no number for which there is one */
            return PyLong_AsLongLongAndOverflow(a, &overflow)
                == PyLong_AsLongLongAndOverflow(b, &overflow);
        }
    }

    static inline void ormolu_wake(ormolu_sharing *s) {
        Py_ssize_t i;
        s->awake = 0;
        s->wakes = PY_SSIZE_T_MAX;
        for (i = 0; i < s->width; i++) {
            if (s->columns[i].wakes <= s->row)
                s->at[s->awake++] = i;
            else if (s->columns[i].wakes < s->wakes)
                s->wakes = s->columns[i].wakes;
        }
    }

    /* After a window of values: go on, or leave the column alone for a while. */
    static inline void ormolu_judge(ormolu_sharing *s, ormolu_column *column) {
        if (column->hits * 8 >= column->tries)
            column->nap = ORMOLU_SHARED_NAP;
        else {
            column->wakes = s->row + column->nap;
            if (column->nap < ORMOLU_SHARED_LONGEST_NAP) column->nap *= 2;
            s->wakes = s->row;  /* the columns awake are counted anew */
        }
        column->tries = column->hits = 0;
    }

    /* Let a row, which nobody else has seen, use values of those before it. */
    static inline void ormolu_share(ormolu_sharing *s, PyObject *row) {
        Py_ssize_t i;
        if (PyTuple_GET_SIZE(row) != s->width) return;
        if (++s->row >= s->wakes) ormolu_wake(s);
        for (i = 0; i < s->awake; i++) {
            Py_ssize_t at = s->at[i];
            ormolu_column *column = &s->columns[at];
            PyObject *value = PyTuple_GET_ITEM(row, at), *found;
            PyObject **place = ormolu_place(s, value);
            if (place != NULL && (found = *place) != value) {
                if (found != NULL && ormolu_is_equal(found, value)) {
                    PyTuple_SET_ITEM(row, at, Py_NewRef(found));
                    Py_DECREF(value);
                    column->hits++;
                }
                else {
                    *place = Py_NewRef(value);
                    Py_XDECREF(found);
                }
            }
            if (++column->tries == ORMOLU_SHARED_WINDOW) ormolu_judge(s, column);
        }
    }

    #endif
    """
    ctypedef struct ormolu_sharing:
        pass

    ormolu_sharing* ormolu_sharing_new(Py_ssize_t width) noexcept
    void ormolu_share(ormolu_sharing* sharing, PyObject* row) noexcept
    void ormolu_sharing_free(ormolu_sharing* sharing) noexcept
