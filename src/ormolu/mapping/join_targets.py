"""Join conditions as statements need them.

A statement joins aliases and subqueries where the join condition has tables
(:func:`targets_of`), or loads one side for a given object of the other, with parameters
in place of that object's columns (:func:`lazy_clause`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from sqlalchemy import and_, bindparam

from ormolu._core.joins import (
    ClauseAdapter,
    annotations_of,
    anonymous_alias,
    deannotated,
    deep_annotate,
    replaced,
    safe_annotate,
    shallow_annotate,
)
from ormolu.mapping.annotations import LOCAL, PARENT_MAPPER, REMOTE, AnyColumn

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import BindParameter
    from sqlalchemy.sql.selectable import FromClause

__all__ = [
    "Equivalents",
    "JoinTargets",
    "LazyClause",
    "lazy_clause",
    "targets_of",
]

Equivalents: TypeAlias = "dict[AnyColumn, set[AnyColumn]]"

_UNRELATED = "ormolu_unrelated"
"""Marks a column of an extra criterion that is of neither end of the relationship."""


class LazyClause(NamedTuple):
    """A criterion that loads one side of a relationship."""

    criterion: AnyColumn
    bind_to_column: dict[str, AnyColumn]
    """The columns whose values the parameters take, by the parameters' keys."""
    equated_columns: dict[AnyColumn, AnyColumn]
    """For each column that is loaded by, the one that it equals."""


def lazy_clause(
    primaryjoin: AnyColumn,
    secondaryjoin: AnyColumn | None,
    local_remote_pairs: Sequence[tuple[AnyColumn, AnyColumn]],
    *,
    reverse_direction: bool,
) -> LazyClause:
    """Put parameters in place of the columns of one side of a join.

    Arguments:
        primaryjoin: the join from the near side.
        secondaryjoin: the join from a secondary table to the far side.
        local_remote_pairs: the columns that the joins compare.
        reverse_direction: replace the far side instead of the near one.
    """
    near = {local for local, _ in local_remote_pairs}

    def is_given(element: AnyColumn) -> bool:
        if not reverse_direction:
            return LOCAL in annotations_of(element)
        if secondaryjoin is None:
            return REMOTE in annotations_of(element)
        return element in near

    parameters = _Parameters(is_given)
    if secondaryjoin is None:
        criterion = replaced(primaryjoin, parameters)
    elif reverse_direction:
        criterion = and_(primaryjoin, replaced(secondaryjoin, parameters))
    else:
        criterion = and_(replaced(primaryjoin, parameters), secondaryjoin)
    pairs = local_remote_pairs
    if reverse_direction and secondaryjoin is None:
        pairs = [(remote, local) for local, remote in pairs]
    return LazyClause(
        criterion,
        {parameter.key: column for column, parameter in parameters.made.items()},
        {target: source for source, target in pairs},
    )


class _Parameters:
    """Gives a parameter for each column that passes a test, one a column."""

    def __init__(self, test: Callable[[AnyColumn], bool]) -> None:
        self._test = test
        self.made: dict[AnyColumn, BindParameter[Any]] = {}

    def __call__(self, element: Any) -> BindParameter[Any] | None:
        """The parameter for an element of an expression, None to leave it."""
        if not self._test(element):
            return None
        column = deannotated(element)
        if column not in self.made:
            self.made[column] = bindparam(None, None, type_=column.type, unique=True)
        return self.made[column]


class JoinTargets(NamedTuple):
    """A join condition for certain selectables."""

    primaryjoin: AnyColumn
    secondaryjoin: AnyColumn | None
    secondary: FromClause | None
    target_adapter: ClauseAdapter | None
    """Adapts expressions of the child to its selectable; None when it is its tables."""
    dest_selectable: FromClause


class Joined(Protocol):
    """What the targets are derived from: a ``JoinCondition``."""

    primaryjoin: AnyColumn
    secondaryjoin: AnyColumn | None
    secondary: FromClause | None
    parent_equivalents: Equivalents
    child_equivalents: Equivalents
    prop: Any


