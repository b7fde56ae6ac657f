"""What a statement that a loader made is for, as listeners are told."""

from __future__ import annotations

from typing import Any

LOAD_OPTION = "_ormolu_load"
"""Execution option of such statements; holds a `Purpose`."""


class Purpose:
    """What a loader's statement is for.

    Attributes:
        column: reloads column attributes of an instance.
        relationship: loads related objects.
        lazy_from: the instance whose attribute was read.
        path: the properties that led to the load.
        options: the user's options of the statement that it follows.
    """

    __slots__ = ("column", "lazy_from", "options", "path", "relationship")

    def __init__(
        self,
        *,
        column: bool = False,
        relationship: bool = False,
        lazy_from: Any = None,
        path: tuple[Any, ...] = (),
        options: tuple[Any, ...] = (),
    ) -> None:
        self.column = column
        self.relationship = relationship
        self.lazy_from = lazy_from
        self.path = path
        self.options = options


NO_PURPOSE = Purpose()
COLUMN_LOAD = Purpose(column=True)


def lazy_purpose(prop: Any, obj: Any, origin: Any) -> Purpose:
    """The purpose of a lazy load."""
    options = () if origin is None else origin.options
    return Purpose(relationship=True, lazy_from=obj, path=(prop,), options=options)
