"""What a session knows of its objects; the twin in Python.

The compiled twin is ``identity_c``.
"""

from __future__ import annotations

import weakref
from typing import Any

from ormolu._speedups.instance_py import State
from ormolu._speedups.layout_py import Layout
from ormolu._speedups.lookup_py import state_of, state_or_none
from ormolu._speedups.weak_table_py import WeakTable

__all__ = ["IdentityDict", "Tracker"]


class Tracker:
    """What one session knows of its objects.

    ``modified``, ``new`` and ``deleted`` hold objects strongly, by ``id()``; the
    identity dicts in ``homes`` hold them weakly.  While it is ``idle``, the owner is
    told of an object's first change, by a call of ``_begin_for_change()``.
    """

    __slots__ = (
        "__weakref__",
        "_owner",
        "deleted",
        "hits",
        "homes",
        "idle",
        "loads",
        "modified",
        "new",
    )

    def __init__(self) -> None:
        self.modified: dict[int, Any] = {}
        self.new: dict[int, Any] = {}
        self.deleted: dict[int, Any] = {}
        self.homes: dict[tuple[Layout, Any], IdentityDict] = {}
        self.loads = 0
        self.hits = 0
        self.idle = False
        self._owner: weakref.ref[Any] | None = None

    @property
    def owner(self) -> Any:
        """The session, or None when there is none or it is gone."""
        return None if self._owner is None else self._owner()

    @owner.setter
    def owner(self, owner: Any) -> None:
        self._owner = None if owner is None else weakref.ref(owner)

    def home(self, layout: Layout, token: Any = None) -> IdentityDict:
        """The identity dict of a hierarchy of classes; made when it is missing."""
        key = (layout.base, token)
        home = self.homes.get(key)
        if home is None:
            home = self.homes[key] = IdentityDict(self, layout.base, token)
        return home

    def objects(self) -> list[Any]:
        """All persistent objects that are alive, home by home."""
        return [obj for home in list(self.homes.values()) for obj in home.values()]

    def clear(self) -> None:
        """Let all objects go: none has a home or is listed any more."""
        for obj in self.objects():
            state = state_or_none(obj)
            if state is not None:
                state._o_home = None
        for home in list(self.homes.values()):
            home._entries.clear()
        self.homes.clear()
        self.modified.clear()
        self.new.clear()
        self.deleted.clear()

    def __len__(self) -> int:
        return sum(len(home) for home in list(self.homes.values()))

    def __bool__(self) -> bool:
        return True


class IdentityDict(WeakTable):
    """The persistent objects of one hierarchy of classes, by primary key.

    An object holds its home strongly, the home holds the object and the tracker
    weakly: no cycle keeps a session's objects alive.
    """

    __slots__ = ("_tracker", "layout", "token")

    def __init__(
        self, tracker: Tracker | None, layout: Layout, token: Any = None
    ) -> None:
        super().__init__()
        self._tracker = None if tracker is None else weakref.ref(tracker)
        self.layout = layout
        self.token = token

    @property
    def tracker(self) -> Tracker | None:
        """The tracker, or None when it is gone."""
        return None if self._tracker is None else self._tracker()

    def add(self, obj: Any, key: Any) -> None:
        """Enter an object, in the place of any other one with the same key."""
        self.replace(obj, key)

    def replace(self, obj: Any, key: Any) -> Any:
        """Enter an object and return the live one whose place it took, or None."""
        state = state_of(obj)
        previous = self.get(key)
        if previous is not obj:
            if state._o_home is not None:
                state._o_home.discard(obj)
            if previous is not None:
                other = state_or_none(previous)
                if other is not None and other._o_home is self:
                    other._o_home = None
            self._set(key, obj)
        state._o_key = key
        state._o_home = self
        return None if previous is obj else previous

    def discard(self, obj: Any) -> bool:
        """Remove an object's own entry, and say whether there was one."""
        state = state_or_none(obj)
        if state is None:
            return False
        found = self._owns(obj, state)
        if found:
            del self._entries[state._o_key]
        if state._o_home is self:
            state._o_home = None
        return found

    def contains(self, obj: Any) -> bool:
        """Whether the entry under the object's key is the object itself."""
        state = state_or_none(obj)
        return state is not None and self._owns(obj, state)

    def _owns(self, obj: Any, state: State) -> bool:
        return self.get(state._o_key) is obj

    def __repr__(self) -> str:
        return f"<IdentityDict of {self.layout.cls.__name__}: {len(self)} objects>"
