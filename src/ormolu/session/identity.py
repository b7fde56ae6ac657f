"""``session.identity_map``: the session's objects under SQLAlchemy's keys."""

from __future__ import annotations

from collections.abc import Iterator, KeysView
from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..exc import instance_text
from ..instrument.manager import manager_of_class
from ..instrument.state import identity_token, inspect_instance, public_key


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

    def keys(self) -> KeysView[Any]:
        return {
            public_key(kernel.state_of(o)): None for o in self._tracker.objects()
        }.keys()

    def values(self) -> list[Any]:
        return self._tracker.objects()  # type: ignore[no-any-return]

    def items(self) -> list[tuple[Any, Any]]:
        return [(public_key(kernel.state_of(o)), o) for o in self._tracker.objects()]

    def all_states(self) -> list[Any]:
        return [inspect_instance(o) for o in self._tracker.objects()]

    def contains_state(self, state: Any) -> bool:
        """Whether the object of a state stands in the map under its own key."""
        obj = state.obj()
        home = kernel.state_of(obj)._o_home
        return home is not None and home.tracker is self._tracker and home.contains(obj)

    def has_key(self, key: Any) -> bool:
        """Whether there is an object under a key."""
        return key in self

    def fast_get_state(self, key: Any) -> Any:
        """The state of the object under a key, None when there is none."""
        found = self._find(key)
        return None if found is None else inspect_instance(found)

    def add(self, state: Any) -> bool:
        """Enter an object; whether it was not there yet.

        Raises:
            InvalidRequestError: when another object has its key.
        """
        obj, struct, home = self._place(state)
        existing = home.get(struct._o_key)
        if existing is obj:
            return False
        if existing is not None:
            raise sa_exc.InvalidRequestError(
                f"Can't attach instance {instance_text(obj)}; another instance with "
                f"key {public_key(struct)} is already present in this session."
            )
        home.add(obj, struct._o_key)
        return True

    def replace(self, state: Any) -> Any:
        """Enter an object in the place of another; the state of that one, or None."""
        obj, struct, home = self._place(state)
        previous = home.replace(obj, struct._o_key)
        return None if previous is None else inspect_instance(previous)

    def discard(self, state: Any) -> None:
        """Take an object out, if it is there."""
        obj = state.obj()
        home = None if obj is None else kernel.state_of(obj)._o_home
        if home is not None and self.contains_state(state):
            home.discard(obj)

    safe_discard = discard

    def _place(self, state: Any) -> tuple[Any, Any, Any]:
        """A state's object, its struct, and the identity dict that it belongs into."""
        obj = state.obj()
        struct = kernel.state_of(obj)
        assert struct._o_key is not None
        return obj, struct, self._tracker.home(struct._o_layout, identity_token(struct))

    def check_modified(self) -> bool:
        """Whether any object has changes."""
        return bool(self._tracker.modified)

    @property
    def _modified(self) -> set[Any]:
        return {inspect_instance(o) for o in self._tracker.modified.values()}
