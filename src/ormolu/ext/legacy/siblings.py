"""Several mappings of one class: each has a sibling class behind the scenes.

A mapper belongs to one class.  What ``entity_name`` maps once more is a generated
subclass, which has the methods of the original and the attributes of its own mapping
alone; its instances are instances of the original too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from ...instrument.manager import manager_of_class
from ...instrument.reclassing import change_class
from ...mapping.mapper import Mapper

ORIGINAL = "_ormolu_entity_of"


class Hidden:
    """Stands, on a sibling, in the place of an attribute of the original's mapping."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise AttributeError(
            f"{owner.__name__!r} has no attribute {self.name!r}: that belongs to "
            "another mapping of the class"
        )


def make_sibling(class_: type, entity_name: str, attributes: set[str]) -> type:
    """A new class for one more mapping of a class.

    Args:
        class_: the original.
        entity_name: the name that the mapping goes by.
        attributes: the names that the mapping brings itself.

    Raises:
        ArgumentError: the class is mapped under that name already.
    """
    attribute = f"@{entity_name}"
    if _is_mapped(vars(class_).get(attribute)):
        raise sa_exc.ArgumentError(
            f"Class '{class_!r}' already has a primary mapper defined with entity name "
            f"{entity_name!r}."
        )
    namespace: dict[str, Any] = {
        "__module__": class_.__module__,
        "__qualname__": f"{class_.__qualname__}.{attribute}",  # pickle finds it there
        "__doc__": class_.__doc__,
        "__abstract__": True,  # not for Declarative to map
        ORIGINAL: (class_, entity_name),
    }
    for name in manager_of_class(class_) or ():
        if name not in attributes:
            namespace[name] = Hidden(name)
    name = f"{class_.__name__}{attribute}"
    sibling: type = type(class_)(name, (class_,), namespace)
    type.__setattr__(class_, attribute, sibling)
    return sibling


def _is_mapped(cls: type | None) -> bool:
    manager = None if cls is None else manager_of_class(cls)
    return manager is not None and manager.mapper is not None


def entity_name_of(cls: type) -> str | None:
    """The name of the mapping that a class stands for."""
    found = vars(cls).get(ORIGINAL)
    return None if found is None else found[1]


def class_for(entity: Any, entity_name: str | None) -> Any:
    """The class that a class and an entity name stand for together.

    Args:
        entity: a class; anything else, as a mapper or a column, is given back.
        entity_name: the name; None for the class itself.

    Raises:
        InvalidRequestError: the class has no mapper of that name.
    """
    if entity_name is None:
        return entity
    if isinstance(entity, Mapper):
        entity = entity.class_
    if isinstance(entity, type):
        if entity_name_of(entity) == entity_name:
            return entity
        sibling = vars(entity).get(f"@{entity_name}")
        if _is_mapped(sibling):
            return sibling
    raise sa_exc.InvalidRequestError(
        f"Class '{getattr(entity, '__name__', entity)}' entity name '{entity_name}' "
        "has no mapper associated with it"
    )


def instance_for(instance: Any, entity_name: str | None) -> Any:
    """An instance as one of the mapping that a name stands for.

    A transient instance of the original becomes one; nothing else changes.

    Raises:
        InvalidRequestError: the class has no mapper of that name, or the instance
            belongs to another one.
    """
    if entity_name is None:
        return instance
    cls = type(instance)
    if entity_name_of(cls) == entity_name:
        return instance
    change_class(instance, class_for(cls, entity_name))
    return instance
