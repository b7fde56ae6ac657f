"""The direction of a relationship: which side of it holds the foreign key."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import exc

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.selectable import FromClause

__all__ = [
    "MANYTOMANY",
    "MANYTOONE",
    "ONETOMANY",
    "RelationshipDirection",
    "determine_direction",
]


class RelationshipDirection(Enum):
    """Which side of a relationship holds the foreign key."""

    ONETOMANY = 1
    """The table of the related class refers to the table of the parent class."""

    MANYTOONE = 2
    """The table of the parent class refers to the table of the related class."""

    MANYTOMANY = 3
    """A secondary table refers to the tables of both classes."""


ONETOMANY: Final = RelationshipDirection.ONETOMANY
MANYTOONE: Final = RelationshipDirection.MANYTOONE
MANYTOMANY: Final = RelationshipDirection.MANYTOMANY


def determine_direction(
    parent: FromClause,
    child: FromClause,
    *,
    foreign: AbstractSet[ColumnElement[Any]],
    remote_foreign: AbstractSet[ColumnElement[Any]],
    local_foreign: AbstractSet[ColumnElement[Any]],
    name: object,
) -> RelationshipDirection:
    """Tell one-to-many from many-to-one by where the foreign key columns are.

    Arguments:
        parent: what the class with the relationship is mapped to.
        child: what the related class is mapped to.
        foreign: the foreign key columns of the join condition.
        remote_foreign: those that are on the remote side somewhere in it.
        local_foreign: those that are on the local side somewhere in it.
        name: the relationship, for messages.

    Raises:
        ArgumentError: when the columns are in neither table, or in both with
            nothing to decide between them.
    """
    in_child = any(child.c.contains_column(column) for column in foreign)
    in_parent = any(parent.c.contains_column(column) for column in foreign)
    if in_child and in_parent:
        return _by_sides(bool(remote_foreign), bool(local_foreign), name)
    if in_child:
        return ONETOMANY
    if in_parent:
        return MANYTOONE
    raise exc.ArgumentError(
        f"Can't determine relationship direction for relationship '{name}' - foreign "
        "key columns are present in neither the parent nor the child's mapped tables"
    )


def _by_sides(has_remote: bool, has_local: bool, name: object) -> RelationshipDirection:
    """Decide by the sides on which the foreign columns were found."""
    if has_remote and not has_local:
        return ONETOMANY
    if has_local and not has_remote:
        return MANYTOONE
    raise exc.ArgumentError(
        f"Can't determine relationship direction for relationship '{name}' - foreign "
        "key columns within the join condition are present in both the parent and "
        "the child's mapped tables.  Ensure that only those columns referring to a "
        "parent column are marked as foreign, either via the foreign() annotation or "
        "via the foreign_keys argument."
    )
