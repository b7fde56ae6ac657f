"""Executes statements for a session and wraps their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import text
from sqlalchemy.engine.result import ChunkedIteratorResult, Result
from sqlalchemy.sql.selectable import CompoundSelect

from .._core.names import PLUGIN
from .._speedups import hydration
from ..compile.criteria import options_with_criteria
from ..compile.from_statement import FromStatement, FromStatementState, load_of
from ..dml import execution as dml
from ..dml.request import OWN_OPTIONS
from ..hydrate.context import QueryContext
from ..hydrate.description import inherited_options
from ..hydrate.plans import LoadPlan, plan_for
from ..hydrate.result_keys import result_metadata
from ..lanes.fast import is_free
from ..lanes.purpose import (
    LOAD_OPTION,
    OVERWRITE_OPTION,
    TOKEN_OPTION,
    identity_token_of,
)
from ..lanes.rows import compile_state_of, fetch_all, fetch_chunks, processors_of
from ..lanes.selects import find, recall
from ..loaders.post import run_post_loads
from .results import EntityResult, refuse_unique

FAST_OPTIONS = frozenset({"populate_existing", "autoflush"})
"""Execution options that Core need not see."""

BETWEEN_PARTS = frozenset({LOAD_OPTION, OVERWRITE_OPTION, TOKEN_OPTION})
"""Execution options between the parts of a session, which Core need not see."""

OF_ONE_STATEMENT = (
    OWN_OPTIONS
    | BETWEEN_PARTS
    | {"identity_token", "max_row_buffer", "stream_results", "yield_per"}
)
"""Execution options that are about the rows or objects of one statement alone."""

EMPTY: Mapping[str, Any] = {}


def is_ours(statement: Any) -> bool:
    """Whether a statement was made of entities of this package."""
    attrs = getattr(statement, "_propagate_attrs", None)
    return attrs is not None and attrs.get("compile_state_plugin") == PLUGIN


def subject_of(statement: Any) -> Any:
    """The mapper (or alias) that a statement is about, None when none."""
    attrs = getattr(statement, "_propagate_attrs", None)
    return attrs.get("plugin_subject") if attrs else None


def execute_again(session: Any, statement: Any, parameters: Any) -> Result[Any] | None:
    """Execute a SELECT that was executed before; None when there is more to it.

    That is the case for most: no options, no loads that follow, a transaction that has
    begun and a dictionary of parameters.  What is asked one by one in the functions
    below takes 4 us of a query's 24.
    """
    found = recall(statement)
    if found is None:
        return None
    fast, bindparams, dialect = found
    plan, metadata = fast.plan, fast.description.metadata
    if metadata is None or plan.post or fast.description.needs_unique:
        return None
    if not session._is_clean():
        session._autoflush()
    connection = session._current_connection()
    if connection is None or connection.dialect is not dialect:
        return None
    given = EMPTY if parameters is None else parameters
    if (given is not EMPTY and given.__class__ is not dict) or not is_free(connection):
        return None
    raw_rows = fast.rows(connection, bindparams, given)
    if raw_rows is None:
        return None
    rows = plan.hydrate(session._tracker, raw_rows)
    generation = session._generation if plan.entities else None
    if fast.description.fleeting:
        metadata = result_metadata(fast.description, statement)
    return EntityResult(metadata, rows, plan.scalar, session, generation)


def execute_select(
    session: Any,
    statement: Any,
    parameters: Any,
    options: Mapping[str, Any],
    bind_arguments: Any,
) -> Result[Any]:
    """Execute a SELECT of entities and hydrate its rows."""
    merged = statement._execution_options
    if options:
        merged = {**merged, **options}
    if not merged or merged.get("autoflush", True):
        session._autoflush()
    connection = session._connection_for_statement(statement, bind_arguments)
    given = statement._with_options
    inherited = inherited_options(given) if given else ()
    if not merged or FAST_OPTIONS.issuperset(merged):
        fast = _execute_fast(
            session, statement, parameters, merged, connection, inherited
        )
        if fast is not None:
            return fast
    core_options = {k: v for k, v in options.items() if k not in BETWEEN_PARTS}
    if not isinstance(
        statement, CompoundSelect
    ):  # whose rows the user gets as they are
        core_options["_result_disable_adapt_to_context"] = True
    if merged.get("yield_per"):
        core_options.setdefault("stream_results", True)
        core_options["max_row_buffer"] = merged["yield_per"]
    result: Result[Any] = connection.execute(
        statement, parameters or {}, execution_options=core_options
    )
    try:
        load = load_of(compile_state_of(result), result)
        if load is None:
            return result
        context = QueryContext(
            session, statement, _repeated(merged), parameters, inherited=inherited
        )
        return wrap(session, result, load, merged, context)
    except BaseException:
        result.close()  # or its table would stay locked
        raise


def _execute_fast(
    session: Any,
    statement: Any,
    parameters: Any,
    options: Any,
    connection: Any,
    inherited: tuple[Any, ...],
) -> Result[Any] | None:
    """On the fast lane; None when the statement or the connection needs Core.

    Args:
        inherited: options that the loads of its objects repeat, for their values.
    """
    given = parameters or EMPTY
    if not isinstance(given, Mapping) or not is_free(connection):
        return None
    found = find(statement, connection, given)
    if found is None:
        return None
    fast, bindparams = found
    raw_rows = fast.rows(connection, bindparams, given)
    if raw_rows is None:
        return None
    plan, context = fast.plan, None
    if inherited:
        plan = fast.inheriting_plan(inherited)
    if inherited or (plan.post and (plan.repeats or options_with_criteria(statement))):
        context = QueryContext(
            session, statement, _repeated(options), given, inherited=inherited
        )
    rows = hydrate(session, plan, raw_rows, options, context)
    generation = session._generation
    return _result(session, statement, fast.description, plan, rows, generation)


def _result(
    session: Any,
    statement: Any,
    description: Any,
    plan: LoadPlan,
    rows: list[Any],
    generation: int | None,
    raw: Any = None,
) -> Result[Any]:
    """The result of rows that are read while the session keeps their objects.

    Args:
        generation: the session's while it does; None when the rows are the user's.
    """
    metadata = result_metadata(description, statement)
    if not plan.entities:
        generation = None
    result: Any = EntityResult(metadata, rows, plan.scalar, session, generation, raw)
    if description.needs_unique:
        result._unique_filter_state = (set(), require_unique)
    return result  # type: ignore[no-any-return]


def wrap(
    session: Any,
    cursor_result: Any,
    description: Any,
    options: Mapping[str, Any],
    context: QueryContext | None = None,
) -> Result[Any]:
    """The user's result of a cursor result.

    Args:
        context: what the loads that follow, and listeners, are told.
    """
    inherited = () if context is None else context.inherited
    token = identity_token_of(options)
    plan = plan_for(description, processors_of(cursor_result), inherited, token)
    size = options.get("yield_per")
    statement = None if context is None else context.query
    if size:
        metadata = result_metadata(description, statement)
        if description.needs_unique or plan.repeats:
            cursor_result.close()
            raise sa_exc.InvalidRequestError(
                "Can't use yield_per with eager loaders that require uniquing or row "
                "buffering, e.g. joinedload() against collections or subqueryload().  "
                "Consider the selectinload() strategy for better flexibility in "
                "loading objects."
            )

        def chunks(count: int | None) -> Iterator[list[Any]]:
            if result._unique_filter_state:
                refuse_unique()
            for rows in fetch_chunks(cursor_result, count or size):
                yield hydrate(session, plan, rows, options, context)

        result: Any = ChunkedIteratorResult(
            metadata,
            chunks,
            source_supports_scalars=plan.scalar,
            raw=cursor_result,
            dynamic_yield_per=True,
        )
        result._yield_per = size
        return result  # type: ignore[no-any-return]
    rows = hydrate(session, plan, fetch_all(cursor_result), options, context)
    generation = None if options.get("prebuffer_rows") else session._generation
    return _result(
        session, statement, description, plan, rows, generation, cursor_result
    )


def objects_of(session: Any, statement: Any, cursor_result: Any) -> Result[Any]:
    """What a SELECT of entities would load, from rows that the user fetched himself."""
    state = FromStatementState(FromStatement(statement, text("")), None)
    return wrap(session, cursor_result, state.load_of(cursor_result), {})


def require_unique(obj: Any) -> None:
    """The result of a joined collection load was read without ``unique()``."""
    raise sa_exc.InvalidRequestError(
        "The unique() method must be invoked on this Result, as it contains results "
        "that include joined eager loads against collections"
    )


def hydrate(
    session: Any,
    plan: LoadPlan,
    rows: list[Any],
    options: Mapping[str, Any],
    context: QueryContext | None = None,
) -> list[Any]:
    """Objects of raw rows, with the loads that follow.

    Args:
        options: execution options of the statement; those loads repeat them.
    """
    populate_existing = bool(options) and bool(
        options.get("populate_existing") or options.get(OVERWRITE_OPTION)
    )
    if context is None and options and plan.post:
        context = QueryContext(session, None, _repeated(options))
    run = hydration.LoadRun(
        session._tracker,
        plan.outputs,
        scalar=plan.scalar,
        populate_existing=populate_existing,
    )
    run.context = context
    results: list[Any] = run.rows(rows)
    run.finish()
    if plan.post:
        run_post_loads(session, plan, run, populate_existing)
    return results


def _repeated(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The execution options that the loads which follow a statement repeat."""
    return {k: v for k, v in options.items() if k not in OF_ONE_STATEMENT}


def execute_dml(
    session: Any,
    statement: Any,
    parameters: Any,
    options: Mapping[str, Any],
    bind_arguments: Any,
) -> Any:
    """Execute an INSERT, UPDATE or DELETE of an entity's rows."""
    subject = subject_of(statement)
    if subject is not None and not subject.mapper.configured:
        subject.mapper._check_configure()
    if getattr(statement, "is_from_statement", False):
        return execute_select(session, statement, parameters, options, bind_arguments)
    return dml.execute_dml(
        session, statement, parameters, options, bind_arguments, hydrate
    )
