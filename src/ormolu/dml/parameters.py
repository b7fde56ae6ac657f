"""Rows as users give them, by attribute name, and as Core takes them, by column."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy.sql.schema import Column

# Not ``None in values``: ``==`` of a SQL expression or an array has no truth value.
_is_none = partial(operator.is_, None)

Row = Mapping[str, Any]
Group = list[dict[str, Any]]


class ColumnNames:
    """Which column each attribute of a mapper is in its table.

    Attributes:
        columns: by attribute name, the column.
        keys: by attribute name, the column's key.
        identical: whether every attribute is named as its column is.
        keeps_none: attributes whose type gives None a meaning of its own.
    """

    __slots__ = ("columns", "identical", "keeps_none", "keys")

    def __init__(self, mapper: Any) -> None:
        table = mapper.local_table
        self.columns: dict[str, Any] = {
            prop.key: column
            for prop in mapper._column_props
            for column in prop.columns[:1]
            if isinstance(column, Column) and table.c.contains_column(column)
        }
        self.keys: dict[str, str] = {k: c.key for k, c in self.columns.items()}
        self.identical = all(k == name for k, name in self.keys.items())
        self.keeps_none = frozenset(
            k for k, c in self.columns.items() if c.type.should_evaluate_none
        )


def names_of(mapper: Any) -> ColumnNames:
    """The column names of a mapper, worked out once."""
    found = mapper._plans.get("column names")
    if found is None:
        found = mapper._plans["column names"] = ColumnNames(mapper)
    return found  # type: ignore[no-any-return]


class InsertRows:
    """Turns rows of attributes into groups of rows with equal columns.

    Args:
        mapper: what is inserted.
        render_nulls: keep None; else the column is left out of the INSERT.
        passed_through: names that are parameters of the statement itself.
    """

    def __init__(
        self,
        mapper: Any,
        render_nulls: bool,
        passed_through: frozenset[str] = frozenset(),
    ) -> None:
        self.names = names_of(mapper)
        self.render_nulls = render_nulls
        self.passed_through = passed_through
        self.fixed = _fixed_values(mapper)
        version = counted_version(mapper)
        self.version = None if version is None else self.names.keys[version]
        self._as_it_is = self.names.identical and not self.fixed

    def groups(self, rows: Iterable[Row]) -> Iterator[Group]:
        """Rows in their order, cut where the set of columns changes."""
        current: Group = []
        keys: Any = None
        for row in rows:
            converted = self.convert(row)
            if current and converted.keys() != keys:
                yield current
                current = []
            if not current:
                keys = converted.keys()
            current.append(converted)
        if current:
            yield current

    def convert(self, row: Row) -> dict[str, Any]:
        """One row by column key; the row itself where nothing has to change."""
        keys = self.names.keys
        if self._as_it_is and type(row) is dict and keys.keys() >= row.keys():
            if self.render_nulls or not any(map(_is_none, row.values())):
                return row
        converted = dict(self.fixed)
        keeps = self.names.keeps_none
        for name, value in row.items():
            key = keys.get(name)
            if key is None:
                if name in self.passed_through:
                    converted[name] = value
            elif value is not None or self.render_nulls or name in keeps:
                converted[key] = value
        if self.version is not None:
            converted[self.version] = self.fixed[self.version]
        return converted


def _fixed_values(mapper: Any) -> dict[str, Any]:
    """Columns that the mapping itself fills: discriminator, first version."""
    fixed: dict[str, Any] = {}
    names = names_of(mapper)
    discriminator = mapper.polymorphic_on
    if discriminator is not None and mapper.polymorphic_identity is not None:
        prop = mapper._columntoproperty.get(discriminator)
        if prop is not None and prop.key in names.keys:
            fixed[names.keys[prop.key]] = mapper.polymorphic_identity
    version = counted_version(mapper)
    if version is not None:
        fixed[names.keys[version]] = next_version(mapper, None)
    return fixed


def counted_version(mapper: Any) -> str | None:
    """The attribute that counts versions in Python, None when there is none."""
    return None if mapper.version_id_generator is False else version_attribute(mapper)


def version_attribute(mapper: Any) -> str | None:
    """The attribute that an UPDATE compares, None when there are no versions."""
    if mapper.version_id_prop is None:
        return None
    key = str(mapper.version_id_prop.key)
    return key if key in names_of(mapper).keys else None


def next_version(mapper: Any, current: Any) -> Any:
    """The version that follows another one; the same where nobody counts them."""
    generator = mapper.version_id_generator
    if generator is False:
        return current
    if generator is None:
        return (current or 0) + 1
    return generator(current)
