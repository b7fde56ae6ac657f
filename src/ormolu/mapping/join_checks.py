"""What a join condition must have to be of use, and the errors when it does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import exc, util

from ormolu.mapping.annotations import FOREIGN, has_mark

from .._core.warnings import warn

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import FromClause

    from ormolu.mapping.annotations import AnyColumn

__all__ = ["check_foreign", "check_sides", "warn_not_simple"]


def check_foreign(
    join: AnyColumn,
    which: str,
    copied: Sequence[object],
    *,
    support_sync: bool,
    name: object,
) -> None:
    """Raise an error for a join without foreign key columns of use.

    Arguments:
        join: the join.
        which: "primary" or "secondary".
        copied: the pairs of columns of which a flush copies one to the other.
        support_sync: whether there must be any such pair.
        name: the relationship.

    Raises:
        ArgumentError: when there is no foreign column, or none to copy to.
    """
    found = has_mark(join, FOREIGN)
    if copied if support_sync else found:
        return
    ensure = (
        "Ensure that referencing columns are associated with a ForeignKey or "
        "ForeignKeyConstraint, or are annotated in the join condition with the "
        "foreign() annotation."
    )
    if found:
        raise exc.ArgumentError(
            "Could not locate any simple equality expressions involving locally "
            f"mapped foreign key columns for {which} join condition '{join}' on "
            f"relationship {name}.  {ensure} To allow comparison operators other "
            "than '==', the relationship can be marked as viewonly=True."
        )
    raise exc.ArgumentError(
        f"Could not locate any relevant foreign key columns for {which} join "
        f"condition '{join}' on relationship {name}.  {ensure}"
    )


def check_sides(
    pairs: Sequence[tuple[AnyColumn, AnyColumn]],
    parent: FromClause,
    child: FromClause,
    name: object,
) -> None:
    """Raise an error when a join compares nothing, warn of columns on the wrong side.

    Arguments:
        pairs: the local and remote columns that the join compares.
        parent: what the class with the relationship is mapped to.
        child: what the related class is mapped to.
        name: the relationship.

    Raises:
        ArgumentError: when there is no pair.
    """
    if not pairs:
        raise exc.ArgumentError(
            f"Relationship {name} could not determine any unambiguous local/remote "
            "column pairs based on join condition and remote_side arguments.  Consider "
            "using the remote() annotation to accurately mark those elements of the "
            "join condition that are on the remote side of the relationship."
        )
    only_local = util.column_set(parent.c).difference(child.c)
    for _, remote in pairs:
        if remote in only_local:
            warn(
                f"Expression {remote} is marked as 'remote', but these column(s) are "
                "local to the local side.  The remote() annotation is needed only for "
                "a self-referential relationship where both sides of the relationship "
                "refer to the same tables."
            )


def warn_not_simple(name: object) -> None:
    """Warn of a comparison whose remote side can't be told."""
    warn(
        "Non-simple column elements in primary join condition for property "
        f"{name} - consider using remote() annotations to mark the remote side."
    )
