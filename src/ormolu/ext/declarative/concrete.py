"""Bases of concrete hierarchies, which are selected from the union of their tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column

from ...declarative.deferral import waiting_plan
from ...declarative.mapping import map_waiting
from ...declarative.plan import ClassPlan, mapper_of
from ...exc import UnmappedClassError, class_name
from ...mapping.polymorphic_union import polymorphic_union
from ...mapping.properties import ColumnProperty


def _union_of(mappers: Iterable[Any], discriminator: str) -> Any:
    tables = {mapper.polymorphic_identity: mapper.local_table for mapper in mappers}
    return polymorphic_union(tables, discriminator, "pjoin")


def _discriminator_name(cls: type) -> str:
    return getattr(cls, "_concrete_discriminator_name", None) or "type"


class ConcreteBase:
    """Mixin of the root of a concrete hierarchy, which has a table of its own.

    When mappers are configured, each class of the hierarchy gets a union of its table
    and those of its descendants to be selected from.  Its column ``type`` tells the
    class of a row; ``_concrete_discriminator_name`` is another name for it.

    Source: ``sqlalchemy.ext.declarative.ConcreteBase``.
    """

    @classmethod
    def __declare_first__(cls) -> None:
        """Select from all tables of the hierarchy, once it is known."""
        mapper: Any = mapper_of(cls)
        if mapper is None or mapper.with_polymorphic:
            return
        name = _discriminator_name(cls)
        union = _union_of(mapper.self_and_descendants, name)
        mapper._select_polymorphic(("*", union), union.c[name])


class AbstractConcreteBase(ConcreteBase):
    """Mixin of the root of a concrete hierarchy, which has no table of its own.

    The class is mapped to the union of its descendants' tables when mappers are
    configured; until then it is a mixin of theirs.  It cannot be instantiated.  With
    ``strict_attrs = True``, only what the class itself declares, its primary key and
    the discriminator are its attributes.

    Source: ``sqlalchemy.ext.declarative.AbstractConcreteBase``.
    """

    __no_table__ = True
    _sa_decl_prepare_nocascade = True

    @classmethod
    def __declare_first__(cls) -> None:
        """Map the bases of a mapped class that were waiting for it."""
        for base in cls.__mro__:
            plan = waiting_plan(base)
            if plan is not None and issubclass(base, AbstractConcreteBase):
                _map_to_union(base, plan)

    @classmethod
    def _sa_raise_deferred_config(cls) -> None:
        raise UnmappedClassError(
            cls,
            f"Class {class_name(cls)} is a subclass of AbstractConcreteBase and has a "
            "mapping pending until all subclasses are defined. Call the "
            "sqlalchemy.orm.configure_mappers() function after all subclasses have "
            "been defined to complete the mapping of this class.",
        )


def _mappers_below(cls: type) -> list[Any]:
    """The mappers of the descendants: of siblings, the last one first."""
    found: dict[Any, None] = {}
    stack: list[type] = list(cls.__subclasses__())
    while stack:
        candidate = stack.pop()
        stack.extend(candidate.__subclasses__())
        mapper = mapper_of(candidate)
        if mapper is not None:
            found.setdefault(mapper)
    return list(found)


def _map_to_union(cls: type, plan: ClassPlan) -> None:
    """Map a class to the union of its descendants, and have these inherit from it."""
    name = _discriminator_name(cls)
    mappers = _mappers_below(cls)
    union = _union_of(mappers, name)
    _take_columns_from(union, plan)
    given = plan.mapper_args

    def arguments() -> dict[str, Any]:
        own = {} if given is None else dict(given())
        for key in ("concrete", "version_id_col", "with_polymorphic"):
            own.pop(key, None)
        own["polymorphic_on"] = union.c[name]
        own["polymorphic_abstract"] = True
        if getattr(cls, "strict_attrs", False):
            own["include_properties"] = {
                *plan.collected,
                *(column.key for column in union.primary_key),
                name,
            }
            own["with_polymorphic"] = ("*", union)
        return own

    plan.mapper_args = arguments
    plan.table = union
    plan.has_own_table = False
    try:
        parent = map_waiting(plan)
    except BaseException:
        plan.table, plan.mapper_args = None, given
        raise
    for mapper in reversed(mappers):
        if mapper.concrete and mapper.inherits is None:
            mapper._adopt_concrete_parent(parent)


def _take_columns_from(union: Any, plan: ClassPlan) -> None:
    """The columns of the class are those of the union that have their names."""
    for key, value in plan.properties.items():
        if isinstance(value, Column):
            plan.properties[key] = _in_union(union, value)
        elif isinstance(value, ColumnProperty):
            value.columns[:] = [_in_union(union, column) for column in value.columns]
    plan.columns = []


def _in_union(union: Any, column: Any) -> Any:
    if isinstance(column, Column) and column.table is None:
        return union.c.get(column.key, column)
    return column
