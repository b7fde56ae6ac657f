"""Which slots a class has, and how a class finds its layout; the twin in Python.

The compiled twin is ``layout_c``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

__all__ = [
    "Layout",
    "register_layout",
    "registered_layout",
    "set_missing_layout_hook",
    "unregister_layout",
]

LAYOUT_KEY: Final = "__ormolu_layout__"


class Layout:
    """Which slots the instances of one class have.

    Columns have the slots 0, 1, ...; what is related has -1, -2, ...  Slots are only
    ever appended, so an instance with a shorter storage has nothing loaded there.

    Arguments:
        cls: the class.
        keys: the keys of its columns.
        related_keys: the keys of its relationships.
        pk_keys: the keys of the columns that identify an instance.
        base: the layout at the root of the hierarchy; its own if None.
        embedded: whether the instances hold their state themselves.
        mapper: anything that the layers above want to find here.
    """

    __slots__ = (
        "__weakref__",
        "_base",
        "attributes",
        "cls",
        "comparators",
        "defaults",
        "embedded",
        "index",
        "keys",
        "mapper",
        "pk_slots",
        "related_keys",
        "save_plan",
        "state_factory",
    )

    def __init__(
        self,
        cls: type[Any],
        keys: Iterable[str],
        related_keys: Iterable[str],
        pk_keys: Iterable[str],
        *,
        base: Layout | None = None,
        embedded: bool = True,
        mapper: Any = None,
    ) -> None:
        self.cls = cls
        self.keys: list[str] = []
        self.related_keys: list[str] = []
        self.index: dict[str, int] = {}
        for key in keys:
            self.add_column(key)
        for key in related_keys:
            self.add_related(key)
        self.pk_slots: tuple[int, ...] = tuple(self.index[key] for key in pk_keys)
        self._base = base
        self.embedded = embedded
        self.mapper = mapper
        self.defaults: dict[str, Any] | None = None
        self.comparators: dict[int, Callable[[Any, Any], Any]] | None = None
        self.state_factory: Callable[[Any, Layout], object] | None = None
        self.save_plan: tuple[tuple[int, str, type[Any] | None, type[Any]], ...] | None
        self.save_plan = None
        self.attributes: dict[str, Any] = {}

    @property
    def base(self) -> Layout:
        """The layout at the root of the hierarchy."""
        return self if self._base is None else self._base

    def add_column(self, key: str) -> int:
        """Append a column and return its slot."""
        self._require_new(key)
        slot = self.index[key] = len(self.keys)
        self.keys.append(key)
        return slot

    def add_related(self, key: str) -> int:
        """Append a relationship and return its slot."""
        self._require_new(key)
        slot = self.index[key] = -1 - len(self.related_keys)
        self.related_keys.append(key)
        return slot

    def _require_new(self, key: str) -> None:
        if key in self.index:
            raise ValueError(f"{self!r} already has the key {key!r}")

    def __repr__(self) -> str:
        return f"<Layout of {self.cls.__name__}>"


_missing_layout_hook: Callable[[type[Any]], Layout] | None = None
_namespace_of: Callable[[type[Any]], Mapping[str, Any]] = type.__dict__[
    "__dict__"
].__get__


def set_missing_layout_hook(fn: Callable[[type[Any]], Layout] | None) -> None:
    """Have ``fn(cls)`` called for the layout of a class that has none of its own."""
    global _missing_layout_hook
    _missing_layout_hook = fn


# The layout is kept by the class itself, so the two are collected together: a table
# with weak keys would keep every class alive that its layout refers to.


def register_layout(cls: type[Any], layout: Layout) -> None:
    """Give a class its layout; its subclasses do not inherit it."""
    if not isinstance(layout, Layout):
        raise TypeError(f"Expected a Layout, not {layout!r}")
    type.__setattr__(cls, LAYOUT_KEY, layout)


def unregister_layout(cls: type[Any]) -> None:
    """Take a class's layout away, if it has one."""
    if LAYOUT_KEY in _namespace_of(cls):
        type.__delattr__(cls, LAYOUT_KEY)


def registered_layout(cls: type[Any]) -> Layout | None:
    """The layout registered for exactly this class."""
    layout: Layout | None = _namespace_of(cls).get(LAYOUT_KEY)
    return layout


def resolve_layout(cls: type[Any]) -> Layout:
    layout = registered_layout(cls)
    if layout is not None:
        return layout
    if _missing_layout_hook is None:
        raise TypeError(f"Class {cls.__name__!r} has no layout")
    layout = _missing_layout_hook(cls)
    if not isinstance(layout, Layout):
        raise TypeError(
            f"The hook for missing layouts returned {layout!r}, not a Layout"
        )
    return layout


def key_at(layout: Layout, slot: int) -> str | None:
    """The key of a slot, None if the layout has no such slot."""
    if slot >= 0:
        return layout.keys[slot] if slot < len(layout.keys) else None
    index = -1 - slot
    return layout.related_keys[index] if index < len(layout.related_keys) else None


def key_of(layout: Layout, slot: int) -> str:
    key = key_at(layout, slot)
    if key is None:
        raise IndexError(f"{layout!r} has no slot {slot}")
    return key
