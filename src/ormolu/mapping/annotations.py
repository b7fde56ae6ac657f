"""The marks in a join condition: which columns are foreign, remote, local.

A join condition is an ordinary SQL expression whose columns carry annotations: "foreign"
for a column that refers to another, "remote" for one on the side of the related class,
"local" for one on the side of the parent.  The user sets them with :func:`foreign` and
:func:`remote`; the functions ``mark_*`` derive those that the user left out.  Each takes
an expression and returns a marked copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from sqlalchemy import Column, util
from sqlalchemy.sql.elements import ColumnClause, ColumnElement

from ormolu._core.joins import (
    annotations_of,
    binaries_of,
    coerce_column_argument,
    deannotated,
    replaced,
    visitors,
    with_annotations,
    with_binaries_changed,
    with_exact_annotations,
)

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import BinaryExpression
    from sqlalchemy.sql.selectable import FromClause

__all__ = [
    "FOREIGN",
    "LOCAL",
    "PARENT_MAPPER",
    "REMOTE",
    "AnyColumn",
    "Overlap",
    "foreign",
    "gather",
    "has_mark",
    "is_self_referring",
    "mark_foreign",
    "mark_foreign_by_keys",
    "mark_local",
    "mark_mappers",
    "mark_remote",
    "mark_remote_by_overlap",
    "mark_remote_in_child",
    "mark_remote_self_referring",
    "marked",
    "remote",
    "swap_sides",
]

FOREIGN: Final = "foreign"
REMOTE: Final = "remote"
LOCAL: Final = "local"
PARENT_MAPPER: Final = "parentmapper"

AnyColumn: TypeAlias = ColumnElement[Any]
Test: TypeAlias = Callable[[AnyColumn], bool]

_E = TypeVar("_E", bound=ColumnElement[Any])
_T = TypeVar("_T")


# what users write


def foreign(expr: _T) -> _T:
    """Mark the columns of part of a ``primaryjoin`` as foreign key columns.

    Arguments:
        expr: a column, a mapped attribute, or an expression of them.

    Returns:
        The expression, its columns marked.
    """
    return _mark_columns(expr, FOREIGN)


def remote(expr: _T) -> _T:
    """Mark the columns of part of a ``primaryjoin`` as those of the related class.

    Arguments:
        expr: a column, a mapped attribute, or an expression of them.

    Returns:
        The expression, its columns marked.
    """
    return _mark_columns(expr, REMOTE)


def _mark_columns(expr: _T, name: str) -> _T:
    """Annotate every column in what the user gave."""
    expression = coerce_column_argument(expr)
    marked: Any = _annotate_where(
        expression, lambda element: isinstance(element, ColumnClause), {name: True}
    )
    # a mapped attribute becomes the column it stands for, which users of it don't see
    return marked  # type: ignore[no-any-return]


# reading marks


def has_mark(expression: AnyColumn | None, name: str) -> bool:
    """Whether any element of an expression carries an annotation."""
    return expression is not None and any(
        name in annotations_of(element) for element in visitors.iterate(expression)
    )


def marked(expression: AnyColumn | None, *names: str) -> Iterator[AnyColumn]:
    """The elements of an expression that carry all of these annotations, marks and all.

    Arguments:
        expression: a join condition; there are none in None.
        names: the annotations that an element must have.
    """
    wanted = set(names)
    for element in () if expression is None else visitors.iterate(expression):
        if isinstance(element, ColumnElement) and (
            annotations_of(element).keys() >= wanted
        ):
            yield element


def gather(expression: AnyColumn | None, *names: str) -> set[AnyColumn]:
    """The columns of an expression that carry all of these annotations, plain."""
    return {deannotated(element) for element in marked(expression, *names)}


# changing expressions


def _annotate_where(expression: _E, test: Test, annotations: dict[str, Any]) -> _E:
    """Annotate the column elements that pass a test."""

    def replace(element: Any) -> Any:
        if isinstance(element, ColumnElement) and test(element):
            return with_annotations(element, **annotations)
        return None

    return replaced(expression, replace)


def _change_operands(
    expression: _E,
    change: Callable[[AnyColumn, AnyColumn], tuple[AnyColumn, AnyColumn]],
) -> _E:
    """Replace both operands of each comparison by what a function makes of them."""

    def visit(binary: BinaryExpression[Any]) -> None:
        binary.left, binary.right = change(binary.left, binary.right)

    return with_binaries_changed(expression, visit)


def _mark(element: _E, name: str) -> _E:
    """The element with one more mark."""
    return with_annotations(element, **{name: True})


# foreign


def mark_foreign(expression: _E, columns: AbstractSet[AnyColumn]) -> _E:
    """Mark the columns that the relationship names as its foreign keys."""
    return _annotate_where(
        expression, lambda element: element in columns, {FOREIGN: True}
    )


def mark_foreign_by_keys(expression: _E, secondary: FromClause | None) -> _E:
    """Mark the columns that are foreign keys of those they are compared with.

    Arguments:
        expression: the join condition.
        secondary: the secondary table; where no foreign key tells the sides of a
            comparison apart, its columns are the ones that refer.
    """
    in_secondary = util.column_set(() if secondary is None else secondary.c)

    def change(left: AnyColumn, right: AnyColumn) -> tuple[AnyColumn, AnyColumn]:
        if FOREIGN in annotations_of(left) or FOREIGN in annotations_of(right):
            return left, right
        if _refers(left, right, in_secondary):
            return _mark(left, FOREIGN), right
        if _refers(right, left, in_secondary):
            return left, _mark(right, FOREIGN)
        return left, right

    return _change_operands(expression, change)


def _refers(
    column: AnyColumn, other: AnyColumn, in_secondary: AbstractSet[AnyColumn]
) -> bool:
    """Whether a column is, or must be taken for, a foreign key of another."""
    if isinstance(column, Column) and isinstance(other, Column):
        if column.references(other):
            return True
        if other.references(column):
            return False
    return column in in_secondary and other not in in_secondary


# remote


def is_self_referring(
    expression: AnyColumn, parent: FromClause, child: FromClause
) -> bool:
    """Whether some comparison is of two columns that both sides contain."""

    def shared(column: AnyColumn) -> bool:
        return (
            isinstance(column, ColumnClause)
            and column.table is not None
            and parent.is_derived_from(column.table)
            and child.is_derived_from(column.table)
        )

    return any(
        shared(binary.left) and shared(binary.right)
        for binary in binaries_of(expression)
    )


def mark_remote(expression: _E, columns: Collection[AnyColumn]) -> _E:
    """Mark these columns as remote, wherever they are."""
    named = util.column_set(columns)
    return _annotate_where(expression, lambda element: element in named, {REMOTE: True})


def mark_remote_in_child(
    expression: _E,
    child: FromClause,
    *,
    parent_local: FromClause,
    child_local: FromClause,
) -> _E:
    """Mark the columns of the related class, for tables that have nothing in common.

    Arguments:
        expression: the join condition.
        child: all that the related class is mapped to.
        parent_local: the parent class's own table, whose columns are not remote
        child_local: unless they are in the related class's own table too.
    """

    def test(element: AnyColumn) -> bool:
        return _contains(child, element) and (
            not _contains(parent_local, element) or _contains(child_local, element)
        )

    return _annotate_where(expression, test, {REMOTE: True})


def mark_remote_self_referring(
    expression: _E, test: Test, warn: Callable[[], None] | None
) -> _E:
    """Mark the remote side of comparisons within one table.

    Arguments:
        expression: the join condition.
        test: tells which columns are remote.
        warn: called for a comparison that is not of two columns.
    """

    def change(left: AnyColumn, right: AnyColumn) -> tuple[AnyColumn, AnyColumn]:
        if not isinstance(left, ColumnClause) or not isinstance(right, ColumnClause):
            if warn is not None:
                warn()
            return left, right
        # a column compared with itself is remote on one side only
        equated = left.compare(right)
        new_left = _mark(left, REMOTE) if test(left) else left
        new_right = _mark(right, REMOTE) if test(right) and not equated else right
        return new_left, new_right

    return _change_operands(expression, change)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two classes whose tables overlap, as those of joined inheritance do.

    ``child_mapper`` is None when the relationship's ends can't be told apart by mapper.
    """

    parent: FromClause
    child: FromClause
    child_mapper: object | None


