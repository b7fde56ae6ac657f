"""Executes the second statement of a load, for the objects that the first one gave."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._speedups import hydration
from ..compile.criteria import options_with_criteria
from ..hydrate.context import QueryContext
from ..hydrate.description import is_criteria_option
from ..hydrate.plans import LoadPlan, plan_for
from ..lanes.prepared import NOTHING_LOADED, PreparedLoad
from ..lanes.purpose import Purpose, identity_token_of
from ..lanes.rows import compile_state_of, fetch_all, processors_of


class Following(NamedTuple):
    """What a second statement gave.

    Attributes:
        rows: tuples, with objects where the statement has entities.
        plan: the load plan.
        run: the kernel's run; None when a listener answered in its place.
    """

    rows: list[tuple[Any, ...]]
    plan: Any
    run: Any


def criteria_to_repeat(follows: QueryContext) -> tuple[Any, ...]:
    """The criteria that a statement repeats: those of the one that it follows.

    Args:
        follows: the context of that; without a statement, lazy loads' criteria are
            all that is known.
    """
    if follows.query is None:
        return tuple(o for o in follows.inherited if is_criteria_option(o))
    return options_with_criteria(follows.query)


def follow(
    session: Any,
    mapper: Any,
    path: tuple[Any, ...],
    statement: Any,
    values: Any,
    follows: QueryContext,
    overwrite: bool,
    origin: Any = None,
    prepared: PreparedLoad | None = None,
) -> Following:
    """Execute a statement that loads a relationship, or more columns, of many objects.

    Args:
        mapper: what it loads.
        path: the relationship; empty for columns of the objects themselves.
        values: the statement's parameters.
        follows: the context of the load that the objects came from.
        overwrite: load over what is loaded already.
        origin: for the context of this load, see `QueryContext`.
        prepared: the same statement, where it is kept for later executions.
    """
    criteria = criteria_to_repeat(follows)
    if criteria:
        statement, prepared = statement.options(*criteria), None
    connection = session._connection_for(mapper, statement)
    options, inherited = follows.execution_options, follows.inherited
    if session._hears or options or follows.inherited:
        purpose = Purpose(
            relationship=bool(path),
            path=path,
            inherited=follows.inherited,
            execution_options=options,
        )
        announced = session._announce_load(statement, connection, values, purpose)
        result, options = announced.cursor, announced.options
        if result is None:
            return Following(announced.answer, NOTHING_LOADED, None)
        token = identity_token_of(options)
        overwrite = overwrite or announced.populate_existing
        inherited = announced.inherited
        plan, found = _plan_and_rows(result, inherited, token)
    elif prepared is not None:
        plan, found = prepared.rows(connection, values)
        announced = None
    else:
        result = connection.execute(
            statement,
            values,
            execution_options={"_result_disable_adapt_to_context": True},
        )
        plan, found = _plan_and_rows(result)
        announced = None
    run = hydration.LoadRun(session._tracker, plan.outputs, populate_existing=overwrite)
    if announced is not None or plan.repeats or origin is not None or criteria:
        run.context = QueryContext(
            session,
            statement if announced is None else announced.statement,
            options,
            values,
            inherited=inherited,
            origin=origin,
        )
    rows: list[tuple[Any, ...]] = run.rows(found)
    run.finish()
    return Following(rows, plan, run)


def _plan_and_rows(
    result: Any, inherited: tuple[Any, ...] = (), token: Any = None
) -> tuple[LoadPlan, list[Any]]:
    description = compile_state_of(result).load
    plan = plan_for(description, processors_of(result), inherited, token)
    return plan, fetch_all(result)
