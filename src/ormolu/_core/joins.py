"""The private names of SQLAlchemy Core that join conditions are built with.

Core keeps these out of its documentation, though its own ``Join`` construct and every
tool that rewrites expressions rest on them.  ``mapping.join_condition`` and its
neighbours take them from here, so that a release that moves one breaks in this file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar, cast

from sqlalchemy.sql import coercions, roles, visitors
from sqlalchemy.sql.annotation import (
    _deep_annotate,
    _deep_deannotate,
    _safe_annotate,
    _shallow_annotate,
)
from sqlalchemy.sql.elements import BinaryExpression, ColumnClause, ColumnElement
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.sql.util import (
    ClauseAdapter,
    criterion_as_pairs,
    join_condition,
    selectables_overlap,
    visit_binary_product,
)

__all__ = [
    "ClauseAdapter",
    "annotations_of",
    "anonymous_alias",
    "binaries_of",
    "coerce_column_argument",
    "column_pairs",
    "deannotated",
    "deep_annotate",
    "deep_deannotate",
    "equated_pairs",
    "join_by_keys",
    "replaced",
    "safe_annotate",
    "same_affinity",
    "selectables_overlap",
    "shallow_annotate",
    "visitors",
    "with_annotations",
    "with_binaries_changed",
    "with_exact_annotations",
]

deep_annotate = _deep_annotate
deep_deannotate = _deep_deannotate
safe_annotate = _safe_annotate
shallow_annotate = _shallow_annotate

_E = TypeVar("_E", bound="ColumnElement[Any]")


def equated_pairs(
    condition: Any, foreign_keys: AbstractSet[Any] | None
) -> list[tuple[Any, Any]]:
    """(referred, referring) columns that a condition says to be equal.

    Arguments:
        foreign_keys: the referring columns; None to go by their foreign keys.
    """
    untyped: Any = criterion_as_pairs
    return list(untyped(condition, consider_as_foreign_keys=foreign_keys))


def annotations_of(element: Any) -> dict[str, Any]:
    """The annotations of an expression, none for an object that carries none."""
    return cast("dict[str, Any]", getattr(element, "_annotations", {}))


def with_annotations(element: _E, **annotations: Any) -> _E:
    """A copy of an expression with annotations added to those it has."""
    return element._annotate(annotations)


def with_exact_annotations(element: _E, annotations: dict[str, Any]) -> _E:
    """A copy of an expression with these annotations in place of those it has."""
    return element._with_annotations(annotations)


def deannotated(element: _E) -> _E:
    """The expression that an annotated one was made from."""
    return element._deannotate()


def anonymous_alias(selectable: FromClause) -> FromClause:
    """Alias a selectable without a name, a join by the aliases of its parts."""
    return selectable._anonymous_fromclause(flat=True)


def same_affinity(element: ColumnElement[Any], other: ColumnElement[Any]) -> bool:
    """Whether the types of two expressions are of one kind, as Core compares them."""
    return element.type._compare_type_affinity(other.type)


def coerce_column_argument(expression: Any) -> ColumnElement[Any]:
    """The column expression that a user's argument stands for.

    Raises:
        ArgumentError: for anything that is no column expression.
    """
    return coercions.expect(roles.ColumnArgumentRole, expression)


def replaced(expression: _E, replace: Callable[[Any], Any]) -> _E:
    """A copy of an expression with some of its elements replaced.

    Arguments:
        expression: what to copy.
        replace: called with each element, gives what stands in its place; None to
            keep the element and go on to those inside.
    """

    def transform(element: Any, **_: Any) -> Any:
        return replace(element)

    copy: Any = visitors.replacement_traverse(expression, {}, transform)
    return cast("_E", copy)


def with_binaries_changed(
    expression: _E, change: Callable[[BinaryExpression[Any]], None]
) -> _E:
    """A copy of an expression whose binary expressions a function has changed."""
    return visitors.cloned_traverse(expression, {}, {"binary": change})


def binaries_of(expression: ColumnElement[Any]) -> Iterator[BinaryExpression[Any]]:
    """All binary expressions within an expression."""
    for element in visitors.iterate(expression):
        if isinstance(element, BinaryExpression):
            yield element


def column_pairs(
    expression: ColumnElement[Any],
) -> Iterator[tuple[BinaryExpression[Any], ColumnElement[Any], ColumnElement[Any]]]:
    """Every comparison with every pair of columns that its two sides contain."""
    found: list[
        tuple[BinaryExpression[Any], ColumnElement[Any], ColumnElement[Any]]
    ] = []
    visit_binary_product(lambda *triple: found.append(triple), expression)
    return iter(found)


def join_by_keys(
    selectable: FromClause,
    other: FromClause,
    *,
    preferred: FromClause | None,
    keys: AbstractSet[ColumnElement[Any]] | None,
) -> ColumnElement[bool]:
    """The condition that joins two selectables by their foreign keys.

    Arguments:
        selectable: one of them.
        other: the other.
        preferred: the part of the first whose foreign keys are tried first.
        keys: the only columns to take for foreign keys; None for all.

    Raises:
        NoForeignKeysError: when there is none.
        AmbiguousForeignKeysError: when there is more than one.
    """
    columns = cast("AbstractSet[ColumnClause[Any]] | None", keys)
    return join_condition(selectable, other, preferred, columns)
