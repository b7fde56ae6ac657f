"""UPDATE and DELETE with criteria, and their effect on the session's objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc

from .evaluator import UnevaluatableError
from .fetching import execute_fetching
from .request import Request
from .results import returned
from .synchronize import Matches, UpdateSync, compile_criteria, synchronize


def execute_criteria(request: Request) -> Any:
    """Execute an UPDATE or DELETE as it stands, and synchronize the session."""
    strategy = request.synchronization()
    if strategy is None:
        return returned(request, request.execute(request.statement, request.parameters))
    if request.statement.is_update and request.statement._multi_values:
        raise sa_exc.InvalidRequestError(
            "UPDATE construct does not support multiple parameter sets."
        )
    find = _find_in_python(request, strategy)
    sync = UpdateSync(request) if request.statement.is_update else None
    if find is None:
        return execute_fetching(request, sync)
    matches = find()
    result = request.execute(request.statement, request.parameters)
    synchronize(request, sync, matches, result)
    return returned(request, result)


def _find_in_python(request: Request, strategy: str) -> Callable[[], Matches] | None:
    """What finds the objects by evaluation; None when they must be fetched."""
    if strategy == "fetch":
        return None
    try:
        return compile_criteria(request)
    except UnevaluatableError as error:
        if strategy == "auto":
            return None
        raise sa_exc.InvalidRequestError(
            f'Could not evaluate current criteria in Python: "{error}". Specify '
            "'fetch' or False for the synchronize_session execution option."
        ) from error
