"""The table of a declarative class, made or found."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.exc import ArgumentError, InvalidRequestError

from .._core.declarative import refresh_selectable
from .plan import ClassPlan


def setup_table(plan: ClassPlan) -> None:
    """Make the table of a class that names one; check the columns of any other."""
    cls = plan.cls
    if plan.fixed_table:
        _check_fixed(plan)
    elif hasattr(cls, "__table_cls__") or plan.tablename is not None:
        plan.table = _make_table(plan)
        if plan.table is not None:
            plan.made_table = True
            cls.__table__ = plan.table
    if (
        plan.table is None
        and plan.parent is None
        and not getattr(cls, "__no_table__", False)
    ):
        raise InvalidRequestError(
            f"Class {cls!r} does not have a __table__ or __tablename__ specified and "
            "does not inherit from an existing table-mapped class."
        )


def _make_table(plan: ClassPlan) -> Any:
    factory = getattr(plan.cls, "__table_cls__", None)
    if factory is None:
        factory = Table
    elif plan.tablename is None:
        return None
    args, kw = _table_arguments(plan.table_args)
    autoload_with = getattr(plan.cls, "__autoload_with__", None)
    if autoload_with is not None:
        kw["autoload_with"] = autoload_with
    return factory(
        plan.tablename, metadata_for(plan), *plan.declared_columns, *args, **kw
    )


def _table_arguments(given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(given, dict):
        return (), dict(given)
    if not given:
        return (), {}
    if isinstance(given[-1], dict):
        return tuple(given[:-1]), dict(given[-1])
    return tuple(given), {}


def metadata_for(plan: ClassPlan) -> Any:
    """The collection of tables that the class's table joins."""
    found = getattr(plan.cls, "metadata", None)
    return found if isinstance(found, MetaData) else plan.registry.metadata


def _check_fixed(plan: ClassPlan) -> None:
    for column in plan.declared_columns:
        if not plan.table.c.contains_column(column):
            raise ArgumentError(
                f"Can't add additional column {column.key!r} when specifying __table__"
            )


# -- single table inheritance ----------------------------------------------


def join_parent_table(plan: ClassPlan) -> None:
    """Put the columns of a class without a table into its parent's."""
    if plan.parent is None or plan.table is not None:
        return
    mapper = plan.parent_mapper
    table = plan.parent_table
    if plan.table_args and not plan.inherited_table_args:
        raise ArgumentError(
            "Can't place __table_args__ on an inherited class with no table."
        )
    if plan.declared_columns and not isinstance(table, Table):
        raise ArgumentError(
            "Can't declare columns on single-table-inherited subclass "
            f"{plan.cls}; superclass {plan.parent} is not mapped to a Table"
        )
    for column in plan.declared_columns:
        add_to_parent_table(plan.cls, table, column)
    selectable = table if mapper is None else mapper.persist_selectable
    if selectable is not table:
        for column in plan.declared_columns:
            refresh_selectable(selectable, column)


def add_to_parent_table(cls: type, table: Any, column: Any) -> None:
    """Add one column to the table of the parent class.

    Raises:
        ArgumentError: it is part of a primary key, or another column has its name.
    """
    existing = table.c.get(column.name)
    if existing is column:
        return
    if existing is not None:
        raise ArgumentError(
            f"Column '{column}' on class {cls.__name__} conflicts with existing "
            f"column '{existing}'.  If using Declarative, consider using the "
            "use_existing_column parameter of mapped_column() to resolve conflicts."
        )
    if column.primary_key:
        raise ArgumentError(
            "Can't place primary key columns on an inherited class with no table."
        )
    table.append_column(column)
