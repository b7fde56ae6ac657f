"""``with_parent()``: the criterion of what is related to an instance."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.util import ClauseAdapter

from .relationship_comparator import with_values
from .relationships import Relationship


def with_parent(
    instance: object, prop: Any, from_entity: Any = None
) -> ColumnElement[bool]:
    """The criterion that selects what is related to an instance.

    Args:
        instance: the parent.
        prop: the relationship attribute from the parent to what is selected.
        from_entity: an alias of the parent to take the relationship from.

    Source: ``sqlalchemy.orm.with_parent``.
    """
    if isinstance(prop, str):
        raise sa_exc.ArgumentError(
            "with_parent() accepts class-bound mapped attributes, not strings"
        )
    target = None
    if not isinstance(prop, Relationship):
        target = prop._of_type
        if not isinstance(prop.property, Relationship):
            raise sa_exc.ArgumentError(
                f"Expected relationship property for with_parent(), got {prop.property}"
            )
        prop = prop.property
    if target is None and from_entity is not None:
        target = sa_inspect(from_entity)
    criterion: Any = criterion_of(instance, prop)
    if prop.secondary is not None:
        criterion = ClauseAdapter(prop.secondary.alias()).traverse(criterion)
    if target is not None and target.is_aliased_class:
        criterion = target._adapter.traverse(criterion)
    return criterion  # type: ignore[no-any-return]


def criterion_of(instance: object, prop: Relationship) -> ColumnElement[bool]:
    """The criterion of what is related to an instance, in the mapped tables."""
    criterion, bind_to_col, _ = prop.join.create_lazy_clause()
    found: ColumnElement[bool] = with_values(
        criterion, bind_to_col, prop.parent, instance
    )
    return found


def property_between(instance: object, target: Any) -> Relationship:
    """The relationship that leads from an instance's class to an entity.

    Raises:
        InvalidRequestError: when there is none.
    """
    mapper = sa_inspect(instance).mapper
    for prop in mapper.iterate_properties:
        if isinstance(prop, Relationship) and prop.mapper is target.mapper:
            return prop
    raise sa_exc.InvalidRequestError(
        "Could not locate a property which relates instances of class "
        f"'{mapper.class_.__name__}' to instances of class '{target.class_.__name__}'"
    )
