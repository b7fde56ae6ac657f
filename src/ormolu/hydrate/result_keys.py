"""What the elements of a result row can be asked for by, beside their names.

A statement that is built anew each time has the plan of the first one like it, but
expressions and aliases of its own, which are what its rows are asked for by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.schema import Column

from .._core.results import with_more_keys
from .description import BundleLoad, ColumnLoad, EntityLoad, LoadDescription


def row_keys(raw: Any) -> tuple[Any, ...]:
    """What a column of a row can be asked for by."""
    entity = raw._annotations.get("parententity")
    key = raw._annotations.get("proxy_key")
    if entity is None or key is None:
        return (raw,)
    attribute = getattr(entity.entity, key, None)
    found = (raw, raw._deannotate())
    return found if attribute is None else (*found, attribute)


def result_metadata(
    description: LoadDescription, statement: Any = None
) -> SimpleResultMetaData:
    """The keys and uniqueness rules of the result that the user gets.

    Args:
        statement: what was executed; None where nobody can ask by what it consists of.
    """
    known: SimpleResultMetaData | None = description.metadata
    if known is None:
        known = description.metadata = _shared_metadata(description)
        description.fleeting = tuple(_fleeting(description))
    if not description.fleeting or statement is None:
        return known
    asked = elements_asked(statement)
    if len(asked) != len(description.asked):
        return known
    more = [
        found
        for place, index, of_first in description.fleeting
        if asked[place] is not of_first
        for found in _keys_of(description.outputs[place], index, asked[place])
    ]
    return with_more_keys(known, more) if more else known


def elements_asked(statement: Any) -> tuple[Any, ...]:
    """What a statement selects, or returns, in the user's own terms."""
    asked = getattr(statement, "_raw_columns", None)
    return tuple(getattr(statement, "_returning", ()) if asked is None else asked)


def _shared_metadata(description: LoadDescription) -> SimpleResultMetaData:
    """The metadata of all that have the description; the keys are of the first."""
    names: list[str] = []
    filters: list[Any] = []
    keys: list[tuple[Any, ...]] = []
    for output in _elements(description):
        names.append(output.name)
        if isinstance(output, EntityLoad):
            filters.append(id)
            keys.append((output.entity.entity,))
        else:
            filters.append(None)
            keys.append(getattr(output, "keys", ()))
    return SimpleResultMetaData(
        names, keys, _create_unique_filters=lambda *_: list(filters)
    )


def _elements(description: LoadDescription) -> Iterator[Any]:
    """What the elements of a result row are, each column of a table for itself."""
    for output in description.outputs:
        yield from _parts(output)


def _parts(output: Any) -> list[Any]:
    if isinstance(output, (EntityLoad, ColumnLoad, BundleLoad)):
        return [output]
    parts: list[Any] = output.parts
    return parts


def _fleeting(description: LoadDescription) -> Iterator[tuple[int, int, Any]]:
    """(place, index in the row, element) of what each statement has of its own."""
    index = 0
    for place, raw in enumerate(description.asked):
        output = description.outputs[place]
        if not isinstance(output, BundleLoad) and not _lasts(raw):
            yield place, index, raw
        index += len(_parts(output))


def _lasts(raw: Any) -> bool:
    """Whether another statement that asks for the same has the same element."""
    entity = raw._annotations.get("parententity")
    if entity is None:
        return isinstance(raw, Column)
    return entity.is_mapper and (
        "proxy_key" in raw._annotations or getattr(raw, "_is_from_clause", False)
    )


def _keys_of(
    output: Any, index: int, raw: Any
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """(index in the row, further keys) of an element that a statement asks for."""
    if isinstance(output, EntityLoad):
        yield index, (raw._annotations["parententity"].entity,)
    elif isinstance(output, ColumnLoad):
        yield index, row_keys(raw)
    else:
        columns = raw._select_iterable
        for offset, column in enumerate(columns):
            yield index + offset, row_keys(column)
