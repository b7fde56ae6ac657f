"""Loader options by attribute name; a legacy `Query` finds the attributes."""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect

from ... import contains_eager as _contains_eager
from ... import defaultload, joinedload
from ... import defer as _defer
from ... import lazyload as _lazyload
from ... import noload as _noload
from ... import undefer as _undefer


class StringOption:
    """A loader option whose path is still a name like ``"orders.items"``.

    Args:
        path: the name, with dots between the steps; or an attribute.
        make: makes today's option for the last step.
        every_step: apply it to each step of the path and not only to the last.
        mapper: the entity where the path begins; the query's first one if None.
    """

    def __init__(
        self,
        path: Any,
        make: Callable[[Any], Any],
        *,
        every_step: bool = False,
        mapper: Any = None,
    ) -> None:
        self.path = path
        self.make = make
        self.every_step = every_step
        self.mapper = mapper

    def resolve(self, entity: Any) -> Any:
        """Today's option, for a query whose first entity is given.

        Raises:
            ArgumentError: the path names no attribute.
        """
        attributes = attributes_along(self.mapper or entity, self.path)
        option: Any = None
        for number, attribute in enumerate(attributes, 1):
            last = number == len(attributes)
            step = self.make(attribute) if last or self.every_step else None
            if step is None:
                step = defaultload(attribute)
            option = step if option is None else option.options(step)
        return option


def attributes_along(entity: Any, path: Any) -> list[Any]:
    """The attributes that a dotted name leads along, from an entity.

    Raises:
        ArgumentError: there is no attribute of a name.
    """
    if not isinstance(path, str):
        return [path]
    found: list[Any] = []
    current = inspect(entity)
    for name in path.split("."):
        attribute = attribute_of(current, name)
        if attribute is None:
            raise sa_exc.ArgumentError(
                f"Mapper '{current.mapper}' has no property {name!r}"
            )
        found.append(attribute)
        prop = current.mapper.get_property(name)
        current = getattr(prop, "mapper", current)
    return found


def attribute_of(insp: Any, name: str) -> Any:
    """A mapped attribute of a mapper or an alias by its name; None without one."""
    mapper = getattr(insp, "mapper", None)
    if mapper is None or not mapper.has_property(name):
        return None
    return getattr(insp.entity, name)


def eagerload(name: Any, mapper: Any = None) -> StringOption:
    """Load a relation with a JOIN in the same statement; today's ``joinedload``."""
    return StringOption(name, joinedload, mapper=mapper)


def eagerload_all(name: Any, mapper: Any = None) -> StringOption:
    """Load every relation along a path with JOINs."""
    return StringOption(name, joinedload, every_step=True, mapper=mapper)


def lazyload(name: Any, mapper: Any = None) -> StringOption:
    """Load a relation when it is read."""
    return StringOption(name, _lazyload, mapper=mapper)


def noload(name: Any) -> StringOption:
    """Leave a relation empty."""
    return StringOption(name, unwrap(_noload))  # without its warning


def defer(name: Any) -> StringOption:
    """Leave a column out until it is read."""
    return StringOption(name, _defer)


def undefer(name: Any) -> StringOption:
    """Load a deferred column with its entity."""
    return StringOption(name, _undefer)


def contains_eager(name: Any, alias: Any = None) -> StringOption:
    """Take a relation from columns that the statement joined itself."""
    return StringOption(name, lambda attribute: _contains_eager(attribute, alias=alias))
