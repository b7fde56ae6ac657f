"""Compiled statements, kept with the dialect that they were compiled for.

A compiled statement refers to its dialect and to the mappers that it loads.  Kept with
a mapper or a statement it would keep the dialects of all engines that ever were; kept in
a dictionary of the module, nothing of it would ever be freed.  So it goes when its
engine goes, as with Core's cache of statements, and what uses it remembers it weakly.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any
from weakref import WeakKeyDictionary

SELECTS = 500
"""The users' statements that are kept per dialect, as many as Core keeps per engine."""

LOADS = 5000
"""Ormolu's own loads that are kept per dialect: several a relationship."""

MISSING: Any = object()
"""Stands for what was not compiled yet."""

_KEY = "_ormolu_statements"


class Kept:
    """What was compiled for one dialect.

    Attributes:
        selects: users' statements, by cache key or shape; None for what needs Core.
        loads: Ormolu's own, by a token of the load; None for what needs Core.
        writes: statements of a flush, by the one that sends them and a key of its own.
    """

    __slots__ = ("_dialect", "loads", "selects", "writes")

    def __init__(self, dialect: Any) -> None:
        self._dialect = weakref.ref(dialect)
        self.selects: OrderedDict[Hashable, Any] = OrderedDict()
        self.loads: OrderedDict[Hashable, Any] = OrderedDict()
        self.writes: WeakKeyDictionary[Any, dict[Hashable, Any]] = WeakKeyDictionary()

    def is_of(self, dialect: Any) -> bool:
        """Whether this is the dialect's own, and did not come over from another."""
        return self._dialect() is dialect


def kept_with(dialect: Any) -> Kept:
    """What was compiled for a dialect so far."""
    found: Kept | None = dialect.__dict__.get(_KEY)
    if found is None or not found.is_of(dialect):
        found = dialect.__dict__[_KEY] = Kept(dialect)
    return found


def keep(
    cache: OrderedDict[Hashable, Any], key: Hashable, found: Any, size: int
) -> None:
    """Keep one more; the oldest goes if there are too many."""
    cache[key] = found
    if len(cache) > size:
        cache.popitem(last=False)
