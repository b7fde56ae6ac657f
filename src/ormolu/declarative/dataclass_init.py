"""The constructor of a mapped dataclass.

``dataclasses`` writes one that sets every attribute.  An attribute whose default is
read from the class must not be set when the caller left it out, or the value would
count as a change; so the same constructor is written again without that.
"""

from __future__ import annotations

import dataclasses
import inspect
from enum import Enum
from typing import Any

from ..instrument.flags import LoaderCallableStatus


class _Marker(Enum):
    DONT_SET = 5


DONT_SET: Any = getattr(LoaderCallableStatus, "DONT_SET", _Marker.DONT_SET)
"""Default of a parameter whose attribute is left alone."""

_EMPTY = inspect.Parameter.empty


def replace_init(cls: Any) -> None:
    """Rewrite the constructor that ``dataclasses`` made for a class."""
    made = vars(cls)["__init__"]
    if getattr(made, "__code__", None) is None:
        return
    made.__annotations__ = {}
    if made.__code__.co_filename != "<string>":
        return
    init = _write(cls, inspect.signature(made))
    init.__qualname__ = made.__qualname__
    init.__module__ = cls.__module__
    type.__setattr__(cls, "__init__", init)


def _write(cls: Any, signature: inspect.Signature) -> Any:
    """Write a constructor of the given signature."""
    names: dict[str, Any] = {"_DONT_SET": DONT_SET}
    receiver, *parameters = signature.parameters.values()
    declared = [receiver.name, *_declarations(parameters, names)]
    body = _assignments(cls, receiver.name, signature, names)
    if hasattr(cls, "__post_init__"):
        arguments = ", ".join(_init_variables(cls))
        body.append(f"{receiver.name}.__post_init__({arguments})")
    source = [f"def __init__({', '.join(declared)}):"]
    source += [f"    {line}" for line in body or ["pass"]]
    exec("\n".join(source), names)
    return names["__init__"]


def _declarations(
    parameters: list[inspect.Parameter], names: dict[str, Any]
) -> list[str]:
    found: list[str] = []
    keyword_only = False
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            found.append("*")
        text = parameter.name
        if parameter.default is not _EMPTY:
            names[f"_default_{parameter.name}"] = parameter.default
            text += f"=_default_{parameter.name}"
        found.append(text)
    return found


def _assignments(
    cls: Any, receiver: str, signature: inspect.Signature, names: dict[str, Any]
) -> list[str]:
    lines: list[str] = []
    for item in dataclasses.fields(cls):
        factory = item.default_factory is not dataclasses.MISSING
        if not item.init and not factory:
            continue
        value = item.name
        if factory:
            names[f"_make_{item.name}"] = item.default_factory
            value = f"_make_{item.name}()"
            if item.init:
                value = (
                    f"{value} if {item.name} is _default_{item.name} else {item.name}"
                )
        target = f"{receiver}.{item.name}"
        if not item.init and _leaves_alone(item):
            continue
        if item.init and signature.parameters[item.name].default is DONT_SET:
            lines.append(f"if {item.name} is not _DONT_SET: {target} = {value}")
        else:
            lines.append(f"{target} = {value}")
    return lines


def _leaves_alone(item: Any) -> bool:
    return getattr(item.default_factory, "__name__", None) == "dont_set"


def _init_variables(cls: Any) -> list[str]:
    return [
        item.name
        for item in cls.__dataclass_fields__.values()
        if item._field_type is dataclasses._FIELD_INITVAR  # type: ignore[attr-defined]
    ]
