"""Registers mapped classes, instances and aliases with ``sqlalchemy.inspect``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.inspection import chain_inspection, inspects, self_inspects
from ..exc import UnmappedClassError
from ..instrument.entity import EntityMeta
from ..instrument.manager import manager_of_class
from ..instrument.state import (
    AdoptedInstanceState,
    EmbeddedInstanceState,
    InstanceState,
    RestoredInstanceState,
    inspect_instance,
    missing_state,
)
from .aliased import AliasedClass, AliasedInsp
from .configure import registries
from .interfaces import MapperProperty
from .mapper import Mapper
from .queryable import QueryableAttribute


def inspect_class(cls: Any) -> Mapper | None:
    """The mapper of a class, None when it is not mapped.

    Raises:
        UnmappedClassError: for a class that is to be mapped later.
    """
    manager = manager_of_class(cls)
    if manager is None or manager.mapper is None:
        # a class whose mapping waits for something says for what
        refuse = getattr(cls, "_sa_raise_deferred_config", None)
        if refuse is not None:
            refuse()
        return None
    mapper: Mapper = manager.mapper
    return mapper


@inspects(AliasedClass)
def inspect_alias(alias: AliasedClass) -> AliasedInsp:
    """The inspection of an alias."""
    return alias._aliased_insp


inspects(EntityMeta)(inspect_class)
chain_inspection(type, inspect_class)
chain_inspection(object, inspect_instance)
for _self_inspecting in (
    Mapper,
    AliasedInsp,
    QueryableAttribute,
    MapperProperty,
    InstanceState,
    # those that there are of it: Core finds out by the very class what is no literal
    AdoptedInstanceState,
    EmbeddedInstanceState,
    RestoredInstanceState,
):
    self_inspects(_self_inspecting)


def class_mapper(class_: Any, configure: bool = True) -> Mapper:
    """The mapper of a class.

    Raises:
        UnmappedClassError: when the class is not mapped.
        ArgumentError: when no class was given.
    """
    if isinstance(class_, Mapper):
        return class_
    manager = manager_of_class(class_) if isinstance(class_, type) else None
    if manager is None or manager.mapper is None:
        if not isinstance(class_, type):
            raise sa_exc.ArgumentError(f"Class object expected, got '{class_!r}'.")
        raise UnmappedClassError(class_)
    mapper: Mapper = manager.mapper
    if configure:
        mapper._check_configure()
    return mapper


def object_mapper(instance: Any) -> Mapper:
    """The mapper of an instance's class.

    Raises:
        UnmappedInstanceError: when it is not mapped.
    """
    state = inspect_instance(instance)
    if state is None:
        raise missing_state(instance)
    mapper: Mapper = state.mapper
    return mapper


def clear_mappers() -> None:
    """Take the mappings off all classes of all registries."""
    for registry in registries():
        registry.dispose(cascade=True)
