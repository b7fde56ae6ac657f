"""The compile plugins for INSERT, UPDATE and DELETE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from sqlalchemy import util as sa_util
from sqlalchemy.sql.base import CompileState, ExecutableOption
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.dml import (
    DeleteDMLState,
    DMLState,
    InsertDMLState,
    UpdateDMLState,
)
from sqlalchemy.sql.elements import ColumnClause

from .._core.names import PLUGIN
from ..hydrate.description import LoadDescription
from .criteria import criteria_for
from .entities import describe_entity, label_of_entity
from .returning import ReturningBuilder, returns_plain
from .returning import target_of as target_of


class AnyClass(ExecutableOption, HasCacheKey):
    """Has an UPDATE or DELETE of a class write whatever rows of the table it finds."""

    inherit_cache = True
    propagate_to_loaders = False
    _is_has_cache_key = True
    _is_core = False

    def _gen_cache_key(self, anon_map: Any, bindparams: Any) -> Any:
        return (AnyClass,)


ANY_CLASS = AnyClass()

_State = TypeVar("_State", bound="EntityDMLState")


class EntityDMLState(DMLState):
    """What the three plugins have in common.

    Attributes:
        load: what the rows of RETURNING turn into; None when there are none, or when
            the statement stands inside another one.
    """

    load: LoadDescription | None

    @classmethod
    def create_for_statement(
        cls: type[_State], statement: Any, compiler: Any, **kw: Any
    ) -> _State:
        toplevel = compiler is None or not compiler.stack
        core, load = plain_statement(statement, compiler, toplevel)
        state = cls(core, compiler, **kw)
        state.load = load if toplevel else None
        return state

    @classmethod
    def get_entity_description(cls, statement: Any) -> dict[str, Any]:
        entity = target_of(statement)
        if entity is None:
            return super().get_entity_description(statement)
        return {
            "name": label_of_entity(entity),
            "type": entity.class_,
            "expr": entity.entity,
            "entity": entity.entity,
            "table": entity.mapper.local_table,
        }

    @classmethod
    def get_returning_column_descriptions(cls, statement: Any) -> list[dict[str, Any]]:
        return [describe_entity(raw, statement) for raw in statement._returning]

    @classmethod
    def _get_crud_kv_pairs(
        cls, statement: Any, kv_iterator: Any, needs_to_be_cacheable: bool
    ) -> Any:
        pairs = column_pairs(statement, kv_iterator)
        return super()._get_crud_kv_pairs(statement, pairs, needs_to_be_cacheable)

    @classmethod
    def _get_multi_crud_kv_pairs(cls, statement: Any, multi_kv_iterator: Any) -> Any:
        rows = [dict(column_pairs(statement, row.items())) for row in multi_kv_iterator]
        return super()._get_multi_crud_kv_pairs(statement, rows)


def plain_statement(
    statement: Any, compiler: Any, toplevel: bool
) -> tuple[Any, LoadDescription | None]:
    """The statement of tables and columns that an entity's statement stands for."""
    core = statement._generate()
    options = statement._with_options
    core._propagate_attrs = sa_util.EMPTY_DICT
    core._with_options = ()
    entity = target_of(statement)
    criteria = criteria_for(statement, compiler)
    if entity is not None:
        core.table = (
            entity.selectable if entity.is_aliased_class else entity.mapper.local_table
        )
        if criteria is not None and not statement.is_insert:
            of = criteria.of_options if ANY_CLASS in options else criteria.of
            core._where_criteria = (*core._where_criteria, *of(entity))
    if not (toplevel and statement._returning) or returns_plain(statement):
        return core, None
    builder = ReturningBuilder(statement, compiler, toplevel)
    core._returning = builder.build_returning()
    return core, builder.description


def column_pairs(statement: Any, pairs: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Keys of ``values()`` with names of attributes turned into their columns."""
    entity = target_of(statement)
    for key, value in pairs:
        attribute = key
        if isinstance(key, str):
            attribute = None if entity is None else getattr(entity.entity, key, None)
        expand = getattr(attribute, "_bulk_update_tuples", None)
        if expand is None or not _is_column(attribute):
            yield key, value
        else:
            yield from expand(value)


def _is_column(attribute: Any) -> bool:
    """Whether an attribute stands for something that can be written."""
    prop = getattr(attribute, "property", None)
    return not getattr(prop, "_is_column", False) or isinstance(
        prop.columns[0],  # type: ignore[union-attr]
        ColumnClause,
    )


@CompileState.plugin_for(PLUGIN, "insert")
class OrmoluInsertState(EntityDMLState, InsertDMLState):
    """Compiles an INSERT of an entity's rows."""


@CompileState.plugin_for(PLUGIN, "update")
class OrmoluUpdateState(EntityDMLState, UpdateDMLState):
    """Compiles an UPDATE of an entity's rows."""


@CompileState.plugin_for(PLUGIN, "delete")
class OrmoluDeleteState(EntityDMLState, DeleteDMLState):
    """Compiles a DELETE of an entity's rows."""
