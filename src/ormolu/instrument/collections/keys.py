"""Functions that get the key of an item from the item's own state."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, inspect
from sqlalchemy import exc as sa_exc


class Unpopulated(Enum):
    """The answer for an item whose key attribute was never given a value."""

    UNPOPULATED = "UNPOPULATED"


UNPOPULATED = Unpopulated.UNPOPULATED


class KeyGetter:
    """A key function that knows a missing value from None.

    Called with an item, it returns the key or ``UNPOPULATED``.
    """

    __slots__ = ("__weakref__",)

    def __call__(self, item: Any) -> Any:
        raise NotImplementedError


class AttributeKey(KeyGetter):
    """Gets the key from an attribute, mapped or not."""

    __slots__ = ("_get", "attr_name")

    def __init__(self, attr_name: str) -> None:
        self._get = attrgetter(attr_name)
        self.attr_name = attr_name

    def __call__(self, item: Any) -> Any:
        key = self._get(item)
        if key is None and _is_unloaded(item, self.attr_name):
            return UNPOPULATED
        return key

    def __reduce__(self) -> tuple[Any, ...]:
        return AttributeKey, (self.attr_name,)


def _is_unloaded(item: Any, key: str) -> bool:
    """Whether a mapped attribute, or what a synonym stands for, has no value."""
    state = inspect(item, raiseerr=False)
    mapper = getattr(state, "mapper", None)
    if mapper is None:
        return False
    while key in mapper.synonyms:
        key = mapper.synonyms[key].name
    return key in state.unloaded


class _MappedKey(KeyGetter):
    """Gets the key from attributes that are known only once the mapper is asked."""

    __slots__ = ("_attributes",)

    def __init__(self) -> None:
        self._attributes: WeakKeyDictionary[type, list[str]] = WeakKeyDictionary()

    def _columns(self, mapper: Any) -> Sequence[Any]:
        raise NotImplementedError

    def _attributes_of(self, cls: type) -> list[str]:
        found = self._attributes.get(cls)
        if found is None:
            mapper: Any = inspect(cls)
            found = [
                mapper.get_property_by_column(column).key
                for column in self._columns(mapper)
            ]
            self._attributes[cls] = found
        return found

    def __call__(self, item: Any) -> Any:
        keys = self._attributes_of(type(item))
        if len(keys) > 1:
            return tuple([getattr(item, key) for key in keys])
        value = getattr(item, keys[0])
        if value is None and _is_unloaded(item, keys[0]):
            return UNPOPULATED
        return value


class ColumnKey(_MappedKey):
    """Gets the key from the attributes that the given columns are mapped to."""

    __slots__ = ("columns",)

    def __init__(self, columns: Sequence[ColumnElement[Any]]) -> None:
        super().__init__()
        self.columns = columns

    def _columns(self, mapper: Any) -> Sequence[Any]:
        return self.columns

    def __reduce__(self) -> tuple[Any, ...]:
        names = [
            (column.key, getattr(getattr(column, "table", None), "key", None))
            for column in self.columns
        ]
        return NamedColumnKey, (names,)


class NamedColumnKey(_MappedKey):
    """What becomes of a `ColumnKey` in a pickle, which must not contain tables.

    Args:
        names: for each column its key, and the key of its table if it has one.
    """

    __slots__ = ("names",)

    def __init__(self, names: Sequence[tuple[str, str | None]]) -> None:
        super().__init__()
        self.names = names

    def _columns(self, mapper: Any) -> Sequence[Any]:
        return [_named_column(mapper, *name) for name in self.names]

    def __reduce__(self) -> tuple[Any, ...]:
        return NamedColumnKey, (self.names,)


def _named_column(mapper: Any, column_key: str, table_key: str | None) -> Any:
    for table in mapper.tables:
        if table.key == table_key and column_key in table.c:
            return table.c[column_key]
    return mapper.local_table.c[column_key]


def columns_of(mapping_spec: Any) -> list[ColumnElement[Any]]:
    """The column expressions of a column, a mapped attribute or several of them.

    Raises:
        ArgumentError: one of them is something else.
    """
    several = isinstance(mapping_spec, (list, tuple))
    return [_column_of(each) for each in (mapping_spec if several else [mapping_spec])]


def _column_of(given: Any) -> ColumnElement[Any]:
    column = given
    while not isinstance(column, ColumnElement) and hasattr(
        column, "__clause_element__"
    ):
        column = column.__clause_element__()
    if not isinstance(column, ColumnElement):
        raise sa_exc.ArgumentError(
            f"Column expression expected for argument 'mapping_spec'; got {given!r}."
        )
    return column
