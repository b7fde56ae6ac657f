"""Classical mappings: ``mapper()``, ``relation()`` and what goes with them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc

from ... import backref as _backref
from ... import class_mapper as _class_mapper
from ... import clear_mappers as clear_mappers
from ... import configure_mappers, relationship
from ... import object_mapper as object_mapper
from ... import registry as _registry
from ...mapping.mapper import Mapper
from .siblings import class_for, make_sibling

registry = _registry()
"""The registry of all classes that `mapper` maps."""

GONE = {
    "extension": "listen for the events of the class instead",
    "order_by": "order each query, or the relation, instead",
    "select_table": "map the selectable, or use with_polymorphic, instead",
    "allow_column_override": "leave it out, a property takes the column's place",
}
RENAMED = {"allow_null_pks": "allow_partial_pks"}


def mapper(
    class_: type,
    local_table: Any = None,
    properties: dict[str, Any] | None = None,
    *,
    entity_name: str | None = None,
    **kw: Any,
) -> Mapper:
    """Map a class to a table.

    Args:
        class_: the class.
        local_table: the table.
        properties: relations and other attributes, by name.
        entity_name: a name for a further mapping of the class; every method of the
            legacy `Session` that takes a class or an instance takes it too.
        kw: arguments of today's ``Mapper``.

    Raises:
        ArgumentError: for an argument that nothing corresponds to.
    """
    properties = dict(properties or {})
    for name in GONE.keys() & kw.keys():
        if kw.pop(name):
            raise sa_exc.ArgumentError(
                f"mapper() has no argument {name!r} any more: {GONE[name]}"
            )
    arguments = {RENAMED.get(name, name): value for name, value in kw.items()}
    if entity_name is not None:
        names = {*properties, *(c.key for c in getattr(local_table, "c", ()))}
        class_ = make_sibling(class_, entity_name, names)
    made: Mapper = registry.map_imperatively(
        class_, local_table, properties=properties, **arguments
    )
    return made


def relation(
    argument: Any,
    secondary: Any = None,
    *,
    entity_name: str | None = None,
    private: bool = False,
    **kw: Any,
) -> Any:
    """Relate a class to another one; today's ``relationship``.

    Args:
        argument: the related class, its mapper, or a function that gives it.
        secondary: the association table of a many-to-many relation.
        entity_name: which mapping of the related class is meant.
        private: the same as ``cascade="all, delete-orphan"``.
        kw: arguments of ``relationship``.
    """
    if private:
        kw.setdefault("cascade", "all, delete-orphan")
    if entity_name is not None:
        related, name = argument, entity_name
        argument = lambda: class_for(_resolved(related), name)  # noqa: E731
    return relationship(argument, secondary, **kw)


def _resolved(argument: Any) -> Any:
    if callable(argument) and not isinstance(argument, (type, Mapper)):
        return argument()
    return argument


def backref(name: str, **kw: Any) -> Any:
    """A relation in the other direction, with arguments of its own."""
    return _backref(name, **kw)


def dynamic_loader(argument: Any, secondary: Any = None, **kw: Any) -> Any:
    """A relation that is a query: ``lazy="dynamic"``."""
    return relation(argument, secondary, lazy="dynamic", **kw)


def class_mapper(
    class_: Any, entity_name: str | None = None, compile: bool = True
) -> Any:
    """The mapper of a class and an entity name.

    Raises:
        InvalidRequestError: there is none.
    """
    return _class_mapper(class_for(class_, entity_name), configure=compile)


def compile_mappers() -> None:
    """Configure all mappers; today's ``configure_mappers``."""
    configure_mappers()
