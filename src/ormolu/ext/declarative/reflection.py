"""``DeferredReflection``: classes that are mapped when their tables are reflected."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, MetaData, Table
from sqlalchemy.exc import ArgumentError

from ...declarative.deferral import waiting_below
from ...declarative.mapping import map_waiting
from ...declarative.plan import ClassPlan
from ...declarative.tables import metadata_for
from ...exc import UnmappedClassError, class_name
from ...mapping.relationships import Relationship


class DeferredReflection:
    """Mixin of declarative classes whose mapping waits for ``prepare()``.

    Source: ``sqlalchemy.ext.declarative.DeferredReflection``.
    """

    _sa_decl_prepare = True

    @classmethod
    def prepare(cls, bind: Engine | Connection, **reflect_kw: Any) -> None:
        """Reflect the tables of the subclasses that wait, and map them.

        Args:
            bind: where the tables are.
            reflect_kw: further arguments of `MetaData.reflect`, such as ``views``.

        Raises:
            ArgumentError: ``bind`` is neither an engine nor a connection.
            InvalidRequestError: the database lacks a table.
        """
        plans = waiting_below(cls)
        if isinstance(bind, Connection):
            _reflect(plans, bind, reflect_kw)
        elif isinstance(bind, Engine):
            with bind.connect() as connection:
                _reflect(plans, connection, reflect_kw)
        else:
            raise ArgumentError(f"Expected Engine or Connection, got {bind!r}")
        for plan in plans:
            map_waiting(plan)

    @classmethod
    def _sa_raise_deferred_config(cls) -> None:
        raise UnmappedClassError(
            cls,
            f"Class {class_name(cls)} is a subclass of DeferredReflection.  Mappings "
            "are not produced until the .prepare() method is called on the class "
            "hierarchy.",
        )


def _reflect(
    plans: list[ClassPlan], connection: Connection, arguments: dict[str, Any]
) -> None:
    """Complete all tables of the classes, and those that their relationships name."""
    names: dict[tuple[MetaData, str | None], list[str]] = {}
    for plan in plans:
        for table in _tables_of(plan):
            names.setdefault((table.metadata, table.schema), []).append(table.name)
    for (metadata, schema), wanted in names.items():
        metadata.reflect(
            connection,
            only=list(dict.fromkeys(wanted)),
            schema=schema,
            extend_existing=True,
            autoload_replace=False,
            **arguments,
        )


def _tables_of(plan: ClassPlan) -> list[Table]:
    found = [plan.table] if isinstance(plan.table, Table) else []
    metadata = metadata_for(plan)
    for prop in plan.properties.values():
        name = prop.secondary if isinstance(prop, Relationship) else None
        if isinstance(name, str) and _is_table_name(name, plan):
            found.append(_table_named(name, metadata))
    return found


def _is_table_name(text: str, plan: ClassPlan) -> bool:
    """Whether a string is no expression, and not the name of a class."""
    return text not in plan.registry._class_registry and all(
        part.isidentifier() for part in text.split(".")
    )


def _table_named(name: str, metadata: MetaData) -> Table:
    """The table of a name; a new one has no columns until it is reflected."""
    if name in metadata.tables:
        return metadata.tables[name]
    schema, _, bare = name.rpartition(".")
    return Table(bare, metadata, schema=schema or metadata.schema)
