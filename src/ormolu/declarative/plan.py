"""What is known of a class while Declarative maps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic

from sqlalchemy import Column
from sqlalchemy.exc import ArgumentError

from ..instrument.entity import Entity
from ..instrument.manager import manager_of_class
from .annotations import Annotation

# Bases that hold nothing to be mapped.
FOUNDATION: frozenset[Any] = frozenset({Generic, *Entity.__mro__})

DIRECTIVES = frozenset({"__table_args__", "__tablename__", "__mapper_args__"})


@dataclass(slots=True, eq=False)
class ClassPlan:
    """The class being mapped, and what each step has found out about it.

    Args:
        registry: where it is mapped.
        cls: the class.
        namespace: the attributes that it was made with.
        mapper_arguments: given by a caller, before those of the class.
        collected: attributes to map, by name, in order of declaration.
        annotations: their annotations.
        from_fields: names of those that were metadata of dataclass fields.
        copies: columns of mixins to their copies for the class.
        properties: for the mapper.
        columns: for the table, each with its sort order.
        parent: the mapped class that it inherits from.
        parent_plan: the parent's plan, while it waits to be mapped itself.
        waits_since: a number that grows with each class that waits to be mapped.
        made_table: whether Declarative made the table.
        has_own_table: whether ``__table__`` of the class is what it is mapped to.
    """

    registry: Any
    cls: Any
    namespace: dict[str, Any]
    table: Any = None
    mapper_arguments: dict[str, Any] = field(default_factory=dict)
    collected: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, Annotation] = field(default_factory=dict)
    from_fields: set[str] = field(default_factory=set)
    copies: dict[Any, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    columns: list[tuple[int, Column[Any]]] = field(default_factory=list)
    unmapped: list[Column[Any]] = field(default_factory=list)
    tablename: Any = None
    table_args: Any = None
    inherited_table_args: bool = False
    mapper_args: Callable[[], dict[str, Any]] | None = None
    parent: Any = None
    parent_plan: ClassPlan | None = None
    waits_since: int = -1
    made_table: bool = False
    has_own_table: bool = True
    dataclass_options: dict[str, Any] | None = None

    @property
    def allow_unmapped(self) -> bool:
        """Whether annotations other than ``Mapped`` are left alone."""
        return bool(getattr(self.cls, "__allow_unmapped__", False))

    @property
    def was_dataclass(self) -> bool:
        """Whether the class was made a dataclass before it is mapped."""
        return self.dataclass_options is None and "__dataclass_fields__" in vars(
            self.cls
        )

    @property
    def is_dataclass(self) -> bool:
        """Whether the class is made a dataclass as it is mapped."""
        return self.dataclass_options is not None

    @property
    def descriptor_defaults(self) -> bool:
        """Whether defaults of dataclass fields are read without being set."""
        return self.is_dataclass and not getattr(
            self.cls, "_sa_disable_descriptor_defaults", False
        )

    @property
    def fixed_table(self) -> bool:
        """Whether the table was not made by Declarative."""
        return self.table is not None

    @property
    def parent_mapper(self) -> Any:
        """The mapper of the class that this one inherits from."""
        return None if self.parent is None else mapper_of(self.parent)

    @property
    def parent_table(self) -> Any:
        """The table of the parent class, which may be one that waits to be mapped."""
        if self.parent_plan is not None and self.parent_plan.table is not None:
            return self.parent_plan.table
        if self.parent_plan is not None:
            return self.parent_plan.parent_table
        mapper = self.parent_mapper
        return None if mapper is None else mapper.local_table

    @property
    def declared_columns(self) -> list[Column[Any]]:
        """The columns of the class in the order of the table."""
        return [column for _, column in self.columns]


@dataclass(slots=True)
class Attribute:
    """One attribute of the class, for the construct that completes itself."""

    plan: ClassPlan
    key: str
    annotation: Annotation | None = None

    @property
    def cls(self) -> type:
        return self.plan.cls  # type: ignore[no-any-return]

    @property
    def registry(self) -> Any:
        return self.plan.registry

    def existing_column(self, column: Column[Any]) -> Column[Any]:
        """The parent table's column of the same name, else the column itself."""
        table = self.plan.parent_table
        if table is None or self.plan.tablename or self.plan.fixed_table:
            return column
        name = column.name or self.key
        found: Column[Any] = table.c.get(name, column)
        return found

    def annotation_required(self, construct: str) -> ArgumentError:
        """The error for a construct that needs an annotation and has none."""
        return ArgumentError(
            f'Python typing annotation is required for attribute "{self}" when primary '
            f'argument(s) for "{construct}" construct are None or not present'
        )

    def __str__(self) -> str:
        return f"{self.plan.cls.__name__}.{self.key}"


def mapper_of(cls: type) -> Any:
    """The mapper of exactly this class, None when it is not mapped."""
    manager = manager_of_class(cls)
    return None if manager is None else manager.mapper


def is_mapped(cls: type) -> bool:
    """Whether a class itself is mapped."""
    return mapper_of(cls) is not None
