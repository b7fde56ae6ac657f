"""The primary keys of the rows that an UPDATE or DELETE is about, from the database.

They come with the statement itself by RETURNING where the backend has it, else from a
SELECT before it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import select
from sqlalchemy.engine.result import null_result
from sqlalchemy.sql.selectable import FromClause

from ..compile.options import LoaderOption
from ..compile.returning import (
    KEYS_FIRST,
    KEYS_TOO,
    key_columns,
    local_key,
    primary_key,
)
from ..lanes.rows import fetch_all, processors_of
from .evaluator import UnevaluatableError
from .request import Request
from .results import load_of, returned
from .synchronize import (
    Matches,
    UpdateSync,
    compile_criteria,
    objects_by_key,
    synchronize,
)


def execute_fetching(request: Request, sync: UpdateSync | None) -> Any:
    """Execute and learn the primary keys of the rows, by RETURNING or a SELECT."""
    if _updates_alias(request):
        return _execute_on_alias(request, sync)
    selection = _selection(request)
    rows = _selected(request, selection)
    if rows is not None:
        matches = _matches(request, rows)
        result = request.execute(request.statement, request.parameters)
        synchronize(request, sync, matches, result)
        return returned(request, result)
    if request.statement._returning:
        return _execute_returning(request, sync)
    return _execute_with_keys(request, sync)


def _updates_alias(request: Request) -> bool:
    """Whether an alias is updated, whose columns no implicit RETURNING can name."""
    statement = request.statement
    return bool(
        statement.is_update
        and not statement._returning
        and request.entity.is_aliased_class
    )


def _execute_on_alias(request: Request, sync: UpdateSync | None) -> Any:
    """Find the objects in Python if that can be, else by a SELECT."""
    try:
        matches = compile_criteria(request, of_alias=True)()
    except UnevaluatableError:
        rows = request.execute(_selection(request), request.parameters).all()
        matches = _matches(request, rows)
    result = request.execute(request.statement, request.parameters)
    synchronize(request, sync, matches, result)
    return result


def _selected(request: Request, selection: Any) -> Any:
    """The keys that a SELECT finds; None where RETURNING makes it needless."""
    if request.session._hears:
        return _selected_with_events(request, selection)
    if _can_return(request, request.connection(selection).dialect):
        return None
    return request.execute(selection, request.parameters).all()


def _selected_with_events(request: Request, selection: Any) -> Any:
    """The same, with listeners that may send the SELECT to several databases."""
    session, able = request.session, []

    def skip_for_returning(state: Any) -> Any:
        dialect = session.get_bind(**state.bind_arguments).dialect
        able.append(_can_return(request, dialect))
        if able[0] is not able[-1]:
            raise sa_exc.InvalidRequestError(
                "For synchronize_session='fetch', can't mix multiple backends where "
                "some support RETURNING and others don't"
            )
        return null_result() if able[0] else None

    arguments = dict(request.bind_arguments or {})
    arguments.pop("clause", None)
    result = session.execute(
        selection,
        request.parameters,
        execution_options=request.core_options,
        bind_arguments=arguments,
        _add_event=skip_for_returning,
    )
    return None if able and able[0] else result.all()


def _execute_with_keys(request: Request, sync: UpdateSync | None) -> Any:
    """The statement with the primary key as what it returns, which nobody sees."""
    keys = _plain_keys(request)
    statement = request.statement.return_defaults(*key_columns(request.entity))
    result = request.execute(statement, request.parameters)
    rows = [
        [row._mapping[c] for c in keys]
        for row in result.returned_defaults_rows or ()
        if all(c in row._mapping for c in keys)
    ]
    synchronize(
        request,
        sync,
        _matches(request, rows),
        result,
        returns_defaults=request.statement._return_defaults,
    )
    return result


def _execute_returning(request: Request, sync: UpdateSync | None) -> Any:
    """The user's RETURNING, with the primary key beside it."""
    mode = KEYS_TOO if request.statement.is_update else KEYS_FIRST
    statement = request.statement.options(mode)
    result = request.execute(statement, request.parameters)
    description = load_of(result)
    if description is None:
        return result
    raw, processors = fetch_all(result), processors_of(result)
    keys = [
        (i, None if processors is None else processors[i]) for i in description.keys
    ]
    rows = [
        [row[i] if process is None else process(row[i]) for i, process in keys]
        for row in raw
    ]
    synchronize(request, sync, _matches(request, rows), result)
    return returned(request, result, raw)


def _plain_keys(request: Request) -> list[Any]:
    entity = request.entity
    if not entity.is_aliased_class:
        return list(local_key(entity.mapper))
    return [entity._adapter.traverse(c) for c in entity.mapper.primary_key]


def _matches(request: Request, rows: Any) -> Matches:
    mapper = request.mapper
    keys = [mapper.key_of_values(list(row)) for row in rows]
    return Matches(objects_by_key(request.session, mapper, keys), [])


def _selection(request: Request) -> Any:
    """The SELECT of the primary keys that the statement is about to touch."""
    statement = request.statement
    options = [o for o in statement._with_options if not isinstance(o, LoaderOption)]
    entity = request.entity
    selection = select(*primary_key(entity))
    if not entity.is_aliased_class and len(entity.mapper.tables) > 1:
        selection = selection.select_from(entity)
    return selection.where(*statement._where_criteria).options(*options)


def _can_return(request: Request, dialect: Any) -> bool:
    """Whether the backend returns the keys of the rows that it changes.

    Raises:
        CompileError: for several tables, where it does not and the execution options
            deny that there are several.
        InvalidRequestError: for several parameter sets, where it does not.
    """
    statement = request.statement
    if statement.is_update:
        able = dialect.update_returning
        able_several = dialect.update_returning_multifrom
        able_many = dialect.update_executemany_returning
    else:
        able = dialect.delete_returning
        able_several = dialect.delete_returning_multifrom
        able_many = dialect.delete_executemany_returning
    if able and not able_several:
        able = not _several_tables(request, dialect)
    if request.has_many and len(request.parameters) > 1 and not able_many:
        raise sa_exc.InvalidRequestError(
            "For synchronize_session='fetch', can't use multiple parameter sets in "
            "ORM mode, which this backend does not support with RETURNING"
        )
    return bool(able and request.mapper.local_table.implicit_returning)


def _several_tables(request: Request, dialect: Any) -> bool:
    """Whether the statement refers to other tables than the one that is written."""
    is_update = request.statement.is_update
    name = "is_update_from" if is_update else "is_delete_using"
    told = request.options.get(name)
    if told:
        return True
    several = _names_other_tables(request)
    if several and told is not None:
        kind = "UPDATE..FROM" if is_update else "DELETE..USING"
        raise sa_exc.CompileError(
            f'Dialect "{dialect.name}" does not support RETURNING with {kind}; for '
            "synchronize_session='fetch', please add the additional execution option "
            f"'{name}=True' to the statement to indicate that a separate SELECT should "
            "be used for this backend."
        )
    return several


def _names_other_tables(request: Request) -> bool:
    entity, statement = request.entity, request.statement
    own = entity.selectable if entity.is_aliased_class else entity.mapper.local_table
    parts = list(statement._where_criteria)
    if statement.is_update:
        parts += (statement._values or {}).values()
    froms: list[FromClause] = [
        found for part in parts for found in getattr(part, "_from_objects", ())
    ]
    return any(not own.is_derived_from(found) for found in froms)
