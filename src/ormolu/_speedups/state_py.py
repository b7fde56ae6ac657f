"""Mapped objects for the layers above, from one place; the twin in Python.

The compiled twin is ``state_c``.
"""

from __future__ import annotations

from ormolu._speedups.attribute_py import Attribute
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
from ormolu._speedups.construct_py import begin, construct, constructor, quicken_init
from ormolu._speedups.identity_py import IdentityDict, Tracker
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
from ormolu._speedups.layout_py import (
    Layout,
    register_layout,
    registered_layout,
    set_missing_layout_hook,
    unregister_layout,
)
from ormolu._speedups.lookup_py import layout_of, state_of, state_or_none
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import drop, loaded, peek, peek_key, put

__all__ = [
    "BUSY",
    "DELETED",
    "EXPIRED",
    "FRESH",
    "LAPSED",
    "LOADING",
    "MODIFIED",
    "PARTIAL",
    "UNLOADED",
    "AdoptedState",
    "Attribute",
    "EntityBase",
    "IdentityDict",
    "Layout",
    "State",
    "Tracker",
    "begin",
    "construct",
    "constructor",
    "drop",
    "expire",
    "forget_changes",
    "layout_of",
    "loaded",
    "mark_modified",
    "note_original",
    "parent_of",
    "parents_of",
    "peek",
    "peek_key",
    "put",
    "quicken_init",
    "register_layout",
    "registered_layout",
    "set_missing_layout_hook",
    "set_parent",
    "state_of",
    "state_or_none",
    "unregister_layout",
    "write",
]
