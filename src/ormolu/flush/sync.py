"""Copies keys from one object of a relationship to the other."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from .._speedups import state as kernel
from ..exc import UnmappedColumnError, instance_text
from ..instrument.flags import NO_VALUE, PASSIVE_NO_RESULT


class Copies:
    """Which values the kernel copies from the objects of one mapper to another's.

    Attributes:
        here: layout of the sources; there: that of the targets.
    """

    def __init__(self, source: Any, target: Any, pairs: Any) -> None:
        self.here = source.layout
        self.there = target.layout
        self.keys = [
            (source.get_property_by_column(a).key, target.get_property_by_column(b).key)
            for a, b in pairs
        ]
        self.sources = tuple(self.here.index[a] for a, _ in self.keys)
        self.targets = tuple(self.there.index[b] for _, b in self.keys)

    def are_plain(self) -> bool:
        """Whether nobody hears of what is copied."""
        attributes = self.there.attributes
        return self.there.embedded and all(
            attributes[key].on_set is None for _, key in self.keys
        )


def copies_of(source: Any, target: Any, pairs: Any) -> Copies | None:
    """What is copied along pairs of columns; None if a mapper lacks one."""
    try:
        return Copies(source, target, pairs)
    except (UnmappedColumnError, KeyError):
        return None  # whoever copies values one by one says what is wrong


def value_of(obj: Any, mapper: Any, column: Any) -> Any:
    """The value that an object has for a column; loads it when it is expired."""
    key = _key(mapper, column, "source", obj)
    value = kernel.peek_key(obj, key)
    if value is kernel.UNLOADED:
        value = mapper.class_manager[key].impl.get(obj, 31 ^ 8)
        if value is NO_VALUE or value is PASSIVE_NO_RESULT:
            return None
    return value


def _key(mapper: Any, column: Any, side: str, obj: Any) -> str:
    try:
        return mapper.get_property_by_column(column).key  # type: ignore[no-any-return]
    except UnmappedColumnError as error:
        raise UnmappedColumnError(
            f"Can't execute sync rule for {side} column '{column}'; mapper "
            f"'{mapper}' does not map this column.  Try using an explicit "
            "`foreign_keys` collection which does not include this column (or use "
            "a viewonly=True relation)."
        ) from error


def populate(
    source: Any,
    source_mapper: Any,
    dest: Any,
    dest_mapper: Any,
    pairs: Any,
    cascaded: set[tuple[int, Any]] | None = None,
) -> None:
    """Set the foreign key of ``dest`` from the key of ``source``.

    Args:
        cascaded: takes up primary key columns that the database has changed itself.
    """
    layout = kernel.layout_of(dest)
    for left, right in pairs:
        value = value_of(source, source_mapper, left)
        write(dest, layout, _key(dest_mapper, right, "destination", dest), value)
        if (
            cascaded is not None
            and left.primary_key
            and right.primary_key
            and right.references(left)
        ):
            cascaded.add((id(dest), right))


def write(obj: Any, layout: Any, key: str, value: Any) -> None:
    """Set a column attribute as a change, with the listeners that it has."""
    attr = layout.attributes[key]
    if attr.on_set is None:
        kernel.write(obj, layout.index[key], value)
    else:
        attr.impl.set(obj, value)


def clear(dest: Any, dest_mapper: Any, pairs: Any) -> None:
    """Set the foreign key of ``dest`` to NULL.

    Raises:
        AssertionError: when it is part of the primary key.
    """
    layout = kernel.layout_of(dest)
    for left, right in pairs:
        key = _key(dest_mapper, right, "destination", dest)
        if right.primary_key and value_of(dest, dest_mapper, right) is not None:
            raise AssertionError(
                f"Dependency rule on column '{left}' tried to blank-out primary key "
                f"column '{right}' on instance '{instance_text(dest)}'"
            )
        write(dest, layout, key, None)


def source_modified(obj: Any, mapper: Any, pairs: Any) -> bool:
    """Whether the key that others refer to has changed."""
    originals = kernel.state_of(obj)._o_originals
    if not originals:
        return False
    for left, _ in pairs:
        key = mapper.get_property_by_column(left).key
        if key in originals:
            history = mapper.class_manager[key].impl.get_history(obj, 22)
            if history.deleted:
                return True
    return False


class PairValues:
    """Values for the association table's columns that refer to one mapper's objects."""

    def __init__(self, mapper: Any, pairs: Any) -> None:
        self.mapper = mapper
        self.pairs = pairs
        self._keys: list[tuple[str, str]] | None = None
        self.names = [right.key for _, right in pairs]

    def row(self, obj: Any) -> tuple[Any, ...]:
        """The values for an object, in the order of ``names``."""
        values = self.of(obj)
        return tuple([values[name] for name in self.names])

    def of(self, obj: Any) -> dict[str, Any]:
        """The values for an object, by the keys of the table's columns."""
        keys = self._keys
        if keys is None:
            keys = self._keys = [
                (right.key, _key(self.mapper, left, "source", obj))
                for left, right in self.pairs
            ]
        values = {name: kernel.peek_key(obj, key) for name, key in keys}
        if kernel.UNLOADED in values.values():
            return {r.key: value_of(obj, self.mapper, a) for a, r in self.pairs}
        return values


def old_pair_values(obj: Any, mapper: Any, pairs: Any, prefix: str) -> dict[str, Any]:
    """The same as they were before the pending change of the object's key."""
    values = {}
    originals = kernel.state_of(obj)._o_originals or {}
    for left, right in pairs:
        key = mapper.get_property_by_column(left).key
        value = originals.get(key, kernel.UNLOADED)
        if value is kernel.UNLOADED:
            value = value_of(obj, mapper, left)
        values[prefix + right.key] = value
    return values


__all__ = ["SQLAlchemyError", "clear", "populate", "source_modified"]
