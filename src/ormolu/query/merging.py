"""Rows of another session's objects, merged into a session."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import FrozenResult
from sqlalchemy.engine.result import result_tuple

from ..compile.entities import entity_of, label_of_entity


def merge_result(query: Any, iterator: Any, load: bool = True) -> Any:
    """Merge the objects of an iterable (or frozen result) into a query's session."""
    session = query.session
    frozen = iterator if isinstance(iterator, FrozenResult) else None
    raws = query._select._raw_columns
    single = len(raws) == 1 and entity_of(raws[0]) is not None
    if load:
        session._autoflush()
    autoflush, session.autoflush = session.autoflush, False
    try:
        if single:
            rows = frozen.data if frozen is not None else iterator
            if frozen is not None and not frozen._source_supports_scalars:
                rows = [row[0] for row in rows]
            merged: Any = [session.merge(obj, load=load) for obj in rows]
        else:
            rows = frozen._rewrite_rows() if frozen is not None else iterator
            merged = _merge_rows(session, raws, rows, load)
    finally:
        session.autoflush = autoflush
    return frozen.with_new_rows(merged) if frozen is not None else iter(merged)


def merge_frozen_result(
    session: Any, statement: Any, frozen_result: Any, load: bool = True
) -> Any:
    """Merge the objects of a frozen result into a session.

    Args:
        session: the session that gets the objects.
        statement: the SELECT that the rows are of.
        frozen_result: what ``Result.freeze()`` returned.
        load: see ``Session.merge``.

    Returns:
        A frozen result with the objects of the session.

    Source: ``sqlalchemy.orm.loading.merge_frozen_result``.
    """
    if load:
        session._autoflush()
    autoflush, session.autoflush = session.autoflush, False
    try:
        rows = frozen_result._rewrite_rows()
        merged = _merge_rows(session, statement._raw_columns, rows, load)
    finally:
        session.autoflush = autoflush
    return frozen_result.with_new_rows(merged)


def _merge_rows(session: Any, raws: list[Any], rows: Any, load: bool) -> list[Any]:
    at = [i for i, raw in enumerate(raws) if entity_of(raw) is not None]
    names = [
        label_of_entity(entity)
        if (entity := entity_of(raw)) is not None
        else getattr(raw, "key", None) or ""
        for raw in raws
    ]
    make = result_tuple(names)
    merged = []
    for row in rows:
        values = list(row)
        for i in at:
            if values[i] is not None:
                values[i] = session.merge(values[i], load=load)
        merged.append(make(values))
    return merged
