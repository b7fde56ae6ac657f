"""Composite classes: what values an object of one stands for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc


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
