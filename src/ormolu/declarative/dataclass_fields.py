"""The dataclass fields that mapped attributes become."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import Column
from sqlalchemy.schema import ColumnDefault, Sequence

from .._core.declarative import NO_ARG
from .._core.warnings import warn_deprecated
from ..mapping.properties import ColumnProperty
from ..mapping.relationships import Relationship
from .attribute_options import FIELD_KEYWORDS, given_options, options_of
from .dataclass_init import DONT_SET
from .plan import ClassPlan

_ABSENT: Any = object()


def dont_set() -> Any:
    """Default factory of a field that leaves its attribute alone."""
    return DONT_SET


def field_for(name: str, value: Any, plan: ClassPlan | None) -> Any:
    """The field of a mapped attribute.

    Args:
        name: its name.
        value: the mapped construct, or anything else.
        plan: of the class; None for one that isn't mapped itself.

    Returns:
        A ``dataclasses.Field``.
    """
    keywords = field_keywords(name, value)
    if plan is not None and plan.descriptor_defaults:
        _defer_default(value, keywords)
    if (
        keywords.get("init") is False
        and "default" in keywords
        and "default_factory" not in keywords
        and not callable(keywords["default"])
    ):
        default = keywords.pop("default")
        keywords["default_factory"] = (
            dont_set if default is DONT_SET else lambda: default
        )
    return dataclasses.field(**keywords)


def field_keywords(name: str, value: Any) -> dict[str, Any]:
    """What an attribute says of its field, as keywords of ``field()``."""
    if isinstance(value, Column):
        return {}
    given = given_options(options_of(value))
    if isinstance(value, ColumnProperty) and _is_read_only(value):
        given.setdefault("dataclasses_init", False)
        given.setdefault("dataclasses_compare", False)
    keywords = {FIELD_KEYWORDS[key]: item for key, item in given.items()}
    default = keywords.get("default")
    if (
        callable(default)
        and "default_factory" not in keywords
        and not isinstance(default, (ColumnDefault, Sequence))
    ):
        _warn_of_callable(name)
    return keywords


def _is_read_only(prop: ColumnProperty) -> bool:
    """Whether it was made by ``column_property()``, whose value nobody sets."""
    return not prop.deferred or not isinstance(prop.columns[0], Column)


def _defer_default(value: Any, keywords: dict[str, Any]) -> None:
    """Let the default be read from the class instead of being set."""
    default = keywords.get("default", NO_ARG)
    # the default of a composite is that of its columns
    sets = hasattr(value, "composite_class")
    if default is not NO_ARG and not sets and not _is_function(default):
        keywords["default"] = DONT_SET
    if isinstance(value, Relationship) and "default_factory" in keywords:
        # a collection is made when it is first read; see check_default_factory()
        del keywords["default_factory"]
        keywords["default"] = DONT_SET


def _is_function(default: Any) -> bool:
    return callable(default) and not isinstance(default, (ColumnDefault, Sequence))


def _warn_of_callable(name: str) -> None:
    warn_deprecated(
        "Callable object passed to the ``default`` parameter for attribute "
        f"{name!r} in a ORM-mapped Dataclasses context is ambiguous, and this use "
        "will raise an error in a future release.  If this callable is intended to "
        "produce Core level INSERT default values for an underlying ``Column``, use "
        "the ``mapped_column.insert_default`` parameter instead.  To establish this "
        "callable as providing a default value for instances of the dataclass itself, "
        "use the ``default_factory`` dataclasses parameter.",
        "2.0",
    )
