"""The objects that a transaction changed, held weakly."""

from __future__ import annotations

import weakref
from typing import Any


class ObjectRefs:
    """Objects by identity, held weakly, in order of entry."""

    __slots__ = ("_entered", "_waiting")

    def __init__(self) -> None:
        self._entered: dict[int, Any] = {}
        # weak references whose entry can wait until somebody looks (0.4 µs each)
        self._waiting: list[Any] = []

    @property
    def _refs(self) -> dict[int, Any]:
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for ref in waiting:
                obj = ref()
                if obj is not None:
                    self.add(obj)
        return self._entered

    def extend(self, objects: list[Any]) -> None:
        """Enter many objects."""
        self._waiting.extend(map(weakref.ref, objects))

    def add(self, obj: Any, value: Any = None) -> None:
        """Enter an object, with a value, unless it is there already."""
        key = id(obj)
        refs = self._refs
        found = refs.get(key)
        if found is None or found[0]() is not obj:
            refs[key] = (weakref.ref(obj), value)

    def discard(self, obj: Any) -> None:
        """Let an object go."""
        refs = self._refs
        found = refs.get(id(obj))
        if found is not None and found[0]() is obj:
            del refs[id(obj)]

    def __contains__(self, obj: object) -> bool:
        found = self._refs.get(id(obj))
        return found is not None and found[0]() is obj

    def get(self, obj: Any) -> Any:
        """The value that an object was entered with."""
        found = self._refs.get(id(obj))
        return found[1] if found is not None and found[0]() is obj else None

    def items(self) -> list[tuple[Any, Any]]:
        """The objects that are alive, and their values."""
        pairs = [(ref(), value) for ref, value in self._refs.values()]
        return [(obj, value) for obj, value in pairs if obj is not None]

    def objects(self) -> list[Any]:
        """The objects that are alive."""
        return [obj for obj, _ in self.items()]

    def update(self, other: ObjectRefs) -> None:
        """Enter all objects of another one."""
        for obj, value in other.items():
            self.add(obj, value)

    def clear(self) -> None:
        """Let all objects go."""
        self._waiting = []
        self._entered.clear()
