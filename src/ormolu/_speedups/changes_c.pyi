"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.changes_py import (
    expire,
    forget_changes,
    mark_modified,
    note_original,
    parent_of,
    parents_of,
    set_parent,
    write,
)

__all__ = [
    "expire",
    "forget_changes",
    "mark_modified",
    "note_original",
    "parent_of",
    "parents_of",
    "set_parent",
    "write",
]
