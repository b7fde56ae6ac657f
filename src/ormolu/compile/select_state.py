"""The compile plugin for SELECT."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.sql.base import CompileState
from sqlalchemy.sql.schema import Column
from sqlalchemy.sql.selectable import Select, SelectState
from sqlalchemy.sql.util import ColumnAdapter

from .._core.names import PLUGIN
from ..hydrate.description import LoadDescription
from ..mapping.properties import ColumnProperty
from .builder import SelectBuilder
from .entities import describe_entities, namespaces_of
from .lambdas import without_lambdas
from .query_style import query_style


@CompileState.plugin_for(PLUGIN, "select")
class OrmoluSelectState(SelectState):
    """Compiles a SELECT of entities as the SELECT of columns that it stands for.

    Attributes:
        load: what the rows turn into; None for a SELECT inside another statement.
    """

    __slots__ = ("load",)

    load: LoadDescription | None

    @classmethod
    def create_for_statement(
        cls, statement: Any, compiler: Any, **kw: Any
    ) -> OrmoluSelectState:
        inner = kw.pop(INNER, False)
        toplevel = not inner and (compiler is None or not compiler.stack)
        builder = SelectBuilder(
            statement,
            compiler,
            toplevel,
            asfrom=kw.get("asfrom", False),
            lateral=kw.get("lateral", False),
        )
        core = builder.build()
        state = cls(core, compiler, **kw)
        state.load = builder.description if toplevel else None
        return state

    @classmethod
    def get_column_descriptions(cls, statement: Any) -> list[dict[str, Any]]:
        return describe_entities(statement)

    @classmethod
    def from_statement(cls, statement: Any, from_statement: Any) -> Any:
        from_statement_class = FROM_STATEMENT[0]
        return from_statement_class(statement, from_statement)

    @classmethod
    def all_selected_columns(cls, statement: Any) -> list[Any]:
        found: list[Any] = []
        for raw in without_lambdas(statement)._raw_columns:
            entity = raw._annotations.get("parententity")
            if entity is not None and raw._is_from_clause:
                found.extend(entity_columns(entity))
            else:
                found.extend(raw._select_iterable)
        if query_style(statement).from_base:
            adapter = ColumnAdapter(statement._from_obj[0])
            found = [adapter.traverse(column) for column in found]
        return found

    @classmethod
    def get_columns_clause_froms(cls, statement: Any) -> Any:
        froms: list[Any] = []
        for raw in without_lambdas(statement)._raw_columns:
            entity = raw._annotations.get("parententity")
            if entity is not None:
                froms.append(entity.__clause_element__())
            else:
                froms.extend(raw._from_objects)
        return cls._normalize_froms(froms, check_statement=statement)

    @classmethod
    def _get_filter_by_entities(cls, statement: Any) -> Any:
        return namespaces_of(statement)


def entity_columns(entity: Any) -> list[Any]:
    """The columns that a subquery has which selects an entity."""
    return [
        column
        for prop in entity._polymorphic_properties
        if isinstance(prop, ColumnProperty) and prop.in_subqueries
        for column in _columns_of(entity, prop)
    ]


def _columns_of(entity: Any, prop: ColumnProperty) -> Iterator[Any]:
    """What an attribute is selected as; an expression goes by the attribute's name."""
    aliased = entity.is_aliased_class
    adapter = entity._adapter if aliased else entity._polymorphic_adapter
    for column in prop.columns[:1] if aliased else prop.columns:
        found = column if adapter is None else adapter.traverse(column)
        if not isinstance(column, Column):
            found = found._annotate({"proxy_key": prop.key})
        yield found


INNER = "ormolu_inner"
"""The compiler argument that says: the rows of this SELECT are not its own."""

FROM_STATEMENT: list[Any] = []
"""The class that `Select.from_statement` makes; its module puts it here."""

__all__ = ["OrmoluSelectState", "Select"]
