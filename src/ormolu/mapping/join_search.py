"""Finding the joins of a relationship by foreign keys."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import exc

from ormolu._core.joins import join_by_keys

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import FromClause

    from ormolu.mapping.annotations import AnyColumn

__all__ = ["JoinSearch", "TableEnd"]

_ENSURE: Final = (
    "Ensure that referencing columns are associated with a ForeignKey or "
    "ForeignKeyConstraint, or specify"
)
_SPECIFY: Final = (
    "Specify the 'foreign_keys' argument, providing a list of those columns which "
    "should be counted as containing a foreign key reference"
)


@dataclass(frozen=True, slots=True)
class TableEnd:
    """What a class at one end of a relationship is mapped to.

    ``local`` is the class's own table, ``all`` that table joined to those of its base
    classes.
    """

    all: FromClause
    local: FromClause


@dataclass(frozen=True, slots=True)
class JoinSearch:
    """Finds the joins that a relationship's user did not give.

    Arguments:
        parent: the class with the relationship.
        child: the related class.
        secondary: the table between them, if any.
        keys: the only columns to take for foreign keys, if not all are.
        name: the relationship, for messages.
    """

    parent: TableEnd
    child: TableEnd
    secondary: FromClause | None
    keys: AbstractSet[AnyColumn]
    name: object

    def complete(
        self, primaryjoin: AnyColumn | None, secondaryjoin: AnyColumn | None
    ) -> tuple[AnyColumn, AnyColumn | None]:
        """Find those of the joins that are not given.

        Arguments:
            primaryjoin: the join from the parent to the child, or to the secondary
                table.
            secondaryjoin: the join from the secondary table to the child.

        Returns:
            Both joins; the second is None when there is no secondary table.

        Raises:
            ArgumentError: when a secondary join is given and no secondary table.
            NoForeignKeysError: when no foreign key links the tables.
            AmbiguousForeignKeysError: when several do.
        """
        secondary = self.secondary
        if secondaryjoin is not None and secondary is None:
            raise exc.ArgumentError(
                f"Property {self.name} specified with secondary join condition but no "
                "secondary argument"
            )
        try:
            if secondary is not None and secondaryjoin is None:
                secondaryjoin = self._by_keys(self.child, secondary)
            if primaryjoin is None:
                other = self.child.all if secondary is None else secondary
                primaryjoin = self._by_keys(self.parent, other)
        except exc.NoForeignKeysError as error:
            raise exc.NoForeignKeysError(self._no_keys()) from error
        except exc.AmbiguousForeignKeysError as error:
            raise exc.AmbiguousForeignKeysError(self._ambiguous_keys()) from error
        return primaryjoin, secondaryjoin

    def _by_keys(self, end: TableEnd, other: FromClause) -> AnyColumn:
        """Join one end to a table, by the keys of its own table if it has any."""
        keys = self.keys or None
        return join_by_keys(end.all, other, preferred=end.local, keys=keys)

    def _no_keys(self) -> str:
        """The message when there is no foreign key to join by."""
        start = (
            "Could not determine join condition between parent/child tables on "
            f"relationship {self.name} - there are no foreign keys linking these tables"
        )
        if self.secondary is None:
            return f"{start}.  {_ENSURE} a 'primaryjoin' expression."
        return (
            f"{start} via secondary table '{self.secondary}'.  {_ENSURE} "
            "'primaryjoin' and 'secondaryjoin' expressions."
        )

    def _ambiguous_keys(self) -> str:
        """The message when there is more than one foreign key to join by."""
        start = (
            "Could not determine join condition between parent/child tables on "
            f"relationship {self.name} - there are multiple foreign key paths linking "
            "the tables"
        )
        if self.secondary is None:
            return f"{start}.  {_SPECIFY} to the parent table."
        return (
            f"{start} via secondary table '{self.secondary}'.  {_SPECIFY} from the "
            "secondary table to each of the parent and child tables."
        )
