"""``lazy="write_only"``: a collection that is written to, and read by statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import delete, insert, select, update
from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.dml import Delete, Insert, Update
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import Select

from .._core.names import NO_NAMES
from ..mapping.direction import ONETOMANY
from ..mapping.hooks import hooks
from ..mapping.instance_values import value_parameter
from ..mapping.with_parent import criterion_of

_T = TypeVar("_T", bound=Any)


class RelatedRows:
    """The rows that belong to one instance's collection, as parts of a statement.

    Args:
        prop: the relationship.
        instance: the parent.

    Attributes:
        entity: what the collection holds.
        criterion: the WHERE clause; values are read when the statement runs.
        froms: what must be in FROM beside the entity.
        order_by: the configured order.
    """

    __slots__ = ("criterion", "entity", "froms", "order_by", "prop")

    def __init__(self, prop: Any, instance: Any) -> None:
        self.prop = prop
        self.entity = prop.entity
        self.criterion: ColumnElement[bool] = criterion_of(instance, prop)
        self.froms: tuple[Any, ...] = ()
        if prop.secondary is not None:
            # the entity first: filter_by() and join() look at it
            self.froms = (prop.mapper, prop.secondary._annotate(NO_NAMES))
        self.order_by: tuple[Any, ...] = tuple(prop.order_by or ())

    def restrict(self, statement: Select[Any]) -> Select[Any]:
        """A SELECT with the criterion, FROM elements and order added."""
        if self.froms:
            statement = statement.select_from(*self.froms)
        statement = statement.where(self.criterion)
        return statement.order_by(*self.order_by) if self.order_by else statement


class CollectionWriter(Generic[_T]):
    """Takes changes of a collection; they wait for the next flush.

    Attributes:
        attr: the attribute's implementation.
        instance: the parent.
    """

    __slots__ = ()

    attr: Any
    instance: Any

    def add(self, item: _T) -> None:
        """Put an object into the collection."""
        self.attr.append(self.instance, item)

    def add_all(self, iterator: Iterable[_T]) -> None:
        """Put several objects into the collection."""
        for item in iterator:
            self.attr.append(self.instance, item)

    def remove(self, item: _T) -> None:
        """Take an object out of the collection."""
        self.attr.remove(self.instance, item)


class WriteOnlyCollection(CollectionWriter[_T]):
    """What a ``lazy="write_only"`` relationship gives out.

    Changes wait for the next flush; statements address the related rows.

    Source: ``sqlalchemy.orm.WriteOnlyCollection``.
    """

    __slots__ = ("_rows", "attr", "instance")

    def __init__(self, attr: Any, instance: Any) -> None:
        self.attr = attr
        self.instance = instance
        self._rows = RelatedRows(attr.parent_token, instance)

    def __iter__(self) -> NoReturn:
        raise TypeError(
            "WriteOnly collections don't support iteration in-place; to query for "
            "collection items, use the select() method to produce a SQL statement and "
            "execute it with session.scalars()."
        )

    def select(self) -> Select[_T]:
        """SELECT of the objects in the collection."""
        return self._rows.restrict(select(self._rows.entity))

    def insert(self) -> Insert:
        """INSERT of rows that belong to the collection.

        Raises:
            InvalidRequestError: for a many-to-many collection.
        """
        prop = self._rows.prop
        if prop.direction is not ONETOMANY:
            raise sa_exc.InvalidRequestError(
                "Write only bulk INSERT only supported for one-to-many collections; "
                "for many-to-many, use a separate bulk INSERT along with add_all()."
            )
        values = {
            prop.mapper.get_property_by_column(remote).key: value_parameter(
                prop.parent, self.instance, local, local.type, unique=False
            )
            for local, remote in prop.synchronize_pairs
        }
        return insert(self._rows.entity).values(values)

    def update(self) -> Update:
        """UPDATE of the rows in the collection."""
        return update(self._rows.entity).where(self._rows.criterion)

    def delete(self) -> Delete:
        """DELETE of the rows in the collection."""
        return delete(self._rows.entity).where(self._rows.criterion)


hooks.make_write_only = WriteOnlyCollection
