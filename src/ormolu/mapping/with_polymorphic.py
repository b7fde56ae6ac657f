"""``with_polymorphic()``: a class selected together with some that inherit from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from .aliased import AliasedClass
from .queryable import inspect_entity


def with_polymorphic(
    base: Any,
    classes: Literal["*"] | Iterable[Any],
    selectable: Any = False,
    flat: bool = False,
    polymorphic_on: Any = None,
    aliased: bool = False,
    innerjoin: bool = False,
    adapt_on_names: bool = False,
    name: str | None = None,
    _use_mapper_path: bool = False,
) -> Any:
    """An alias of a class that selects the columns of its subclasses as well.

    Args:
        base: the class, or its mapper.
        classes: the subclasses, or "*" for all.
        selectable: what is selected from in place of the joined tables; None for the
            tables, where the mapping has something else.
        flat: make an alias of each of the tables.
        polymorphic_on: what tells the class of a row, where it is not the mapping's.
        aliased: make an alias of the whole.
        innerjoin: INNER JOIN instead of LEFT OUTER JOIN.
        adapt_on_names: match columns of ``selectable`` by name.
        name: the name of the alias.

    Returns:
        the alias, which has those of the subclasses as attributes by their names.

    Raises:
        InvalidRequestError: for a class that does not inherit from ``base``.

    Source: ``sqlalchemy.orm.with_polymorphic``.
    """
    mapper = inspect_entity(base).mapper
    mapper._check_configure()
    mappers, found = mapper._with_polymorphic_args(classes, selectable, innerjoin)
    if aliased or flat:
        found = found._anonymous_fromclause(flat=flat, name=name)
    return AliasedClass(
        mapper,
        found,
        name=name,
        adapt_on_names=adapt_on_names,
        with_polymorphic_mappers=mappers,
        polymorphic_on=polymorphic_on,
        is_outer=not innerjoin,
    )


def target_of(prop: Any, attr: Any) -> Any:
    """What an eager load along a relationship selects.

    A subclass that ``of_type()`` names is selected together with its base class, all of
    whose objects the relationship holds.

    Args:
        prop: the relationship.
        attr: the attribute of the option; None where there is none.

    Returns:
        a mapper, or the inspection of an alias that the caller has to keep.
    """
    given = None if attr is None else attr._of_type
    if given is None or given is prop.mapper:
        return prop.entity
    if given.is_aliased_class:
        return given
    return with_polymorphic(prop.mapper, [given], aliased=True)._aliased_insp
