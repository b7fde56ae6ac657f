"""Synonyms in mapped dataclasses."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import ArgumentError

from .._core.declarative import NO_ARG
from .attribute_options import options_of
from .plan import ClassPlan


def is_synonym(value: Any) -> bool:
    """Whether a mapped construct stands for another attribute."""
    return hasattr(value, "map_column")


def check_synonym_defaults(plan: ClassPlan) -> None:
    """The default of a synonym's field is that of the attribute it stands for.

    Raises:
        ArgumentError: it is not.
    """
    if not plan.descriptor_defaults:
        return
    for key, value in plan.collected.items():
        default = options_of(value).dataclasses_default
        if not is_synonym(value) or default is NO_ARG:
            continue
        target = plan.collected.get(value.name)
        found = options_of(target).dataclasses_default
        if found is NO_ARG or found != default:
            shown = "not set" if found is NO_ARG else repr(found)
            raise ArgumentError(
                f"Synonym {key!r} default argument {default!r} must match the "
                f"dataclasses default value of proxied object {value.name!r}, "
                f"currently {shown}"
            )
