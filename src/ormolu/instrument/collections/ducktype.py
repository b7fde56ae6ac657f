"""Which of the builtin collections a class behaves like."""

from __future__ import annotations

from typing import Any, TypeAlias

CollectionKind: TypeAlias = type[list[Any]] | type[set[Any]] | type[dict[Any, Any]]

_KINDS: tuple[CollectionKind, ...] = (list, set, dict)

# the method that gives each kind away
_TELLTALES: tuple[tuple[str, CollectionKind], ...] = (
    ("append", list),
    ("add", set),
    ("set", dict),
)


def kind_of(specimen: Any) -> CollectionKind | None:
    """Tell whether a class or an instance is like a list, a set or a dict.

    ``__emulates__`` has the first word, then the base classes, then the
    characteristic method.

    Returns:
        ``list``, ``set``, ``dict``, or None for something else.
    """
    if hasattr(specimen, "__emulates__"):
        emulated = specimen.__emulates__
        return _base_kind(emulated) if isinstance(emulated, type) else None
    cls = specimen if isinstance(specimen, type) else type(specimen)
    base = _base_kind(cls)
    if base is not None:
        return base
    for method, kind in _TELLTALES:
        if hasattr(specimen, method):
            return kind
    return None


def _base_kind(cls: type) -> CollectionKind | None:
    return next((kind for kind in _KINDS if issubclass(cls, kind)), None)
