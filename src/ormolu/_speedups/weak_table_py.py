"""A table of weak references by key; the twin in Python.

The compiled twin is ``weak_table_c``.
"""

from __future__ import annotations

import weakref
from typing import Any

__all__ = ["WeakTable"]


class _Entry(weakref.ref[Any]):
    """A weak reference that knows its key."""

    __slots__ = ("key",)

    key: Any


class WeakTable:
    """Objects by key, which are held weakly.

    What is dead is passed over; who dies removes its own entry.
    """

    __slots__ = ("__weakref__", "_entries", "_remove")

    def __init__(self) -> None:
        self._entries: dict[Any, _Entry] = {}
        own = weakref.ref(self)

        def remove(entry: _Entry) -> None:
            table = own()
            if table is not None and table._entries.get(entry.key) is entry:
                del table._entries[entry.key]

        self._remove = remove

    def _set(self, key: Any, obj: Any) -> None:
        entry = _Entry(obj, self._remove)
        entry.key = key
        self._entries[key] = entry

    def get(self, key: Any) -> Any:
        """The object with a key, or None."""
        entry = self._entries.get(key)
        return None if entry is None else entry()

    def values(self) -> list[Any]:
        """The objects that are alive, in the order of their entries."""
        return [obj for _, obj in self.items()]

    def keys(self) -> list[Any]:
        """The keys of the objects that are alive."""
        return [key for key, _ in self.items()]

    def items(self) -> list[tuple[Any, Any]]:
        """Keys and objects that are alive."""
        pairs = [(key, entry()) for key, entry in list(self._entries.items())]
        return [pair for pair in pairs if pair[1] is not None]

    def __len__(self) -> int:
        return len(self.items())

    def __bool__(self) -> bool:
        return True