def targets_of(
    join: Joined,
    source: FromClause | None,
    dest: FromClause,
    *,
    aliased: bool,
    criteria: Sequence[AnyColumn],
    extra_criteria: Sequence[AnyColumn],
) -> JoinTargets:
    """The expressions that join two selectables which stand for the two ends.

    Arguments:
        join: the join condition.
        source: what stands for the parent; None for its own tables.
        dest: what stands for the child.
        aliased: whether either is something else than the mapped tables.
        criteria: criteria of the child, adapted with the rest.
        extra_criteria: criteria that may also be of other entities, left alone.
    """
    # the destination is final, nothing in it is to be adapted again
    dest = shallow_annotate(dest, {"no_replacement_traverse": True})
    primary, secondary_join = join.primaryjoin, join.secondaryjoin
    unrelated = [_mark_unrelated(join, criterion) for criterion in extra_criteria]
    for criterion in (*criteria, *unrelated):
        if secondary_join is None:
            primary = primary & criterion
        else:
            secondary_join = secondary_join & criterion
    if not aliased:
        return JoinTargets(primary, secondary_join, join.secondary, None, dest)
    if secondary_join is None or join.secondary is None:
        return _adapted(join, source, dest, primary)
    return _adapted_secondary(
        join, source, dest, primary, secondary_join, join.secondary
    )


def _excluding(name: str) -> Callable[[Any], bool]:
    """A test for elements that an adapter passes by: of one side, or unrelated."""

    def exclude(element: Any) -> bool:
        marks = annotations_of(element)
        return name in marks or _UNRELATED in marks

    return exclude


def _adapted(
    join: Joined, source: FromClause | None, dest: FromClause, primary: AnyColumn
) -> JoinTargets:
    """Adapt a join without a secondary table."""

    def adapter(exclude: Callable[[Any], bool] | None) -> ClauseAdapter:
        to_dest = ClauseAdapter(
            dest, exclude_fn=exclude, equivalents=join.child_equivalents
        )
        if source is not None:
            to_dest.chain(
                ClauseAdapter(
                    source,
                    exclude_fn=_excluding(REMOTE),
                    equivalents=join.parent_equivalents,
                )
            )
        return to_dest

    return JoinTargets(
        adapter(_excluding(LOCAL)).traverse(primary), None, None, adapter(None), dest
    )


def _adapted_secondary(
    join: Joined,
    source: FromClause | None,
    dest: FromClause,
    primary: AnyColumn,
    secondary_join: AnyColumn,
    table: FromClause,
) -> JoinTargets:
    """Adapt a join over a secondary table, which gets an alias of its own."""
    secondary = anonymous_alias(table)
    to_dest = ClauseAdapter(dest, equivalents=join.child_equivalents).chain(
        ClauseAdapter(secondary, exclude_fn=_excluding(LOCAL))
    )
    to_source = ClauseAdapter(secondary, exclude_fn=_excluding(LOCAL))
    if source is not None:
        to_source.chain(ClauseAdapter(source, equivalents=join.parent_equivalents))
    return JoinTargets(
        to_source.traverse(primary),
        to_dest.traverse(secondary_join),
        secondary,
        to_dest,
        dest,
    )


def _mark_unrelated(join: Joined, criterion: AnyColumn) -> AnyColumn:
    """Mark the elements of a criterion that are of neither end of the join.

    A subclass of the related class is of the related end: its columns may be in the
    selectable that is joined.  One of the parent's is not, since what stands for the
    parent need not have its columns.
    """
    parent, child = join.prop.parent, join.prop.mapper
    table = join.secondary

    def mark(element: Any, annotations: Any) -> Any:
        mapper = annotations_of(element).get(PARENT_MAPPER)
        mapper = getattr(mapper, "mapper", mapper)  # an alias has one, too
        if mapper is not None and (mapper is parent or mapper.isa(child)):
            return element
        if table is not None and _derives_from(table, element):
            return element
        return safe_annotate(element, annotations)

    return deep_annotate(criterion, {_UNRELATED: True}, annotate_callable=mark)


def _derives_from(table: FromClause, element: Any) -> bool:
    """Whether an element is one of the columns that a selectable's own are made of."""
    return any(element in column.proxy_set for column in table.c)
