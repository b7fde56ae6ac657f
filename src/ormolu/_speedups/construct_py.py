"""New objects get their first values; the twin in Python.

The compiled twin is ``construct_c``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ormolu._speedups.attribute_py import Attribute
from ormolu._speedups.changes_py import write
from ormolu._speedups.instance_py import FRESH, MODIFIED, State, is_new
from ormolu._speedups.layout_py import Layout
from ormolu._speedups.lookup_py import state_of
from ormolu._speedups.sentinel import UNLOADED
from ormolu._speedups.values_py import peek

__all__ = ["begin", "construct", "constructor", "quicken_init"]


def begin(obj: Any) -> None:
    """Give a new object what its class has every object begin with.

    Nothing that has a value already is set.
    """
    state = state_of(obj)
    layout = state._o_layout
    if layout.defaults is not None:
        _set_defaults(obj, state, layout)


def _set_defaults(obj: Any, state: State, layout: Layout) -> None:
    for key, value in list((layout.defaults or {}).items()):
        slot = layout.index[key]
        if peek(obj, slot) is not UNLOADED:
            continue
        if _is_plain(layout.attributes.get(key), layout, state):
            write(obj, slot, value)
        else:
            setattr(obj, key, value)


def _is_plain(attribute: Any, layout: Layout, state: State) -> bool:
    """Whether a column attribute is set without asking anyone."""
    return (
        isinstance(attribute, Attribute)
        and (attribute.on_set is None or (attribute.new_is_plain and is_new(state)))
        and attribute.layout is layout
        and attribute.slot >= 0
    )


def construct(obj: Any, kwargs: dict[str, Any]) -> None:
    """Set attributes as the default constructor does.

    Raises:
        TypeError: for a key that the class does not have.
    """
    state = state_of(obj)
    layout = state._o_layout
    if layout.defaults is not None:
        _set_defaults(obj, state, layout)
    attributes = layout.attributes
    for key, value in kwargs.items():
        attribute = attributes.get(key)
        if attribute is not None and _is_plain(attribute, layout, state):
            slot = attribute.slot
            values = state._o_values
            if type(values) is list and slot < len(values) and _untouched(state, slot):
                values[slot] = value
            else:
                write(obj, slot, value)
        elif attribute is None and not hasattr(type(obj), key):
            raise TypeError(
                f"{key!r} is an invalid keyword argument for {type(obj).__name__}"
            )
        else:
            setattr(obj, key, value)


def _untouched(state: State, slot: int) -> bool:
    """Whether a first value needs no more than its place in an embedded storage."""
    values: Any = state._o_values
    wanted = MODIFIED | FRESH
    return values[slot] is UNLOADED and state._o_flags & wanted == wanted


def constructor(self: Any, /, **kwargs: Any) -> None:
    """An ``__init__`` that calls ``construct``, for classes with embedded state."""
    construct(self, kwargs)


constructor.__name__ = constructor.__qualname__ = "__init__"


def quicken_init(cls: type[Any], constructor: Callable[..., None]) -> bool:
    """Run ``construct`` when a class is called, without a frame of Python.

    Nothing is done unless instances hold their state themselves and ``constructor``,
    a function that does no more than ``construct``, is the ``__init__`` of the class.

    Returns:
        whether it was done.
    """
    return False
