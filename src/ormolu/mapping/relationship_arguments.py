"""What the arguments of a relationship stand for, once all classes are mapped."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.elements import ColumnElement

from ..exc import UnmappedClassError
from .queryable import inspect_entity

ARGUMENTS = (
    ("secondary", "table"),
    ("primaryjoin", "expression"),
    ("secondaryjoin", "expression"),
    ("order_by", "expression"),
    ("foreign_keys", "expression"),
    ("remote_side", "expression"),
)


def resolve_arguments(prop: Any) -> None:
    """Replace names and callables by the tables and expressions that they give.

    Raises:
        ArgumentError: for what is no table, or no expression.
    """
    registry = prop.parent.registry
    for name, kind in ARGUMENTS:
        value = getattr(prop, name)
        if isinstance(value, str):
            value = registry.resolve_expression(prop.parent.class_, value, kind)
        if callable(value) and not _is_sql(value) and not isinstance(value, type):
            value = value()
        setattr(prop, name, value)
    for name in ("primaryjoin", "secondaryjoin"):
        value = getattr(prop, name)
        if value is not None:
            value = coercions.expect(roles.ColumnArgumentRole, value, argname=name)
            setattr(prop, name, value)
    _check_secondary(prop)
    if prop.order_by is not False and prop.order_by is not None:
        prop.order_by = [
            coercions.expect(roles.ColumnArgumentRole, x, argname="order_by")
            for x in sa_util.to_list(prop.order_by)
        ]
    for name in ("foreign_keys", "remote_side"):
        setattr(
            prop,
            name,
            sa_util.column_set(
                coercions.expect(roles.ColumnArgumentRole, x, argname=name)
                for x in sa_util.to_column_set(getattr(prop, name))
            ),
        )


def _check_secondary(prop: Any) -> None:
    if prop.secondary is None:
        return
    if getattr(prop.secondary, "is_clause_element", False) is False or (
        not hasattr(prop.secondary, "c")
    ):
        raise sa_exc.ArgumentError(
            f"secondary argument {prop.secondary!r} passed to to relationship() "
            f"{prop} must be a Table object or other FROM clause; can't send a "
            "mapped class directly as rows in 'secondary' are persisted "
            "independently of a class that is mapped to that same table."
        )


def find_entity(prop: Any) -> None:
    """Find the class or alias that a relationship leads to.

    Raises:
        ArgumentError: when it is neither.
        UnmappedClassError: for a class that is not mapped.
    """
    argument = prop.argument
    if isinstance(argument, str):
        argument = prop.parent.registry.resolve_expression(
            prop.parent.class_, argument, "argument"
        )
    elif callable(argument) and not isinstance(argument, type):
        if not hasattr(argument, "is_mapper") and not hasattr(
            argument, "is_aliased_class"
        ):
            if getattr(argument, "_ormolu_alias", None) is None:
                argument = argument()
    try:
        entity = inspect_entity(argument)
    except UnmappedClassError:
        if isinstance(argument, type):
            raise
        entity = None
    except sa_exc.SQLAlchemyError:
        entity = None
    if entity is None or not hasattr(entity, "mapper"):
        raise sa_exc.ArgumentError(
            f"relationship {prop.key!r} expects a class or a mapper argument "
            f"(received: {type(argument)})"
        )
    prop.entity = entity
    prop.mapper = entity.mapper
    prop.target = entity.persist_selectable


def _is_sql(value: Any) -> bool:
    return isinstance(value, ColumnElement) or hasattr(value, "__clause_element__")
