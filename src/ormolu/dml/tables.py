"""The tables that the rows of a class are written to, and how attributes name them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.schema import Column, Table

from ..flush.table_plan import sorted_tables


class ColumnNames:
    """Which column each attribute of a mapper is in one table.

    Attributes:
        columns: by attribute name, the column.
        keys: by attribute name, the column's key.
        identical: whether every attribute is named as its column is.
        keeps_none: attributes whose type gives None a meaning of its own.
    """

    __slots__ = ("columns", "identical", "keeps_none", "keys")

    def __init__(self, mapper: Any, table: Any) -> None:
        self.columns: dict[str, Any] = {}
        for prop in mapper._column_props:
            for column in prop.columns:
                if isinstance(column, Column) and table.c.contains_column(column):
                    self.columns.setdefault(prop.key, column)
        self.keys: dict[str, str] = {k: c.key for k, c in self.columns.items()}
        self.identical = all(k == name for k, name in self.keys.items())
        self.keeps_none = frozenset(
            k for k, c in self.columns.items() if c.type.should_evaluate_none
        )


class WrittenTable:
    """One table of a mapper, as INSERT and UPDATE of many rows see it.

    Attributes:
        pk_columns: the columns by which a row of it is found.
        pk_keys: the attributes that they are.
        labels: the names of their parameters in WHERE, by attribute.
        hands_on: whether it is the first table of several.
        makes_key: whether its key is not that of a table before it.
        carried: (attribute, attribute) of keys that other tables take over from it
            under names of their own.
        version: the attribute that holds versions, None when it is of another table.
        counts: whether the mapper makes the versions.
    """

    def __init__(
        self, mapper: Any, table: Any, pk_columns: Any, pk_keys: Any, sole: bool
    ) -> None:
        self.mapper = mapper
        self.table = table
        self.sole = sole
        self.pk_columns: list[Any] = list(pk_columns)
        self.pk_keys: list[str] = list(pk_keys)
        self.names = ColumnNames(mapper, table)
        self.insert_columns = list(self.names.columns.values())
        self.labels = {
            key: label_of(table, column)
            for key, column in zip(self.pk_keys, self.pk_columns, strict=True)
        }
        self.hands_on = self.makes_key = False
        self.carried: list[tuple[str, str]] = []
        self._set_version()

    def _set_version(self) -> None:
        mapper, prop = self.mapper, self.mapper.version_id_prop
        found = None if prop is None else self.names.columns.get(prop.key)
        self.version: str | None = None if found is None else str(prop.key)
        self.version_column = found
        self.version_label = None if found is None else label_of(self.table, found)
        self.counts = found is not None and mapper.version_id_generator is not False

    def next_version(self, current: Any) -> Any:
        """The version that follows another one; the same where nobody counts them."""
        generator = self.mapper.version_id_generator
        if generator is False:
            return current
        if generator is None:
            return (current or 0) + 1
        return generator(current)


def label_of(table: Any, column: Any) -> str:
    """A parameter name that no column of the table has."""
    schema = getattr(table, "schema", None)
    prefix = f"{schema.replace('.', '_')}_" if schema else ""
    label = f"{prefix}{table.name}_{column.name}"
    while label in table.c:
        label += "_1"
    return label


def written_tables(mapper: Any) -> tuple[WrittenTable, ...]:
    """The tables of a mapper, each after those that it refers to; made once."""
    found = mapper._plans.get("written tables")
    if found is None:
        found = mapper._plans["written tables"] = tuple(_tables(mapper))
    return found  # type: ignore[no-any-return]


def _tables(mapper: Any) -> list[WrittenTable]:
    tables = [t for t in mapper.tables if isinstance(t, Table)]
    if len(tables) < 2:
        table = mapper.local_table
        return [WrittenTable(mapper, table, mapper.primary_key, mapper._pk_keys, True)]
    mapped = mapper._columntoproperty
    found = []
    for table in sorted_tables(mapper.base_mapper, tables):
        columns = [c for c in table.primary_key if c in mapped]
        keys = [mapped[c].key for c in columns]
        found.append(WrittenTable(mapper, table, columns, keys, False))
    found[0].hands_on = True
    _set_carried(mapper, found)
    known: set[str] = set()
    for written in found:
        written.makes_key = not known.issuperset(written.pk_keys)
        known.update(written.pk_keys, (target for _, target in written.carried))
    return found


def _set_carried(mapper: Any, tables: list[WrittenTable]) -> None:
    mapped = mapper._columntoproperty
    pairs = [p for step in mapper.iterate_to_root() for p in step._equated_pairs]
    for left, right in pairs:
        source, target = mapped.get(left), mapped.get(right)
        if source is None or target is None or source is target:
            continue
        for written in tables:
            if written.table is left.table:
                written.carried.append((source.key, target.key))


def sole_table(mapper: Any) -> WrittenTable:
    """The one table of a mapper that has no other."""
    (table,) = written_tables(mapper)
    return table


def attribute_names(mapper: Any) -> frozenset[str]:
    """The attributes of a mapper that are columns of its tables."""
    return frozenset().union(*(t.names.keys for t in written_tables(mapper)))


def names_of(mapper: Any) -> ColumnNames:
    """The column names of what a mapper's statements are about, worked out once."""
    found = mapper._plans.get("column names")
    if found is None:
        found = mapper._plans["column names"] = ColumnNames(mapper, mapper.local_table)
    return found  # type: ignore[no-any-return]
