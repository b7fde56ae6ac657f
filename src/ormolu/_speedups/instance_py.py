"""The state of one mapped object; the twin in Python.

The compiled twin is ``instance_c``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from ormolu._speedups.layout_py import Layout, resolve_layout

__all__ = [
    "BUSY",
    "DELETED",
    "EXPIRED",
    "FRESH",
    "LAPSED",
    "LOADING",
    "MODIFIED",
    "PARTIAL",
    "AdoptedState",
    "EntityBase",
    "State",
]

MODIFIED: Final = 1
FRESH: Final = 2
DELETED: Final = 4
PARTIAL: Final = 8
EXPIRED: Final = 16
LOADING: Final = 32
BUSY: Final = 64
LAPSED: Final = 128


class Home(Protocol):
    """What the state needs of an identity dict, which is made above it."""

    layout: Layout
    token: Any

    @property
    def tracker(self) -> Any: ...

    def get(self, key: Any) -> Any: ...

    def add(self, obj: Any, key: Any) -> None: ...

    def replace(self, obj: Any, key: Any) -> Any: ...

    def discard(self, obj: Any) -> bool: ...

    def contains(self, obj: Any) -> bool: ...


class State:
    """What is known of one mapped object, beside its values.

    The fields start with ``_o_`` because an embedded state shares the namespace of
    the user's class.
    """

    __slots__ = (
        "_layout",
        "_noted_parents",
        "_o_extras",
        "_o_flags",
        "_o_home",
        "_o_key",
        "_o_origin",
        "_o_originals",
        "_o_related",
        "_o_values",
        "_o_view",
    )

    _layout: Layout | None
    _o_home: Home | None
    _o_key: Any
    _o_values: tuple[Any, ...] | list[Any] | None
    _o_related: list[Any] | None
    _o_originals: dict[str, Any] | None
    _o_flags: int
    _o_origin: Any
    _o_extras: dict[Any, Any] | None
    _o_view: Any
    _noted_parents: dict[Any, Any] | None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        self._layout = None
        self._o_home = None
        self._o_key = None
        self._o_values = None
        self._o_related = None
        self._o_originals = None
        self._o_flags = FRESH
        self._o_origin = None
        self._o_extras = None
        self._o_view = None
        self._noted_parents = None
        return self

    @property
    def _o_layout(self) -> Layout:
        """The layout; looked up when it is first wanted."""
        layout = self._layout
        if layout is None:
            layout = self._layout = resolve_layout(self._mapped_type())
        return layout

    @_o_layout.setter
    def _o_layout(self, layout: Layout | None) -> None:
        self._layout = layout

    def _mapped_type(self) -> type[Any]:
        return type(self)


class EntityBase(State):
    """The base of mapped classes whose instances hold their state themselves."""

    __slots__ = ("__dict__", "__weakref__")

    @property
    def _o_dict(self) -> dict[str, Any]:
        """The instance's own dict, whatever a subclass shows as ``__dict__``."""
        raw: dict[str, Any] = _raw_dict(self)
        return raw


_raw_dict: Callable[[EntityBase], dict[str, Any]] = EntityBase.__dict__[
    "__dict__"
].__get__


class AdoptedState(State):
    """The state of an instance whose class is not derived from ``EntityBase``.

    It is found in the instance's ``__dict__``, as are the values.
    """

    __slots__ = ("__weakref__", "_o_ref")

    def __init__(self, obj: Any, layout: Layout) -> None:
        self._o_ref = weakref.ref(obj)
        self._layout = layout

    def obj(self) -> Any:
        """The instance, or None when it is gone."""
        return self._o_ref()

    def _mapped_type(self) -> type[Any]:
        return type(self._o_ref())


def is_new(state: State) -> bool:
    """Whether nothing is known of an object that a write would have to heed."""
    return (
        state._o_key is None and not state._o_flags & LAPSED and state._o_extras is None
    )
