"""What a mapped attribute says about the dataclass field that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.declarative import NO_ARG
from ..mapping.constructors import AttributeOptions as AttributeOptions

DEFAULT_OPTIONS = AttributeOptions()

PREFIX = "dataclasses_"

# keywords of dataclasses.field(), in the order of the options
FIELD_KEYWORDS: Mapping[str, str] = {
    "dataclasses_init": "init",
    "dataclasses_repr": "repr",
    "dataclasses_default": "default",
    "dataclasses_default_factory": "default_factory",
    "dataclasses_compare": "compare",
    "dataclasses_kw_only": "kw_only",
    "dataclasses_hash": "hash",
    "dataclasses_dataclass_metadata": "metadata",
}


def options_of(construct: Any) -> Any:
    """The options of a mapped attribute, empty ones if it knows none."""
    options = getattr(construct, "_attribute_options", None)
    if options is None:
        options = getattr(construct, "attribute_options", None)
    return DEFAULT_OPTIONS if options is None else options


def given_options(options: Any) -> dict[str, Any]:
    """The options that were given, by name."""
    return {
        name: value
        for name in AttributeOptions._fields
        if (value := getattr(options, name, NO_ARG)) is not NO_ARG
    }
