"""The private names of SQLAlchemy Core that the declarative layer needs.

Each has a test in ``tests/declarative/test_core_seam.py``, so that a new release
of SQLAlchemy breaks there first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Column, ForeignKey
from sqlalchemy.event.base import Events as Events
from sqlalchemy.event.registry import EventTarget as EventTarget
from sqlalchemy.schema import SchemaConst
from sqlalchemy.schema import SchemaItem as SchemaItem
from sqlalchemy.sql.base import _NoArg as NoArg
from sqlalchemy.sql.schema import _InsertSentinelColumnDefault
from sqlalchemy.sql.sqltypes import _type_map
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import get_annotations as get_annotations
from sqlalchemy.util import merge_lists_w_ordering as merge_names
from sqlalchemy.util import set_creation_order as set_creation_order
from sqlalchemy.util import typing as sa_typing

__all__ = [
    "EventTarget",
    "Events",
    "NO_ARG",
    "NULL_UNSPECIFIED",
    "NoArg",
    "SchemaItem",
    "collect_pending_foreign_keys",
    "copy_column",
    "de_optionalize_union_types",
    "de_stringify_annotation",
    "default_type_for",
    "eval_expression",
    "eval_name_only",
    "fixup_container_fwd_refs",
    "get_annotations",
    "includes_none",
    "is_a_type",
    "is_fwd_ref",
    "is_generic",
    "is_literal",
    "is_null_type",
    "is_pep593",
    "is_pep695",
    "is_union",
    "merge_column",
    "merge_names",
    "refresh_selectable",
    "resolve_for_python_type",
    "sentinel_default",
    "set_column_type",
    "set_creation_order",
    "user_defined_nullable",
]

Predicate = Callable[[Any], bool]

# Annotations may hold anything, so these take and give anything.
de_optionalize_union_types: Callable[[Any], Any] = sa_typing.de_optionalize_union_types
de_stringify_annotation: Callable[..., Any] = sa_typing.de_stringify_annotation
eval_expression: Callable[..., Any] = sa_typing.eval_expression
eval_name_only: Callable[..., Any] = sa_typing.eval_name_only
fixup_container_fwd_refs: Callable[[Any], Any] = sa_typing.fixup_container_fwd_refs
is_fwd_ref: Callable[..., bool] = sa_typing.is_fwd_ref
includes_none: Predicate = sa_typing.includes_none
is_a_type: Predicate = sa_typing.is_a_type
is_generic: Predicate = sa_typing.is_generic
is_literal: Predicate = sa_typing.is_literal
is_pep593: Predicate = sa_typing.is_pep593
is_pep695: Predicate = sa_typing.is_pep695
is_union: Predicate = sa_typing.is_union

_C = TypeVar("_C", bound=Column[Any])

NO_ARG = NoArg.NO_ARG
NULL_UNSPECIFIED = SchemaConst.NULL_UNSPECIFIED


def default_type_for(python_type: Any) -> TypeEngine[Any] | None:
    """The SQL type that Core itself gives to values of a Python type."""
    return _type_map.get(python_type)


def resolve_for_python_type(
    sql_type: TypeEngine[Any], python_type: Any, matched_on: Any, flattened: Any
) -> TypeEngine[Any] | None:
    """Let a SQL type adapt itself to the Python type that it was found for."""
    return sql_type._resolve_for_python_type(python_type, matched_on, flattened)


def is_null_type(sql_type: TypeEngine[Any]) -> bool:
    """Whether no type was given to the column."""
    return sql_type._isnull


def copy_column(column: _C, **kw: Any) -> _C:
    """A copy of a column that belongs to no table."""
    return column._copy(**kw)  # type: ignore[return-value]


def merge_column(
    source: Column[Any], target: Column[Any], *, omit_defaults: bool = False
) -> None:
    """Give to ``target`` what ``source`` says and ``target`` does not."""
    source._merge(target, omit_defaults=omit_defaults)


def set_column_type(column: Column[Any], sql_type: TypeEngine[Any]) -> None:
    """Give a type to a column that has none."""
    column._set_type(sql_type)


def refresh_selectable(selectable: Any, column: Column[Any]) -> None:
    """Tell a selectable that a table which it contains has one more column."""
    selectable._refresh_for_new_column(column)


def user_defined_nullable(column: Column[Any]) -> Any:
    """The ``nullable`` that the column was made with, or ``NULL_UNSPECIFIED``."""
    return column._user_defined_nullable


def sentinel_default() -> Any:
    """The default of a sentinel column: a row's position in its batch."""
    return _InsertSentinelColumnDefault()


def collect_pending_foreign_keys(column: Column[Any]) -> Iterable[ForeignKey]:
    """Foreign keys whose target is a column object without a table."""
    for key in column.foreign_keys:
        target = key._table_column
        if target is not None and target.table is None:
            yield key
