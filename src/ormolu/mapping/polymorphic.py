"""What a mapper and its descendants are selected from together.

Source: the page "Writing SELECT statements for Inheritance Mappings" of SQLAlchemy's
documentation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.selectable import Join, Select
from sqlalchemy.sql.util import ColumnAdapter

from .._core.selectables import tables_within
from .inheritance import MapperInheritance
from .queryable import inspect_entity


class PolymorphicMapper(MapperInheritance):
    """The part of a mapper that selects rows of several classes.

    Attributes:
        with_polymorphic: (classes or "*", selectable or None), or None.
        polymorphic_load: "inline", "selectin" or None.
    """

    with_polymorphic: Any
    polymorphic_load: Any
    _equivalent_columns: Any
    _check_configure: Any
    primary_key: tuple[Any, ...]

    def _set_with_polymorphic(self, spec: Any) -> None:
        """Normalize what the mapping says.

        Raises:
            ArgumentError: for an argument that is none of the forms.
        """
        if spec is None or spec == "*":
            self.with_polymorphic = None if spec is None else ("*", None)
        elif isinstance(spec, (tuple, list)):
            self.with_polymorphic = _normalized(spec)
        else:
            raise sa_exc.ArgumentError(
                "Invalid setting for with_polymorphic: expected '*', a sequence of "
                f"classes, or a tuple of these and a selectable, got {spec!r}"
            )
        if self.with_polymorphic is not None:
            selectable = self.with_polymorphic[1]
            if isinstance(selectable, Select):
                selectable = selectable.alias()
            if selectable is not None:
                selectable = coercions.expect(
                    roles.FromClauseRole, selectable, disable_inspection=True
                )
            self.with_polymorphic = (self.with_polymorphic[0], selectable)

    def _select_polymorphic(self, spec: Any, discriminator: Any) -> None:
        """Set, on a mapper that is made, what its class is selected from.

        Args:
            spec: as ``with_polymorphic`` of the mapping.
            discriminator: the column of it that tells the class of a row.
        """
        self._set_with_polymorphic(spec)
        self._set_polymorphic_on(discriminator)
        self._forget_hierarchy()

    def _join_parents_polymorphic(self) -> None:
        """Be loaded along with the parent where ``polymorphic_load`` says so."""
        if self.polymorphic_load not in ("inline", "selectin", None):
            raise sa_exc.ArgumentError(
                f"unknown argument for polymorphic_load: {self.polymorphic_load!r}"
            )
        if self.polymorphic_load != "inline" or self.inherits is None:
            return
        parent = self.inherits
        present = parent.with_polymorphic
        if present is None:
            parent.with_polymorphic = ((self.class_,), None)
        elif present[0] != "*":
            parent.with_polymorphic = ((*present[0], self.class_), present[1])
        parent._forget_hierarchy()

    # -- mappers and selectables ---------------------------------------------

    def _mappers_from_spec(self, spec: Any, selectable: Any) -> list[Any]:
        """The mappers that a setting names, with those between them and this one.

        Raises:
            InvalidRequestError: for a class that does not inherit from this one.
        """
        if isinstance(spec, type) or getattr(spec, "mapper", None) is not None:
            spec = [spec]
        if spec == "*":
            mappers = list(self.self_and_descendants)
        else:
            named: set[Any] = set()
            for entity in spec or ():
                mapper = inspect_entity(entity).mapper
                if not mapper.isa(self):
                    raise sa_exc.InvalidRequestError(
                        f"{mapper!r} does not inherit from {self!r}"
                    )
                if selectable is None:
                    named.update(mapper.iterate_to_root())
                else:
                    named.add(mapper)
            mappers = [m for m in self.self_and_descendants if m in named]
        if selectable is not None:
            tables = tables_within(selectable)
            mappers = [m for m in mappers if m.local_table in tables]
        return mappers

    def _selectable_from_mappers(self, mappers: Iterable[Any], innerjoin: bool) -> Any:
        """The mapper's tables joined to those of some descendants."""
        found = self.persist_selectable
        for mapper in mappers:
            if mapper is self:
                continue
            if mapper.concrete:
                raise sa_exc.InvalidRequestError(
                    "'with_polymorphic()' requires 'selectable' argument when "
                    "concrete-inheriting mappers are used."
                )
            if not mapper.single:
                found = Join(
                    found,
                    mapper.local_table,
                    mapper.inherit_condition,
                    isouter=not innerjoin,
                )
        return found

    @property
    def with_polymorphic_mappers(self) -> Sequence[Any]:
        """The mappers whose columns every SELECT of the class brings along."""
        self._check_configure()
        return self._with_polymorphic_mappers

    @property
    def _with_polymorphic_mappers(self) -> list[Any]:
        found: list[Any] | None = self.__dict__.get("_polymorphic_mappers_memo")
        if found is None:
            found = []
            if self.with_polymorphic:
                found = self._mappers_from_spec(*self.with_polymorphic)
            self.__dict__["_polymorphic_mappers_memo"] = found
        return found

    @property
    def _with_polymorphic_selectable(self) -> Any:
        if not self.with_polymorphic:
            return self.persist_selectable
        found = self.__dict__.get("_polymorphic_selectable_memo")
        if found is None:
            selectable = self.with_polymorphic[1]
            found = (
                self._selectable_from_mappers(self._with_polymorphic_mappers, False)
                if selectable is None
                else selectable
            )
            self.__dict__["_polymorphic_selectable_memo"] = found
        return found

    @property
    def _polymorphic_adapter(self) -> Any:
        """Finds the mapper's columns in the selectable that stands for its tables.

        None where the mapper is selected from its own tables.
        """
        if not self.with_polymorphic or self.with_polymorphic[1] is None:
            return None
        found = self.__dict__.get("_polymorphic_adapter_memo")
        if found is None:
            found = self.__dict__["_polymorphic_adapter_memo"] = ColumnAdapter(
                self.with_polymorphic[1], equivalents=self._equivalent_columns
            )
        return found

    def _with_polymorphic_args(
        self, spec: Any = None, selectable: Any = False, innerjoin: bool = False
    ) -> tuple[list[Any], Any]:
        """The mappers and the selectable of ``with_polymorphic()``.

        Args:
            selectable: False for that of the mapping, None for joins.
        """
        if selectable not in (None, False):
            selectable = coercions.expect(
                roles.FromClauseRole, selectable, allow_select=True
            )
            if isinstance(selectable, Select):
                selectable = selectable.subquery()
        if self.with_polymorphic:
            if not spec:
                spec = self.with_polymorphic[0]
            if selectable is False:
                selectable = self.with_polymorphic[1]
        elif selectable is False:
            selectable = None
        mappers = self._mappers_from_spec(spec, selectable)
        if selectable is not None:
            return mappers, selectable
        return mappers, self._selectable_from_mappers(mappers, innerjoin)

    def _key_column(self, column: Any) -> Any:
        """The primary key column that is always equal to a column; else the column."""
        key = self.primary_key
        if column in key or not self._equivalent_columns:
            return column
        passed, waiting = {column}, [column]
        while waiting:
            for other in self._equivalent_columns.get(waiting.pop(), ()):
                if other in key:
                    return other
                if other not in passed:
                    passed.add(other)
                    waiting.append(other)
        return column

    # -- properties and criteria -----------------------------------------------

    def _properties_with(self, mappers: Iterable[Any]) -> list[Any]:
        """The properties of the mapper, then those that some descendants add."""
        found: dict[Any, None] = dict.fromkeys(self._props.values())
        for mapper in mappers:
            for prop in mapper._props.values():
                if self._is_other_discriminator(prop, mapper):
                    continue
                found.setdefault(prop)
        return list(found)

    def _is_other_discriminator(self, prop: Any, mapper: Any) -> bool:
        """Whether a property only tells the class of rows of another selectable."""
        return (
            mapper is not self
            and getattr(prop, "instrument", True) is False
            and prop.key == mapper._polymorphic_key
            and (
                self.polymorphic_on is None
                or prop.columns[0] is not self.polymorphic_on
            )
        )

    def _single_table_criterion(self, entity: Any = None) -> Any:
        """What tells the rows of the class from others in a table that they share.

        None where the class does not share the table of a parent, or no discriminator
        is known.
        """
        if not self.single or self.inherits is None or self.polymorphic_on is None:
            return None
        return self._identity_criterion(self.self_and_descendants)

    def _identity_criterion(self, mappers: Iterable[Any]) -> Any:
        column = self.polymorphic_on._annotate(
            {"parententity": self, "parentmapper": self}
        )
        return column.in_(
            [m.polymorphic_identity for m in mappers if not m.polymorphic_abstract]
        )

    def _acceptable_identities(self) -> set[Any]:
        """The discriminators that objects of the class may have."""
        found: set[Any] = set()
        for mapper in self.self_and_descendants:
            if mapper.local_table is self.local_table or mapper is self:
                found.add(mapper.polymorphic_identity)
        return found


def _normalized(spec: Sequence[Any]) -> tuple[Any, Any]:
    first = spec[0] if spec else None
    if isinstance(first, (str, tuple, list)):
        if isinstance(first, str) and first != "*":
            raise sa_exc.ArgumentError(
                f"Invalid setting for with_polymorphic: {first!r}; only '*' may be "
                "given as a string"
            )
        selectable = spec[1] if len(spec) > 1 else None
        return (first if isinstance(first, str) else tuple(first)), selectable
    return tuple(spec), None


__all__ = ["PolymorphicMapper"]
