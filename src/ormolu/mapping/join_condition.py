"""How the tables of two related classes are joined.

A :class:`JoinCondition` takes the tables of both ends of a relationship and whatever its
user said of the join, and works out the rest: the join expressions with every column
marked foreign, remote or local; the direction; the pairs of columns that are equal
across the join; and from which column to which a flush copies values.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sqlalchemy import exc, util
from sqlalchemy.sql import operators

from ormolu._core.joins import (
    annotations_of,
    column_pairs,
    deannotated,
    deep_deannotate,
    same_affinity,
    selectables_overlap,
)
from ormolu.mapping.annotations import (
    FOREIGN,
    LOCAL,
    REMOTE,
    AnyColumn,
    Overlap,
    gather,
    has_mark,
    is_self_referring,
    mark_foreign,
    mark_foreign_by_keys,
    mark_local,
    mark_mappers,
    mark_remote,
    mark_remote_by_overlap,
    mark_remote_in_child,
    mark_remote_self_referring,
    marked,
    swap_sides,
)
from ormolu.mapping.direction import (
    MANYTOMANY,
    RelationshipDirection,
    determine_direction,
)
from ormolu.mapping.join_checks import check_foreign, check_sides, warn_not_simple
from ormolu.mapping.join_keys import compared_keys
from ormolu.mapping.join_search import JoinSearch, TableEnd
from ormolu.mapping.join_targets import (
    Equivalents,
    JoinTargets,
    LazyClause,
    lazy_clause,
    targets_of,
)

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import FromClause

__all__ = ["ColumnPairs", "JoinCondition", "JoinedProperty"]

ColumnPairs: TypeAlias = "list[tuple[AnyColumn, AnyColumn]]"


class JoinedProperty(Protocol):
    """What a join condition needs of the relationship it is for.

    ``str()`` of it names it in messages.
    """

    @property
    def parent(self) -> Any:
        """The mapper of the class that has the relationship."""

    @property
    def mapper(self) -> Any:
        """The mapper of the related class."""


class JoinCondition:
    """The join between the two ends of a relationship.

    Arguments:
        parent_persist_selectable: all tables of the class with the relationship.
        child_persist_selectable: all tables of the related class.
        parent_local_selectable: the former class's own table.
        child_local_selectable: the latter class's own table.
        primaryjoin: the join from the parent to the child, or to ``secondary``;
            found from foreign keys when None.
        secondary: the table between the two, of a many-to-many relationship.
        secondaryjoin: the join from ``secondary`` to the child.
        parent_equivalents: columns of the parent that are equal by inheritance.
        child_equivalents: the same of the child.
        consider_as_foreign_keys: the ``foreign_keys`` of the relationship.
        local_remote_pairs: the ``_local_remote_pairs`` of the relationship.
        remote_side: the ``remote_side`` of the relationship.
        self_referential: whether both ends are mapped to the same table.
        prop: the relationship.
        support_sync: whether a flush must be able to copy values across the join;
            false for ``viewonly``.
        can_be_synced_fn: tells whether columns are mapped, so that a flush can
            copy them.

    Raises:
        ArgumentError: when there is no join to be found, or no way to tell its
            sides, its foreign columns or its direction; ``NoForeignKeysError`` and
            ``AmbiguousForeignKeysError`` are such errors.
    """

    primaryjoin: AnyColumn
    secondaryjoin: AnyColumn | None
    direction: RelationshipDirection
    local_remote_pairs: ColumnPairs
    """Columns that the join compares: the local one, the remote one."""
    synchronize_pairs: ColumnPairs
    """What a flush copies: from the column referred to, to the foreign one."""
    secondary_synchronize_pairs: ColumnPairs
    """The same from the related class to the secondary table."""

    def __init__(
        self,
        parent_persist_selectable: FromClause,
        child_persist_selectable: FromClause,
        parent_local_selectable: FromClause,
        child_local_selectable: FromClause,
        *,
        primaryjoin: AnyColumn | None = None,
        secondary: FromClause | None = None,
        secondaryjoin: AnyColumn | None = None,
        parent_equivalents: Equivalents | None = None,
        child_equivalents: Equivalents | None = None,
        consider_as_foreign_keys: Collection[AnyColumn] | None = None,
        local_remote_pairs: Sequence[tuple[AnyColumn, AnyColumn]] | None = None,
        remote_side: Collection[AnyColumn] | None = None,
        self_referential: bool = False,
        prop: JoinedProperty | None = None,
        support_sync: bool = True,
        can_be_synced_fn: Callable[..., bool] = lambda *columns: True,
    ) -> None:
        self.parent_persist_selectable = parent_persist_selectable
        self.child_persist_selectable = child_persist_selectable
        self.parent_local_selectable = parent_local_selectable
        self.child_local_selectable = child_local_selectable
        self.secondary = secondary
        self.parent_equivalents = (
            {} if parent_equivalents is None else parent_equivalents
        )
        self.child_equivalents = {} if child_equivalents is None else child_equivalents
        self.consider_as_foreign_keys = util.column_set(consider_as_foreign_keys or ())
        self.self_referential = self_referential
        self.prop = prop
        self.support_sync = support_sync
        self.can_be_synced_fn = can_be_synced_fn
        self._given_pairs = list(local_remote_pairs or ())
        self._given_remote_side = list(remote_side or ())
        self._find_joins(primaryjoin, secondaryjoin)
        self._mark_foreign()
        self._mark_remote()
        self._mark_local()
        self._collect_pairs()
        self._check_foreign()
        self.direction = self._find_direction()
        check_sides(
            self.local_remote_pairs,
            parent_persist_selectable,
            child_persist_selectable,
            prop,
        )

    # the joins

    def _find_joins(
        self, primaryjoin: AnyColumn | None, secondaryjoin: AnyColumn | None
    ) -> None:
        """Complete the joins given, and note what their user marked in them."""
        search = JoinSearch(
            TableEnd(self.parent_persist_selectable, self.parent_local_selectable),
            TableEnd(self.child_persist_selectable, self.child_local_selectable),
            self.secondary,
            self.consider_as_foreign_keys,
            self.prop,
        )
        self.primaryjoin, self.secondaryjoin = search.complete(
            primaryjoin, secondaryjoin
        )
        self._foreign_marked_by_user = has_mark(self.primaryjoin, FOREIGN)
        self._remote_marked_by_user = has_mark(self.primaryjoin, REMOTE)

    def _change_joins(self, change: Callable[[AnyColumn], AnyColumn]) -> None:
        """Replace both joins by what a function makes of them."""
        self.primaryjoin = change(self.primaryjoin)
        if self.secondaryjoin is not None:
            self.secondaryjoin = change(self.secondaryjoin)

    # the marks

    def _mark_foreign(self) -> None:
        """Mark foreign key columns, unless the user did so."""
        if self._foreign_marked_by_user:
            return
        columns = self.consider_as_foreign_keys
        if columns:
            self._change_joins(lambda join: mark_foreign(join, columns))
        else:
            self._change_joins(lambda join: mark_foreign_by_keys(join, self.secondary))

    def _mark_remote(self) -> None:
        """Mark the columns of the far side, unless the user did so."""
        if self._remote_marked_by_user:
            return
        if self.secondary is not None:
            columns = list(self.secondary.c)
            self._change_joins(lambda join: mark_remote(join, columns))
        elif self._given_pairs or self._given_remote_side:
            self.primaryjoin = self._with_remote_given()
        else:
            self.primaryjoin = self._with_remote_found()

    def _with_remote_given(self) -> AnyColumn:
        """Mark as remote the columns that the relationship names."""
        if self._given_pairs and self._given_remote_side:
            raise exc.ArgumentError(
                "remote_side argument is redundant against more detailed "
                "_local_remote_side argument."
            )
        columns = util.column_set(
            self._given_remote_side or [remote for _, remote in self._given_pairs]
        )
        if self._is_self_referring():
            return mark_remote_self_referring(
                self.primaryjoin, lambda column: column in columns, None
            )
        return mark_remote(self.primaryjoin, columns)

    def _with_remote_found(self) -> AnyColumn:
        """Mark as remote what the tables tell."""
        parent, child = self.parent_persist_selectable, self.child_persist_selectable
        if self._is_self_referring():
            return mark_remote_self_referring(
                self.primaryjoin,
                lambda column: FOREIGN in annotations_of(column),
                lambda: warn_not_simple(self.prop),
            )
        if selectables_overlap(parent, child):
            return mark_remote_by_overlap(
                self.primaryjoin,
                Overlap(parent, child, self._distinct_child_mapper()),
                lambda: warn_not_simple(self.prop),
            )
        return mark_remote_in_child(
            self.primaryjoin,
            child,
            parent_local=self.parent_local_selectable,
            child_local=self.child_local_selectable,
        )

    def _is_self_referring(self) -> bool:
        """Whether the join compares columns that both ends have."""
        return is_self_referring(
            self.primaryjoin,
            self.parent_persist_selectable,
            self.child_persist_selectable,
        )

    def _distinct_child_mapper(self) -> object | None:
        """The mapper of the related class, when it is another one than the parent's."""
        prop = self.prop
        if prop is None or prop.mapper is prop.parent:
            return None
        mapper: object = prop.mapper
        return mapper

    def _mark_local(self) -> None:
        """Mark the columns of the near side, and note the mappers of both."""
        if not has_mark(self.primaryjoin, LOCAL):
            columns: Iterable[AnyColumn] = self.parent_persist_selectable.c
            if self._given_pairs:
                columns = [local for local, _ in self._given_pairs]
            self.primaryjoin = mark_local(self.primaryjoin, list(columns))
        if self.prop is not None:
            self.primaryjoin = mark_mappers(
                self.primaryjoin, self.prop.parent, self.prop.mapper
            )

    # the columns

    def _collect_pairs(self) -> None:
        """Find which columns the joins compare, and which a flush can copy."""
        sides: dict[tuple[AnyColumn, AnyColumn], None] = {}
        self.synchronize_pairs = self._pairs_of(self.primaryjoin, sides)
        self.secondary_synchronize_pairs = (
            []
            if self.secondaryjoin is None
            else self._pairs_of(self.secondaryjoin, sides)
        )
        self.local_remote_pairs = list(sides)

    def _pairs_of(
        self, join: AnyColumn, sides: dict[tuple[AnyColumn, AnyColumn], None]
    ) -> ColumnPairs:
        """The pairs of one join that can be copied; note its local and remote pairs."""
        copied: ColumnPairs = []
        for comparison, left, right in column_pairs(join):
            on_left, on_right = annotations_of(left), annotations_of(right)
            plain_left, plain_right = deannotated(left), deannotated(right)
            if REMOTE in on_right and REMOTE not in on_left:
                if self.can_be_synced_fn(left):
                    sides[plain_left, plain_right] = None
            elif REMOTE in on_left and REMOTE not in on_right:
                if self.can_be_synced_fn(right):
                    sides[plain_right, plain_left] = None
            if comparison.operator is not operators.eq:
                continue
            if not self.can_be_synced_fn(left, right):
                continue
            if FOREIGN in on_right:
                copied.append((plain_left, plain_right))
            elif FOREIGN in on_left:
                copied.append((plain_right, plain_left))
        return copied

    @cached_property
    def remote_columns(self) -> set[AnyColumn]:
        """The columns on the far side, those of the secondary table included."""
        return self._gather(REMOTE)

    @cached_property
    def local_columns(self) -> set[AnyColumn]:
        """The columns on the near side."""
        return gather(self.primaryjoin, LOCAL)

    @cached_property
    def foreign_key_columns(self) -> set[AnyColumn]:
        """The columns that refer to others."""
        return self._gather(FOREIGN)

    def _gather(self, name: str) -> set[AnyColumn]:
        """The columns of both joins with a mark."""
        return gather(self.primaryjoin, name) | gather(self.secondaryjoin, name)

    # what follows from them

    def _check_foreign(self) -> None:
        """Raise an error unless both joins have foreign columns of use."""
        parts = [(self.primaryjoin, "primary", self.synchronize_pairs)]
        if self.secondaryjoin is not None:
            parts.append(
                (self.secondaryjoin, "secondary", self.secondary_synchronize_pairs)
            )
        for join, which, copied in parts:
            check_foreign(
                join, which, copied, support_sync=self.support_sync, name=self.prop
            )

    def _find_direction(self) -> RelationshipDirection:
        """Tell the direction of the relationship."""
        if self.secondaryjoin is not None:
            return MANYTOMANY
        remote = gather(self.primaryjoin, REMOTE, FOREIGN)
        # a column that is foreign on both sides counts for where it is first
        first: dict[AnyColumn, AnyColumn] = {}
        for element in marked(self.primaryjoin, FOREIGN):
            first.setdefault(deannotated(element), element)
        local = {
            column
            for column, element in first.items()
            if REMOTE not in annotations_of(element)
        }
        if remote and local:
            # one that is on both sides, foreign or not, tells nothing
            both = self.remote_columns & self.local_columns
            remote, local = remote - both, local - both
        return determine_direction(
            self.parent_persist_selectable,
            self.child_persist_selectable,
            foreign=self.foreign_key_columns,
            remote_foreign=remote,
            local_foreign=local,
            name=self.prop,
        )

    @cached_property
    def secondary_can_be_used_for_related_join(self) -> bool:
        """Whether the secondary table alone tells which parent a row belongs to.

        So it is when the primary join only compares the whole primary key of the
        parent with foreign columns of the secondary table.  A statement that loads children
        for many parents can then leave the parent's table out.
        """
        if self.secondary is None:
            return False
        secondary = util.column_set(self.secondary.c)

        def test(_: AnyColumn, other: AnyColumn) -> bool:
            return other in secondary and FOREIGN in annotations_of(other)

        keys = {column: column for column in self._local_primary_key()}
        found = compared_keys(self.primaryjoin, keys, test)
        return found is not None and set(found) == set(keys)

    def _local_primary_key(self) -> set[AnyColumn]:
        """The parent's primary key, by the columns of its own table."""
        local = self.parent_local_selectable
        if self.prop is None:
            return set(local.primary_key)
        found: set[AnyColumn] = set()
        for column in self.prop.parent.primary_key:
            equals = {column, *self.parent_equivalents.get(column, ())}
            found |= {c for c in equals if local.c.contains_column(c)} or {column}
        return found

    def compares_only(self, primary_key: Collection[AnyColumn]) -> bool:
        """Whether the join finds an object of the related class by its key alone.

        Then the object may be taken from the identity map instead.

        Arguments:
            primary_key: the primary key of the related class.
        """
        keys = {
            equal: key
            for key in primary_key
            for equal in (key, *self.child_equivalents.get(key, ()))
        }

        def test(key: AnyColumn, other: AnyColumn) -> bool:
            return (
                REMOTE in annotations_of(key)
                and LOCAL in annotations_of(other)
                and same_affinity(key, other)
            )

        found = compared_keys(self.primaryjoin, keys, test)
        return (
            self.secondary is None
            and found is not None
            and len(found) == len(primary_key)
            and set(found) == set(primary_key)
        )

    # variants of the joins

    @cached_property
    def deannotated_primaryjoin(self) -> AnyColumn:
        """The primary join without any marks."""
        return deep_deannotate(self.primaryjoin)

    @cached_property
    def deannotated_secondaryjoin(self) -> AnyColumn | None:
        """The secondary join without any marks."""
        return deep_deannotate(self.secondaryjoin)

    @property
    def primaryjoin_minus_local(self) -> AnyColumn:
        """The primary join without marks of its sides, for the opposite end."""
        return deep_deannotate(self.primaryjoin, values=(LOCAL, REMOTE))

    @property
    def secondaryjoin_minus_local(self) -> AnyColumn | None:
        """The secondary join without marks of its sides, for the opposite end."""
        return deep_deannotate(self.secondaryjoin, values=(LOCAL, REMOTE))

    @property
    def primaryjoin_reverse_remote(self) -> AnyColumn:
        """The primary join for the opposite end, with what the user marked.

        Sides that the user marked are swapped.  What was found is left out, for the
        opposite end to find its own.
        """
        if self._remote_marked_by_user:
            return swap_sides(self.primaryjoin)
        if self._foreign_marked_by_user:
            return self.primaryjoin_minus_local
        return self.deannotated_primaryjoin

    # use in statements

    def create_lazy_clause(self, reverse_direction: bool = False) -> LazyClause:
        """The criterion that loads the far side for one object of the near side.

        Arguments:
            reverse_direction: load the near side for an object of the far side.

        Returns:
            The criterion, the columns that its parameters stand for, by the
            parameters' keys, and for each remote column the local one that it equals.
        """
        return lazy_clause(
            self.primaryjoin,
            self.secondaryjoin,
            self.local_remote_pairs,
            reverse_direction=reverse_direction,
        )

    def join_targets(
        self,
        source_selectable: FromClause | None,
        dest_selectable: FromClause,
        aliased: bool,
        single_crit: AnyColumn | None = None,
        extra_criteria: Sequence[AnyColumn] = (),
    ) -> JoinTargets:
        """The expressions that join two selectables which stand for the two ends.

        Arguments:
            source_selectable: what stands for the parent; None for its own tables.
            dest_selectable: what stands for the child.
            aliased: whether either is something else than the mapped tables.
            single_crit: the criterion of single-table inheritance of the child.
            extra_criteria: more criteria for the join to the child.

        Returns:
            The primary join, the secondary join, the secondary table, what adapts
            expressions to the child, and the child.
        """
        return targets_of(
            self,
            source_selectable,
            dest_selectable,
            aliased=aliased,
            criteria=() if single_crit is None else (single_crit,),
            extra_criteria=extra_criteria,
        )
