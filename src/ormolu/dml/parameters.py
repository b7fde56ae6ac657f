"""Rows as users give them, by attribute name, and as Core takes them, by column."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from .tables import WrittenTable

# Not ``None in values``: ``==`` of a SQL expression or an array has no truth value.
_is_none = partial(operator.is_, None)

Row = Mapping[str, Any]
Group = list[dict[str, Any]]


def without_composites(mapper: Any, rows: Any) -> Any:
    """Rows with the values of composites in their columns' attributes."""
    composites = mapper._composite_keys
    if not composites:
        return rows
    return [_spread(mapper, row) for row in rows]


def _spread(mapper: Any, row: Row) -> Row:
    found = [key for key in mapper._composite_keys if key in row]
    if not found:
        return row
    spread = {k: v for k, v in row.items() if k not in found}
    for key in found:
        prop = mapper.composites[key]
        spread.update(zip(prop.keys, prop.values_of(row[key]), strict=True))
    return spread


class InsertRows:
    """Turns rows of attributes into groups of rows with equal columns.

    Args:
        written: the table.
        render_nulls: keep None; else the column is left out of the INSERT.
        passed_through: names that are parameters of the statement itself.
    """

    def __init__(
        self,
        written: WrittenTable,
        render_nulls: bool,
        passed_through: frozenset[str] = frozenset(),
    ) -> None:
        self.names = written.names
        self.render_nulls = render_nulls
        self.passed_through = passed_through
        self.fixed = _fixed_values(written)
        self.version: str | None = None
        if written.version is not None and written.counts:
            self.version = self.names.keys[written.version]
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


def _fixed_values(written: WrittenTable) -> dict[str, Any]:
    """Columns that the mapping itself fills: discriminator, first version."""
    fixed: dict[str, Any] = {}
    mapper, keys = written.mapper, written.names.keys
    discriminator = mapper.polymorphic_on
    if discriminator is not None and mapper.polymorphic_identity is not None:
        prop = mapper._columntoproperty.get(discriminator)
        if prop is not None and prop.key in keys:
            fixed[keys[prop.key]] = mapper.polymorphic_identity
    if written.version is not None and written.counts:
        fixed[keys[written.version]] = written.next_version(None)
    return fixed
