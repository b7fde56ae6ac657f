"""Core's description of the rows of a result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.engine.result import SimpleResultMetaData


def with_more_keys(
    metadata: SimpleResultMetaData, more: Iterable[tuple[int, tuple[Any, ...]]]
) -> SimpleResultMetaData:
    """The same description, whose elements can be asked for by further keys.

    Args:
        more: (index of an element of the row, its further keys).
    """
    made = SimpleResultMetaData.__new__(SimpleResultMetaData)
    made._keys = names = metadata._keys
    made._keymap = keymap = metadata._keymap.copy()  # type: ignore[attr-defined]  # a dict
    made._key_to_index = indexes = metadata._key_to_index.copy()
    made._processors = metadata._processors
    made._tuplefilter = metadata._tuplefilter
    made._translated_indexes = metadata._translated_indexes
    made._create_unique_filters = metadata._create_unique_filters
    made._ambiguous_keys = metadata._ambiguous_keys
    for index, keys in more:
        name = names[index]
        record = (index, name, keys)
        for key in keys:
            keymap[key] = record
            indexes[key] = index
        if indexes.get(name) == index:  # another element may have the same name
            keymap[name] = record
    return made
