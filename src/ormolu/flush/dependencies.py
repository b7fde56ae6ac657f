"""The relationships of a mapper that take part in its flushes."""

from __future__ import annotations

from typing import Any

from ..mapping.direction import MANYTOMANY, MANYTOONE, ONETOMANY
from .dependency import Dependency
from .key_switch import KeySwitchDependency, watches
from .many_to_many import ManyToManyDependency
from .many_to_one import ManyToOneDependency
from .one_to_many import OneToManyDependency

CLASSES: dict[Any, type[Dependency]] = {
    ONETOMANY: OneToManyDependency,
    MANYTOONE: ManyToOneDependency,
    MANYTOMANY: ManyToManyDependency,
}


def dependencies_of(mapper: Any) -> list[Dependency]:
    """The relationships of a mapper that take part in a flush."""
    found = mapper._plans.get("dependencies")
    if found is None:
        found = mapper._plans["dependencies"] = [
            CLASSES[prop.direction](prop)
            for prop in mapper._relationship_props
            if not prop.viewonly
        ]
    return found  # type: ignore[no-any-return]


def key_switches_of(mapper: Any) -> list[Dependency]:
    """The relationships to a mapper that must follow when its keys change."""
    found = mapper._plans.get("key switches")
    if found is None:
        found = mapper._plans["key switches"] = [
            KeySwitchDependency(prop)
            for prop in mapper._referring
            if not prop.viewonly and watches(prop)
        ]
    return found  # type: ignore[no-any-return]
