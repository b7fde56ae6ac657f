"""UPDATE and DELETE with criteria, and their effect on the session's objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import select
from sqlalchemy.sql.selectable import FromClause

from ..compile.options import LoaderOption
from ..compile.returning import KEYS_TOO, key_columns
from ..lanes.rows import fetch_all, processors_of
from .evaluator import UnevaluatableError
from .request import Request
from .results import load_of, returned
from .synchronize import (
    Matches,
    UpdateSync,
    compile_criteria,
    objects_by_key,
    remove_objects,
)


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
        return _execute_fetching(request, sync)
    matches = find()
    result = request.execute(request.statement, request.parameters)
    _synchronize(request, sync, matches, result)
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


def _synchronize(
    request: Request,
    sync: UpdateSync | None,
    matches: Matches,
    result: Any,
    returns_defaults: bool = False,
) -> None:
    if sync is None:
        remove_objects(request.session, matches)
        return
    sync.take_result(result, returns_defaults)
    sync.apply(matches.all)


# -- fetch -------------------------------------------------------------------------


def _execute_fetching(request: Request, sync: UpdateSync | None) -> Any:
    """Execute and learn the primary keys of the rows, by RETURNING or a SELECT."""
    selection = _selection(request)
    if not _can_return(request, selection):
        rows = request.execute(selection, request.parameters).all()
        matches = _matches(request, rows)
        result = request.execute(request.statement, request.parameters)
        _synchronize(request, sync, matches, result)
        return returned(request, result)
    if request.statement._returning:
        return _execute_returning(request, sync)
    statement = request.statement.return_defaults(*key_columns(request.entity))
    result = request.execute(statement, request.parameters)
    rows = [
        [row._mapping[c] for c in _plain_keys(request)]
        for row in result.returned_defaults_rows or ()
        if all(c in row._mapping for c in _plain_keys(request))
    ]
    _synchronize(
        request,
        sync,
        _matches(request, rows),
        result,
        returns_defaults=request.statement._return_defaults,
    )
    return result


def _execute_returning(request: Request, sync: UpdateSync | None) -> Any:
    """The user's RETURNING, with the primary key in front of it."""
    statement = request.statement.options(KEYS_TOO)
    result = request.execute(statement, request.parameters)
    if load_of(result) is None:
        return result
    raw = fetch_all(result)
    count = len(request.mapper.primary_key)
    processors = (processors_of(result) or [None] * count)[:count]
    rows = [
        [
            value if process is None else process(value)
            for value, process in zip(row, processors, strict=False)
        ]
        for row in raw
    ]
    _synchronize(request, sync, _matches(request, rows), result)
    return returned(request, result, raw)


def _plain_keys(request: Request) -> list[Any]:
    entity = request.entity
    if not entity.is_aliased_class:
        return list(entity.mapper.primary_key)
    return [entity._adapter.traverse(c) for c in entity.mapper.primary_key]


def _matches(request: Request, rows: Any) -> Matches:
    mapper = request.mapper
    keys = [mapper.key_of_values(list(row)) for row in rows]
    return Matches(objects_by_key(request.session, mapper, keys), [])


def _selection(request: Request) -> Any:
    """The SELECT of the primary keys that the statement is about to touch."""
    statement = request.statement
    options = [o for o in statement._with_options if not isinstance(o, LoaderOption)]
    keys = key_columns(request.entity)
    return select(*keys).where(*statement._where_criteria).options(*options)


def _can_return(request: Request, selection: Any) -> bool:
    """Whether the backend returns the keys of the rows that it changes.

    Raises:
        InvalidRequestError: for several parameter sets, where it does not.
    """
    statement, dialect = request.statement, request.connection(selection).dialect
    several = _several_tables(request)
    if statement.is_update:
        able = dialect.update_returning and (
            not several or dialect.update_returning_multifrom
        )
        able_many = dialect.update_executemany_returning
    else:
        able = dialect.delete_returning and (
            not several or dialect.delete_returning_multifrom
        )
        able_many = dialect.delete_executemany_returning
    if request.has_many and len(request.parameters) > 1 and not able_many:
        raise sa_exc.InvalidRequestError(
            "For synchronize_session='fetch', can't use multiple parameter sets in "
            "ORM mode, which this backend does not support with RETURNING"
        )
    return bool(able and request.mapper.local_table.implicit_returning)


def _several_tables(request: Request) -> bool:
    """Whether criteria refer to other tables than the one that is written."""
    options = request.options
    name = "is_update_from" if request.statement.is_update else "is_delete_using"
    if name in options:
        return bool(options[name])
    entity = request.entity
    own = entity.selectable if entity.is_aliased_class else entity.mapper.local_table
    froms: list[FromClause] = [
        found
        for criterion in request.statement._where_criteria
        for found in criterion._from_objects
    ]
    return any(not own.is_derived_from(found) for found in froms)
