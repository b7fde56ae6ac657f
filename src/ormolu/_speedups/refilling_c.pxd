"""Rows for objects that are there already, for the run that meets them."""

from ormolu._speedups.plans_c cimport EntityPlan


cdef list overwrite(EntityPlan plan, object obj, tuple row, object only)
cdef list fill(EntityPlan plan, object obj, tuple row)
cdef bint lacks_anything(object obj) except -1
