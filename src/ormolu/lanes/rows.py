"""Raw rows and type processors out of Core's cursor results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


def processors_of(result: Any) -> Sequence[Any] | None:
    """The type processors by position; None when no column needs one."""
    processors = result._metadata._processors
    return processors if any(processors) else None


def processors_of_types(
    types: Sequence[Any], dialect: Any, coltypes: Sequence[Any]
) -> Sequence[Any] | None:
    """The type processors by position, for the driver's types; None when none."""
    processors = [
        type_._cached_result_processor(dialect, coltype)
        for type_, coltype in zip(types, coltypes, strict=True)
    ]
    return processors if any(processors) else None


def fetch_all(result: Any) -> list[Any]:
    """The driver's rows, all of them, as they come from the cursor."""
    if result._metadata._tuplefilter is not None:
        rows = list(result._raw_row_iterator())
    else:
        rows = result._fetchall_impl()
    if result._row_logging_fn is not None:
        _log(result, rows)
    return rows


def fetch_chunks(result: Any, size: int) -> Iterator[list[Any]]:
    """The driver's rows, ``size`` at a time."""
    while True:
        rows = result._fetchmany_impl(size)
        if not rows:
            return
        if result._row_logging_fn is not None:
            _log(result, rows)
        yield rows


def _log(result: Any, rows: list[Any]) -> None:
    """Log rows as Core logs those that it reads itself, with their types applied."""
    processors = processors_of(result) or [None] * len(result._metadata._processors)
    for row in rows:
        values = zip(row, processors, strict=True)
        result._row_logging_fn(tuple([v if p is None else p(v) for v, p in values]))


def compile_state_of(result: Any) -> Any:
    """The compile state of the statement that a result came from."""
    compiled = result.context.compiled
    return None if compiled is None else compiled.compile_state
