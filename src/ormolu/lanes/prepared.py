"""Statements that Ormolu makes for itself, compiled once and executed on either lane."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from .._speedups import hydration
from ..hydrate.context import QueryContext
from ..hydrate.description import with_criteria
from ..hydrate.plans import LoadPlan, plan_for
from .expanding import ExpandingStatement, suits_expanded
from .fast import FastStatement, is_free, suits
from .inheriting import inheriting
from .kept import LOADS, MISSING, keep, kept_with
from .purpose import NO_PURPOSE, Purpose, identity_token_of
from .rows import (
    compile_state_of,
    fetch_all,
    processors_of,
    processors_of_types,
)


def _nothing() -> None:
    return None


class PreparedLoad:
    """A SELECT of entities with parameters by name.

    Args:
        statement: the SELECT; compiled once per dialect.
    """

    __slots__ = ("_key", "_last", "statement")

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._key = object()
        # for the dialect of last time: there is one mostly
        self._last: tuple[Any, Any] = (_nothing, _nothing)

    def rows(
        self, connection: Connection, values: Mapping[str, Any]
    ) -> tuple[LoadPlan, list[Any]]:
        """Execute; the load plan and the driver's rows."""
        if is_free(connection):
            dialect, last = self._last
            fast = last() if dialect() is connection.dialect else None
            if fast is None:
                fast = self._fast_for(connection.dialect)
            if fast is not None:
                rows = fast.statement.fetch_all(connection, values)
                return fast.plan or fast.make_plan(connection.dialect), rows
        result = connection.execute(
            self.statement,
            values,
            execution_options={"_result_disable_adapt_to_context": True},
        )
        return self._plan_of(result), fetch_all(result)

    def load_again(
        self, tracker: Any, connection: Connection, value: Any
    ) -> list[Any] | None:
        """Load by one parameter what was loaded before; None when there is more to it.

        What `load` asks for the sake of other loads takes 1 us of `Session.get`'s 8.
        """
        dialect, last = self._last
        if dialect() is not connection.dialect or not is_free(connection):
            return None
        fast = last()
        if fast is None or not fast.takes_value:
            return None
        rows = fast.statement.fetch(connection, (value,))
        results: list[Any] = fast.plan.hydrate(tracker, rows)
        return results

    def _fast_for(self, dialect: Any) -> Any:
        """The statement and plan for a dialect; None when it needs Core."""
        loads = kept_with(dialect).loads
        fast = loads.get(self._key, MISSING)
        if fast is MISSING:
            fast = self._prepare(dialect)
            keep(loads, self._key, fast, LOADS)
        if fast is not None:
            self._last = (weakref.ref(dialect), weakref.ref(fast))
        return fast

    @staticmethod
    def _plan_of(
        result: Any, inherited: tuple[Any, ...] = (), token: Any = None
    ) -> LoadPlan:
        description = compile_state_of(result).load
        return plan_for(description, processors_of(result), inherited, token)

    def _prepare(self, dialect: Any) -> Any:
        compiled = self.statement.compile(dialect=dialect)
        if suits(compiled):
            return _FastLoad(compiled, FastStatement(compiled))
        if suits_expanded(compiled):
            return _FastLoad(compiled, ExpandingStatement(compiled))
        return None

    def load(
        self,
        tracker: Any,
        connection: Connection,
        values: Mapping[str, Any],
        *,
        purpose: Purpose = NO_PURPOSE,
        **run_args: Any,
    ) -> tuple[list[Any], LoadPlan, Any]:
        """Execute and hydrate.

        Args:
            purpose: what listeners for ``do_orm_execute`` are told of the load.

        Returns:
            the results (bare entities, or tuples), the plan, and the kernel's run.
        """
        session = tracker.owner
        context = None
        if purpose is not NO_PURPOSE and _is_quiet(session, purpose):
            shared = inheriting(self, purpose.record)
            plan, rows = shared.rows(connection, values)
            context = QueryContext(
                session,
                shared.statement,
                params=values,
                refreshed=run_args.get("refresh"),
                inherited=purpose.inherited,
            )
        elif session is not None and (
            session._hears
            or session.execution_options
            or (purpose is not NO_PURPOSE and purpose.needs_session)
        ):
            statement = with_criteria(self.statement, purpose.inherited)
            announced = session._announce_load(statement, connection, values, purpose)
            if announced.cursor is None:
                return announced.answer, NOTHING_LOADED, None
            token = identity_token_of(announced.options)
            plan = self._plan_of(announced.cursor, announced.inherited, token)
            rows = fetch_all(announced.cursor)
            if announced.populate_existing:
                run_args.setdefault("populate_existing", True)
            context = QueryContext(
                session,
                announced.statement,
                announced.options,
                values,
                run_args.get("refresh"),
                inherited=announced.inherited,
            )
        else:
            plan, rows = self.rows(connection, values)
        run = hydration.LoadRun(tracker, plan.outputs, scalar=plan.scalar, **run_args)
        if context is not None:
            run.context = context
        results = run.rows(rows)
        run.finish()
        return results, plan, run


def _is_quiet(session: Any, purpose: Purpose) -> bool:
    """Whether nobody hears of a load, which only has inherited options."""
    return bool(
        purpose.inherited
        and purpose.record is not None
        and not purpose.execution_options
        and (session is None or not (session._hears or session.execution_options))
    )


class _FastLoad:
    """The statement for one dialect; its plan needs the driver's types as well."""

    __slots__ = (
        "__weakref__",
        "_description",
        "_types",
        "plan",
        "statement",
        "takes_value",
    )

    def __init__(
        self, compiled: Any, statement: FastStatement | ExpandingStatement
    ) -> None:
        self.statement = statement
        self._description = compiled.compile_state.load
        self._types = [entry.type for entry in compiled._result_columns]
        self.plan: LoadPlan | None = None
        # whether there is nothing to do but to send one value and hydrate the rows
        self.takes_value = False

    def make_plan(self, dialect: Any) -> LoadPlan:
        """The plan, once the statement was executed."""
        coltypes = self.statement.coltypes or ()
        processors = processors_of_types(self._types, dialect, coltypes)
        self.plan = plan_for(self._description, processors)
        self.takes_value = (
            isinstance(self.statement, FastStatement)
            and self.statement.takes_values
            and len(self.statement.names) == 1
            and not self.plan.post
        )
        return self.plan


class _NothingLoaded:
    """Stands for the plan of a load that a listener answered itself."""

    post = ()
    entities = ()
    repeats = False


NOTHING_LOADED: Any = _NothingLoaded()
