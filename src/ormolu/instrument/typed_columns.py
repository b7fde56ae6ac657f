"""Typed columns of mapped classes whose instances embed their state.

``class UserColumns(User, TypedColumns)`` is for type checkers and makes no instances.
Python cannot lay one out either, as both bases have fields of their own: the class
derives from the others alone, and shows what the mapped ones have.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import TypedColumns

_ENTITIES = "__entities__"


class ShowsEntities(type):
    """Metaclass of classes with the attributes of mapped classes beside their own."""

    def __getattr__(cls, name: str) -> Any:
        for entity in type.__getattribute__(cls, _ENTITIES):
            found = getattr(entity, name, cls)
            if found is not cls:
                return found
        raise AttributeError(
            f"type object {cls.__name__!r} has no attribute {name!r}", name=name
        )


def are_typed_columns(bases: tuple[type, ...]) -> bool:
    """Whether a class of some bases describes columns."""
    return any(issubclass(base, TypedColumns) for base in bases)


def make_typed_columns(
    name: str,
    bases: tuple[type, ...],
    entities: tuple[type, ...],
    namespace: dict[str, Any],
) -> type:
    """Make the class of columns of mapped classes.

    Args:
        name: of the class.
        bases: those it is declared with.
        entities: those of them that embed the state of their instances.
        namespace: of the class.
    """
    others = tuple(base for base in bases if base not in entities)
    return ShowsEntities(name, others, {**namespace, _ENTITIES: entities})
