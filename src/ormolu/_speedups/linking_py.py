"""Two new objects that come to refer to each other; the twin in Python.

The compiled twin is ``linking_c``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ormolu._speedups.layout_py import Layout

__all__ = ["Link", "Side"]


class Side:
    """One of two attributes that mirror each other.

    Arguments:
        layout: the layout of exactly the class whose objects have it.
        key: its key.
        list_type: the class of its collections, None for a single reference.
        make: called with an object for a new collection, which it makes the value.
        parent_token: what the object is noted under at those that it refers to;
            None if it is not.
        listeners: the functions that hear of changes.
    """

    def __init__(
        self,
        layout: Layout,
        key: str,
        list_type: type[Any] | None,
        make: Callable[[Any], Any] | None,
        parent_token: Any,
        listeners: list[Any],
    ) -> None:
        self.slot = layout.index[key]


class Link:
    """What it means that an object's attribute comes to refer to another object.

    Arguments:
        here: the attribute.
        there: the attribute of the other object that mirrors it.
        append_token: the token of changes that begin here.
        bulk_token: the token of replacements that begin here.
        is_busy: called with an object of a session, whether changes are unwelcome.
    """

    def __init__(
        self,
        here: Side,
        there: Side,
        append_token: Any,
        bulk_token: Any,
        is_busy: Callable[[Any], bool],
    ) -> None:
        self.here = here
        self.there = there

    def apply(self, obj: Any, other: Any, initiator: Any) -> bool:
        """Let both refer to each other, if that is all that there is to do.

        Returns:
            False: in Python it would save nothing over the listeners themselves.
        """
        return False
