"""From Python types to SQL types: the registry's type map and its events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.types import TypeEngine, to_instance

from .._core.declarative import (
    de_optionalize_union_types,
    default_type_for,
    includes_none,
    is_generic,
    is_literal,
    is_union,
    resolve_for_python_type,
)


def expanded_type_map(given: Mapping[Any, Any]) -> dict[Any, Any]:
    """A type map whose unions are found with and without ``None``."""
    expanded: dict[Any, Any] = {}
    for python_type, sql_type in given.items():
        expanded[python_type] = sql_type
        if is_union(python_type) and includes_none(python_type):
            expanded[de_optionalize_union_types(python_type)] = sql_type
    return expanded


def resolve_type(type_map: Mapping[Any, Any], python_type: Any) -> Any:
    """The SQL type for a Python type, None when there is none.

    Args:
        type_map: the registry's own; Core's defaults come after it.
        python_type: a class, or any other thing that an annotation may hold.
    """
    for matched_on in _keys_for(python_type):
        sql_type = _entry(type_map, matched_on)
        if sql_type is not None:
            found = resolve_for_python_type(
                to_instance(sql_type), python_type, matched_on, matched_on
            )
            if found is not None:
                return found
    return None


def _keys_for(python_type: Any) -> Iterator[Any]:
    """Keys of the type map that may answer for a type, nearest first."""
    if isinstance(python_type, type) and not is_generic(python_type):
        yield from python_type.__mro__
        return
    yield python_type
    if is_literal(python_type):
        yield Literal


def _entry(type_map: Mapping[Any, Any], key: Any) -> Any:
    try:
        found = type_map.get(key)
        return default_type_for(key) if found is None else found
    except TypeError:  # a type that cannot be hashed
        return None


@dataclass(slots=True)
class TypeResolve:
    """What the ``resolve_type_annotation`` event tells about a type.

    Args:
        registry: the registry that resolves.
        cls: the class being mapped.
        key: the name of its attribute.
        raw_type: the annotation, with ``None`` if it has that.
        resolved_type: the Python type to find a SQL type for.
        raw_pep_593_type: the ``Annotated``, if there is one.
        pep_593_resolved_argument: the type inside of it.
        raw_pep_695_type: the type alias, if it is one.
        pep_695_resolved_value: what the alias stands for.
    """

    registry: Any
    cls: Any
    key: str
    raw_type: Any
    resolved_type: Any
    raw_pep_593_type: Any
    pep_593_resolved_argument: Any
    raw_pep_695_type: Any
    pep_695_resolved_value: Any

    def resolve(self, python_type: Any) -> TypeEngine[Any] | None:
        """The SQL type that the registry itself has for a Python type."""
        return resolve_type(self.registry.type_annotation_map, python_type)  # type: ignore[no-any-return]