def mark_remote_by_overlap(
    expression: _E, overlap: Overlap, warn: Callable[[], None]
) -> _E:
    """Mark the remote columns where both sides share some table.

    Arguments:
        expression: the join condition.
        overlap: the two sides.
        warn: called for a comparison whose sides can't be told apart.
    """

    def one(left: AnyColumn, right: AnyColumn) -> tuple[AnyColumn, AnyColumn]:
        if isinstance(left, ColumnClause) and isinstance(right, ColumnClause):
            if _contains(overlap.child, right) and _contains(overlap.parent, left):
                right = _mark(right, REMOTE)
        elif _belongs(right, overlap.child_mapper):
            right = _mark(right, REMOTE)
        elif _belongs(left, overlap.child_mapper):
            left = _mark(left, REMOTE)
        else:
            warn()
        return left, right

    def change(left: AnyColumn, right: AnyColumn) -> tuple[AnyColumn, AnyColumn]:
        left, right = one(left, right)
        right, left = one(right, left)
        return left, right

    return _change_operands(expression, change)


def _contains(selectable: FromClause, column: AnyColumn) -> bool:
    """Whether a column is one of a selectable's own."""
    return selectable.c.contains_column(column)


def _belongs(element: AnyColumn, mapper: object | None) -> bool:
    """Whether an element is annotated as an attribute of a mapper."""
    return mapper is not None and annotations_of(element).get(PARENT_MAPPER) is mapper


# local, and both


def mark_local(expression: _E, columns: Collection[AnyColumn]) -> _E:
    """Mark as local those of the columns that are not remote."""
    named = util.column_set(columns)
    return _annotate_where(
        expression,
        lambda element: REMOTE not in annotations_of(element) and element in named,
        {LOCAL: True},
    )


def mark_mappers(expression: _E, parent_mapper: object, child_mapper: object) -> _E:
    """Note with each remote and each local column the mapper on its side."""

    def replace(element: Any) -> Any:
        marks = annotations_of(element)
        if REMOTE in marks:
            return with_annotations(element, **{PARENT_MAPPER: child_mapper})
        if LOCAL in marks:
            return with_annotations(element, **{PARENT_MAPPER: parent_mapper})
        return None

    return replaced(expression, replace)


def swap_sides(expression: _E) -> _E:
    """Make the remote columns local and the local ones remote."""

    def replace(element: Any) -> Any:
        marks = dict(annotations_of(element))
        if marks.pop(REMOTE, False):
            return with_exact_annotations(element, {**marks, LOCAL: True})
        if marks.pop(LOCAL, False):
            return with_exact_annotations(element, {**marks, REMOTE: True})
        return None

    return replaced(expression, replace)
