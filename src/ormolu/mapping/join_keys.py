"""Joins that compare primary keys and do nothing else.

Of these a loader can do without: one that goes by the primary key of the related class
is a look-up in the identity map, and one that goes by the whole key of the parent needs
nothing of the parent's table that a secondary table does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList

from ormolu._core.joins import deannotated

if TYPE_CHECKING:
    from ormolu.mapping.annotations import AnyColumn

__all__ = ["compared_keys"]


def compared_keys(
    join: AnyColumn,
    keys: Mapping[AnyColumn, AnyColumn],
    test: Callable[[AnyColumn, AnyColumn], bool],
) -> list[AnyColumn] | None:
    """The key columns that a join compares, if it does nothing else.

    Arguments:
        join: the join condition.
        keys: the key columns, by the columns that are equal to them.
        test: whether a key column may be compared with an expression; both are given
            with their marks.

    Returns:
        The key columns in the order of the join, each as often as it is compared;
        None when the join has any other criterion.
    """
    found: list[AnyColumn] = []
    for part in _conjuncts(join):
        if not isinstance(part, BinaryExpression) or part.operator is not operators.eq:
            return None
        for one, other in ((part.left, part.right), (part.right, part.left)):
            key = keys.get(deannotated(one))
            if key is not None and test(one, other):
                found.append(key)
                break
        else:
            return None
    return found


def _conjuncts(expression: AnyColumn) -> Iterator[AnyColumn]:
    """The parts of an expression that are joined by AND."""
    if not isinstance(expression, BooleanClauseList) or (
        expression.operator is not operators.and_
    ):
        yield expression
        return
    for part in expression.clauses:
        yield from _conjuncts(part)
