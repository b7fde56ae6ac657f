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
            _dependency_of(prop)
            for prop in mapper._relationship_props
            if not prop.viewonly
        ]
    return found  # type: ignore[no-any-return]


def _dependency_of(prop: Any) -> Dependency:
    """The one dependency of a relationship, which descendants of its mapper share."""
    memo = prop.parent._plans.setdefault("own dependencies", {})
    found: Dependency | None = memo.get(prop)
    if found is None:
        found = memo[prop] = CLASSES[prop.direction](prop)
    return found


def key_switches_of(mapper: Any) -> list[Dependency]:
    """The relationships to a mapper that must follow when its keys change."""
    found = mapper._plans.get("key switches")
    if found is None:
        found = mapper._plans["key switches"] = [
            _key_switch_of(prop)
            for ancestor in mapper.iterate_to_root()
            for prop in ancestor._referring
            if not prop.viewonly and watches(prop)
        ]
    return found  # type: ignore[no-any-return]


def _key_switch_of(prop: Any) -> Dependency:
    memo = prop.mapper._plans.setdefault("own key switches", {})
    found: Dependency | None = memo.get(prop)
    if found is None:
        found = memo[prop] = KeySwitchDependency(prop)
    return found
