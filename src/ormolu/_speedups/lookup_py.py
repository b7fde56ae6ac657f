"""From any object to its state, layout and dict; the twin in Python.

The compiled twin is ``lookup_c``.
"""

from __future__ import annotations

from typing import Any, Final

from ormolu._speedups.instance_py import AdoptedState, EntityBase, State
from ormolu._speedups.layout_py import Layout, resolve_layout

__all__ = ["layout_of", "state_of", "state_or_none"]

STATE_KEY: Final = "_sa_instance_state"


def _dict_of(obj: Any) -> dict[str, Any] | None:
    """The dict of an instance that is not embedded, or None."""
    namespace = getattr(obj, "__dict__", None)
    return namespace if isinstance(namespace, dict) else None


def values_of(obj: Any) -> dict[str, Any]:
    namespace = _dict_of(obj)
    if namespace is None:
        raise _wrong_type(obj)
    return namespace


def _wrong_type(obj: Any) -> TypeError:
    return TypeError(
        f"{type(obj).__name__!r} object can have no mapped attributes: it neither "
        f"derives from EntityBase nor has a __dict__"
    )


def state_or_none(obj: Any) -> State | None:
    """The state of an object, or None if it has none."""
    if isinstance(obj, EntityBase):
        return obj
    namespace = _dict_of(obj)
    if namespace is None:
        return None
    state = namespace.get(STATE_KEY)
    return state if isinstance(state, AdoptedState) else None


def state_of(obj: Any) -> State:
    """The state of an object; one is made for an adopted object without.

    Raises:
        whatever the hook for missing layouts raises, for an unmapped object.
    """
    state = state_or_none(obj)
    if state is not None:
        return state
    layout = resolve_layout(type(obj))
    namespace = values_of(obj)
    factory = layout.state_factory
    made = AdoptedState(obj, layout) if factory is None else factory(obj, layout)
    if not isinstance(made, AdoptedState):
        raise TypeError(f"The state factory returned {made!r}, not an AdoptedState")
    namespace[STATE_KEY] = made
    return made


def layout_of(obj: Any) -> Layout:
    """The layout of an object's class."""
    state = state_or_none(obj)
    return resolve_layout(type(obj)) if state is None else state._o_layout
