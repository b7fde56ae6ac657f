"""New objects get their first values; the twin in Python.

The compiled twin is ``construct_c``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ormolu._speedups.attribute_py import Attribute
from ormolu._speedups.changes_py import write
from ormolu._speedups.instance_py import FRESH, MODIFIED, State, is_new
from ormolu._speedups.lookup_py import state_of
from ormolu._speedups.sentinel import UNLOADED

__all__ = ["construct", "constructor", "quicken_init"]


def construct(obj: Any, kwargs: dict[str, Any]) -> None:
    """Set attributes as the default constructor does.

    Raises:
        TypeError: for a key that the class does not have.
    """
    state = state_of(obj)
    layout = state._o_layout
    attributes = layout.attributes
    for key, value in kwargs.items():
        attribute = attributes.get(key)
        if (
            isinstance(attribute, Attribute)
            and (attribute.on_set is None or (attribute.new_is_plain and is_new(state)))
            and attribute.layout is layout
            and attribute.slot >= 0
        ):
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
