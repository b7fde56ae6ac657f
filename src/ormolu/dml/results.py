"""Results of RETURNING: rows fetched at once, objects made when they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.engine.result import ChunkedIteratorResult

from ..hydrate.description import LoadDescription, inherited_options
from ..hydrate.plans import plan_for
from ..hydrate.result_keys import result_metadata
from ..lanes.rows import compile_state_of, fetch_all, processors_of
from .request import Request


def load_of(result: Any) -> Any:
    """What the rows of a result turn into; None when they stay as they are."""
    return getattr(compile_state_of(result), "load", None)


def returned(request: Request, result: Any, rows: list[Any] | None = None) -> Any:
    """The user's result of a cursor's result.

    Args:
        rows: the driver's rows, when they have been fetched already.
    """
    description = load_of(result)
    if description is None:
        return result
    raw = fetch_all(result) if rows is None else rows
    return result_of_rows(request, description, raw, processors_of(result), result)


def result_of_rows(
    request: Request,
    description: LoadDescription,
    raw: list[Any],
    processors: Sequence[Any] | None,
    result: Any,
) -> Any:
    """The user's result of rows that the driver has returned.

    Args:
        raw: the rows.
        processors: by position, the type processors of their columns.
        result: the cursor's result.
    """
    inherited = inherited_options(request.statement._with_options)
    plan = plan_for(description, processors, inherited)

    def chunks(size: int | None) -> Iterator[list[Any]]:
        yield request.hydrate(request.session, plan, raw, request.options)

    return ChunkedIteratorResult(
        result_metadata(description, request.statement),
        chunks,
        source_supports_scalars=plan.scalar,
        raw=result,
    )
