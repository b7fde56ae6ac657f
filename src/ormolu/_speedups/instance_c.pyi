"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.instance_py import (
    BUSY,
    DELETED,
    EXPIRED,
    FRESH,
    LAPSED,
    LOADING,
    MODIFIED,
    PARTIAL,
    AdoptedState,
    EntityBase,
    State,
)

__all__ = [
    "BUSY",
    "DELETED",
    "EXPIRED",
    "FRESH",
    "LAPSED",
    "LOADING",
    "MODIFIED",
    "PARTIAL",
    "AdoptedState",
    "EntityBase",
    "State",
]
