"""The compiled twin has the interface of the twin in Python, as tests make sure."""

from ormolu._speedups.layout_py import (
    Layout,
    register_layout,
    registered_layout,
    set_missing_layout_hook,
    unregister_layout,
)

__all__ = [
    "Layout",
    "register_layout",
    "registered_layout",
    "set_missing_layout_hook",
    "unregister_layout",
]
