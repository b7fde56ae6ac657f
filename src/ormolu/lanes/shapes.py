"""The shape of a simple SELECT: a key for its plan that is found without Core's walk.

Most statements that are rebuilt on every call select entities or columns, join along
relationships, compare columns with values, order and limit the rows.  Their elements are
the same objects each time, but for the values; so their identities say as much as Core's
cache key, and take a quarter of its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.sql.annotation import annotated_classes
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ExpressionClauseList,
    False_,
    Grouping,
    Null,
    True_,
    UnaryExpression,
)

from .._core.selectables import LimitParameter
from ..mapping.queryable import InstrumentedAttribute

_LASTING = frozenset(
    (Table, Column, annotated_classes[Table], annotated_classes[Column])
)
"""Classes of elements that a mapper or its attributes may hold for good."""

_CONSTANTS = frozenset((Null, True_, False_))
"""Classes of elements of which Core has one each."""

_PLAIN_MODIFIERS = frozenset((bool, str, type(None)))

_TARGETS = _LASTING | {InstrumentedAttribute}

_ELEMENTS = frozenset(
    ("_raw_columns", "_order_by_clauses", "_group_by_clauses", "_from_obj")
)
_LIMITS = frozenset(("_limit_clause", "_offset_clause"))
_SWITCHES = frozenset(("_label_style", "_distinct"))
_NEUTRAL = frozenset(("_propagate_attrs", "_execution_options"))
"""What follows from the elements, or does not change what is compiled."""

_NONE = frozenset(("_fetch_clause", "_fetch_clause_options"))


def shape_of(statement: Any, memos: frozenset[str]) -> tuple[Any, list[Any]] | None:
    """A key and the parameters of a statement; None when it is not that simple.

    Args:
        statement: a SELECT.
        memos: what may be noted on the statement beside its own fields.

    Returns:
        the key, to be looked up only while the elements that it was made of live, and
        the `BindParameter` objects in the order of the key.
    """
    key: list[Any] = []
    binds: list[Any] = []
    # of a copy: another thread may note something on the same statement meanwhile
    for name, value in statement.__dict__.copy().items():
        if name in _ELEMENTS:
            for element in value:
                if element.__class__ in _LASTING:
                    key.append(id(element))
                elif not _add_direction(element, key):
                    return None
        elif name == "_where_criteria":
            for criterion in value:
                if not _add_criterion(criterion, key, binds):
                    return None
        elif name in _LIMITS:
            if value is not None:
                if value.__class__ is not LimitParameter:
                    return None
                binds.append(value)
            key.append(value is None)
        elif name in _SWITCHES:
            key.append(id(value))
        elif name == "_setup_joins":
            for join in value:
                if not _add_join(join, key, binds):
                    return None
        elif name == "_with_options":
            if not _add_options(value, key):
                return None
        elif name in _NEUTRAL or name in memos:
            continue
        elif name not in _NONE or value is not None:
            return None
        key.append(name)
    return tuple(key), binds


def _add_direction(element: Any, key: list[Any]) -> bool:
    """Add a column with a direction, of ORDER BY; whether it is one."""
    if element.__class__ is not UnaryExpression:
        return False
    if element.element.__class__ not in _LASTING:
        return False
    key.append((id(element.element), element.operator, element.modifier))
    return True


def _add_criterion(criterion: Any, key: list[Any], binds: list[Any]) -> bool:
    """Add a comparison, or a combination by AND, OR and NOT; whether it is one."""
    if criterion.__class__ is BinaryExpression:
        return _add_comparison(criterion, key, binds)
    if criterion.__class__ is BooleanClauseList:
        key.append((criterion.operator, len(criterion.clauses)))
        return all(_add_criterion(clause, key, binds) for clause in criterion.clauses)
    if criterion.__class__ is Grouping:
        key.append(Grouping)
        return _add_criterion(criterion.element, key, binds)
    if criterion.__class__ is UnaryExpression:
        key.append((criterion.operator, criterion.modifier))
        return _add_criterion(criterion.element, key, binds)
    return False


def _add_comparison(criterion: Any, key: list[Any], binds: list[Any]) -> bool:
    """Add the comparison of a column with a value, a constant or another column."""
    left, right = criterion.left, criterion.right
    if left.__class__ not in _LASTING:
        return False
    key.append((id(left), criterion.operator, id(criterion.type)))
    if criterion.modifiers:
        for value in criterion.modifiers.values():
            if value.__class__ not in _PLAIN_MODIFIERS:
                return False
        key.append(tuple(criterion.modifiers.items()))
    if right.__class__ is BindParameter:
        return _add_value(criterion, right, key, binds)
    if right.__class__ is ExpressionClauseList:  # of BETWEEN
        key.append((right.operator, len(right.clauses)))
        for clause in right.clauses:
            if not _add_value(criterion, clause, key, binds):
                return False
        return True
    key.append(id(right))
    return right.__class__ in _LASTING or right.__class__ in _CONSTANTS


def _add_value(criterion: Any, bind: Any, key: list[Any], binds: list[Any]) -> bool:
    """Add a value that a column is compared with."""
    if bind.__class__ is not BindParameter or bind.type is not criterion.left.type:
        return False
    if not bind.unique or bind.callable is not None or bind.required:
        return False
    if bind.literal_execute or bind.isoutparam:
        return False
    if bind.expanding and bind.expand_op is not criterion.operator:
        return False
    for other in binds:
        if other is bind:
            return False
    binds.append(bind)
    key.append(bind.expanding)
    return True


def _add_join(join: Any, key: list[Any], binds: list[Any]) -> bool:
    """Add a join to an entity or along a relationship."""
    target, onclause, left, flags = join
    if target.__class__ not in _TARGETS or (
        left is not None and left.__class__ not in _LASTING
    ):
        return False
    key.append((id(target), id(left), flags["isouter"], flags["full"]))
    if onclause is None or onclause.__class__ is InstrumentedAttribute:
        key.append(id(onclause))
        return True
    return _add_criterion(onclause, key, binds)


def _add_options(options: Any, key: list[Any]) -> bool:
    """Add options that say of themselves what they are."""
    for option in options:
        shape = getattr(option, "shape", None)
        part = None if shape is None else shape()
        if part is None:
            return False
        key.append(part)
    return True


def lasts(statement: Any) -> bool:
    """Whether the elements of a statement with a shape are those of its mappers.

    Those of an alias, or that the user annotated, are other objects each time.
    """
    return all(map(_lasts, _elements_of(statement)))


def _elements_of(statement: Any) -> Iterator[Any]:
    """Everything whose identity is a part of the shape."""
    fields = statement.__dict__
    for name in _ELEMENTS:
        for element in fields.get(name, ()):
            yield getattr(element, "element", element)
    for criterion in fields.get("_where_criteria", ()):
        yield from _columns_of(criterion)
    for target, onclause, left, _ in fields.get("_setup_joins", ()):
        yield from (e for e in (target, left) if e is not None)
        if onclause.__class__ is InstrumentedAttribute:
            yield onclause
        elif onclause is not None:
            yield from _columns_of(onclause)
    for option in fields.get("_with_options", ()):
        for step in getattr(option, "steps", ()):
            if step.attr is not None:
                yield step.attr


def _columns_of(criterion: Any) -> Iterator[Any]:
    """The columns that a criterion with a shape compares."""
    if criterion.__class__ is BooleanClauseList:
        for clause in criterion.clauses:
            yield from _columns_of(clause)
    elif criterion.__class__ in (Grouping, UnaryExpression):
        yield from _columns_of(criterion.element)
    else:
        yield criterion.left
        if criterion.right.__class__ in _LASTING:
            yield criterion.right


def _lasts(element: Any) -> bool:
    if element.__class__ in (Table, Column):
        return True
    if element.__class__ is InstrumentedAttribute:
        entity, key = element._parententity, element.key
        return entity.is_mapper and entity.entity_attribute(key) is element
    annotations = element._annotations
    entity = annotations.get("parententity")
    if not getattr(entity, "is_mapper", False):
        return False
    key = annotations.get("proxy_key")
    if key is None:
        return entity.__clause_element__() is element
    return entity.entity_attribute(key).expression is element
