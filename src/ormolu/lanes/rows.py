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
        return list(result._raw_row_iterator())
    return result._fetchall_impl()  # type: ignore[no-any-return]


def fetch_chunks(result: Any, size: int) -> Iterator[list[Any]]:
    """The driver's rows, ``size`` at a time."""
    while True:
        rows = result._fetchmany_impl(size)
        if not rows:
            return
        yield rows


def compile_state_of(result: Any) -> Any:
    """The compile state of the statement that a result came from."""
    compiled = result.context.compiled
    return None if compiled is None else compiled.compile_state
