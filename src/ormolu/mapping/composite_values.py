"""Composite classes: what values an object of one stands for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc

from .._speedups import state as kernel
from ..instrument.entity import Entity
from ..instrument.extras import extras_of

_MADE_OF = "composites"
"""The entry of a state with the values that its composites were made of."""


def own_dict(obj: Any) -> dict[str, Any]:
    """The dict of an instance, where its composites are."""
    found: dict[str, Any] = obj._o_dict if isinstance(obj, Entity) else obj.__dict__
    return found


def values_made_of(obj: Any) -> dict[str, tuple[Any, ...]]:
    """The values that an instance's composites were made of, by name."""
    found: dict[str, tuple[Any, ...]] = extras_of(kernel.state_of(obj)).setdefault(
        _MADE_OF, {}
    )
    return found


def values_getter(composite_class: Any) -> Callable[[Any], tuple[Any, ...]]:
    """The function that takes the values out of an object of a class.

    They come from ``__composite_values__()``, else from the fields of a dataclass.
    """
    if not hasattr(composite_class, "__composite_values__") and (
        dataclasses.is_dataclass(composite_class)
    ):
        names = [f.name for f in dataclasses.fields(composite_class) if f.init]
        return lambda value: tuple([getattr(value, name) for name in names])

    def ask(value: Any) -> tuple[Any, ...]:
        try:
            method = value.__composite_values__
        except AttributeError:
            raise sa_exc.InvalidRequestError(
                f"Composite class {composite_class.__name__} is not a dataclass and "
                "does not define a __composite_values__() method; can't get state"
            ) from None
        return tuple(method())

    return ask
