# cython: language_level=3, freethreading_compatible=False
"""Mapped objects for the layers above, from one place; the compiled twin.

The twin in Python is ``state_py``.
"""

from ormolu._speedups.attribute_c import Attribute
from ormolu._speedups.changes_c import (
    expire,
    forget_changes,
    mark_modified,
    note_original,
    parent_of,
    parents_of,
    set_parent,
    write,
)
from ormolu._speedups.construct_c import begin, construct, constructor, quicken_init
from ormolu._speedups.identity_c import IdentityDict, Tracker
from ormolu._speedups.instance_c import (
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
from ormolu._speedups.layout_c import (
    Layout,
    register_layout,
    registered_layout,
    set_missing_layout_hook,
    unregister_layout,
)
from ormolu._speedups.lookup_c import layout_of, state_of, state_or_none
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_c import drop, loaded, peek, peek_key, put

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
