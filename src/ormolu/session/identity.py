"""``session.identity_map``: the session's objects under SQLAlchemy's keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._speedups import state as kernel
from ..instrument.manager import manager_of_class
from ..instrument.state import inspect_instance, public_key


class IdentityMap:
    """A mapping of ``(class, primary key, token)`` to the session's objects.

    Source: ``Session.identity_map``.
    """

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def _find(self, key: Any) -> Any:
        try:
            cls, values, *rest = key
        except (TypeError, ValueError):
            return None
        manager = manager_of_class(cls)
        if manager is None:
            return None
        layout = manager.layout
        kernel_key = values if len(layout.pk_slots) != 1 else values[0]
        home = self._tracker.homes.get((layout.base, rest[0] if rest else None))
        return None if home is None else home.get(kernel_key)

    def __getitem__(self, key: Any) -> Any:
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return found

    def get(self, key: Any, default: Any = None) -> Any:
        found = self._find(key)
        return default if found is None else found

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def __len__(self) -> int:
        return len(self._tracker)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def keys(self) -> list[Any]:
        return [public_key(kernel.state_of(o)) for o in self._tracker.objects()]

    def values(self) -> list[Any]:
        return self._tracker.objects()  # type: ignore[no-any-return]

    def items(self) -> list[tuple[Any, Any]]:
        return [(public_key(kernel.state_of(o)), o) for o in self._tracker.objects()]

    def all_states(self) -> list[Any]:
        return [inspect_instance(o) for o in self._tracker.objects()]

    def contains_state(self, state: Any) -> bool:
        obj = state.obj()
        home = kernel.state_of(obj)._o_home
        return home is not None and home.contains(obj)

    def check_modified(self) -> bool:
        return bool(self._tracker.modified)

    @property
    def _modified(self) -> set[Any]:
        return {inspect_instance(o) for o in self._tracker.modified.values()}

    def __setitem__(self, key: Any, value: Any) -> None:
        raise NotImplementedError("IdentityMap uses add() to insert data")

    def __delitem__(self, key: Any) -> None:
        raise NotImplementedError("IdentityMap uses remove() to remove data")
