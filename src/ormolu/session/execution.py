"""Executes statements for a session and wraps their rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NoReturn, Self

from sqlalchemy import exc as sa_exc
from sqlalchemy import text
from sqlalchemy.engine.result import ChunkedIteratorResult, IteratorResult, Result
from sqlalchemy.sql.selectable import CompoundSelect

from .._core.names import PLUGIN
from .._speedups import hydration
from ..compile.criteria import options_with_criteria
from ..compile.from_statement import FromStatement, FromStatementState, load_of
from ..dml import execution as dml
from ..dml.request import OWN_OPTIONS
from ..exc import instance_text
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
from ..lanes.selects import find
from ..loaders.post import run_post_loads

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
    if merged.get("autoflush", True):
        session._autoflush()
    connection = session._connection_for_statement(statement, bind_arguments)
    inherited = inherited_options(statement._with_options)
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
    rows = fast.rows(connection, bindparams, given)
    if rows is None:
        return None
    description, plan, context = fast.description, fast.plan, None
    if inherited:
        plan = fast.inheriting_plan(inherited)
    if inherited or (plan.post and (plan.repeats or options_with_criteria(statement))):
        context = QueryContext(
            session, statement, _repeated(options), given, inherited=inherited
        )
    return _result(
        session,
        statement,
        description,
        plan,
        hydrate(session, plan, rows, options, context),
        None,
        session._generation,
    )


def _result(
    session: Any,
    statement: Any,
    description: Any,
    plan: LoadPlan,
    rows: list[Any],
    raw: Any,
    generation: int | None,
) -> Result[Any]:
    """The result of rows that are read while the session keeps their objects.

    Args:
        generation: the session's while it does; None when the rows are the user's.
    """
    result: Any = EntityResult(
        result_metadata(description, statement),
        chain.from_iterable(_attached(session, generation, plan, rows)),
        raw=raw,
        _source_supports_scalars=plan.scalar,
    )
    if description.needs_unique:
        result._unique_filter_state = (set(), require_unique)
    return result  # type: ignore[no-any-return]


class EntityResult(IteratorResult[Any]):
    """The result of rows that are there already."""

    def yield_per(self, num: int) -> Self:
        """Take note of the wish, which no `unique` may come with."""
        super().yield_per(num)
        return self._checked()

    def unique(self, strategy: Any = None) -> Self:
        """Leave rows out that were there before."""
        super().unique(strategy)
        return self._checked()

    def _checked(self) -> Self:
        if self._yield_per and self._unique_filter_state:
            self.iterator = _refused_rows()
        return self


def _refused_rows() -> Iterator[Any]:
    _refuse_unique()
    yield


def _refuse_unique() -> NoReturn:
    raise sa_exc.InvalidRequestError(
        "Can't use the ORM yield_per feature in conjunction with unique()"
    )


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
                _refuse_unique()
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
        session, statement, description, plan, rows, cursor_result, generation
    )


def objects_of(session: Any, statement: Any, cursor_result: Any) -> Result[Any]:
    """What a SELECT of entities would load, from rows that the user fetched himself."""
    state = FromStatementState(FromStatement(statement, text("")), None)
    return wrap(session, cursor_result, state.load_of(cursor_result), {})


def _attached(
    session: Any, generation: int | None, plan: LoadPlan, rows: list[Any]
) -> Iterator[list[Any]]:
    """The rows, unless the session has let their objects go before they are read."""
    if (
        generation != session._generation
        and generation is not None
        and (plan.entities and rows)
    ):
        obj = rows[0] if plan.scalar else rows[0][0]
        raise sa_exc.InvalidRequestError(
            f"Object {instance_text(obj)} cannot be converted to 'persistent' state, as "
            "this identity map is no longer valid.  Has the owning Session been closed?"
        )
    yield rows


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
    populate_existing = bool(
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
