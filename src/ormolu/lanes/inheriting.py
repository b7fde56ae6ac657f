"""Prepared statements as they are executed for objects whose load had users' options.

Such options, criteria among them, have values of one execution.  What its objects load
later shares a statement and a load plan, which are kept with the record of the load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.engine import Connection

from ..hydrate.description import with_criteria
from ..hydrate.plans import LoadPlan, plan_for
from .fast import is_free
from .rows import compile_state_of, fetch_all, processors_of
from .selects import FastSelect, find


class InheritingLoad:
    """One prepared statement for one record.

    Args:
        statement: the prepared statement.
        inherited: the options that its objects inherit; criteria are added to it.
    """

    __slots__ = ("_fast", "_inherited", "_plan", "statement")

    def __init__(self, statement: Any, inherited: tuple[Any, ...]) -> None:
        self.statement = with_criteria(statement, inherited)
        self._inherited = inherited
        self._fast: FastSelect | None = None
        self._plan: LoadPlan | None = None

    def rows(
        self, connection: Connection, values: Mapping[str, Any]
    ) -> tuple[LoadPlan, list[Any]]:
        """Execute; the load plan and the driver's rows."""
        found = None
        if is_free(connection):
            found = find(self.statement, connection, values)
        if found is not None:
            fast, bindparams = found
            rows = fast.rows(connection, bindparams, values)
            if rows is not None:
                return self._plan_of(fast), rows
        result = connection.execute(
            self.statement,
            values,
            execution_options={"_result_disable_adapt_to_context": True},
        )
        description = compile_state_of(result).load
        plan = plan_for(description, processors_of(result), self._inherited)
        return plan, fetch_all(result)

    def _plan_of(self, fast: FastSelect) -> LoadPlan:
        if self._plan is None or self._fast is not fast:
            self._fast = fast
            self._plan = fast.inheriting_plan(self._inherited)
        return self._plan


def inheriting(prepared: Any, record: Any) -> InheritingLoad:
    """A prepared statement for the objects of a load, kept with their record."""
    loads: dict[Any, InheritingLoad] | None = record.loads
    if loads is None:
        loads = record.loads = {}
    found = loads.get(prepared)
    if found is None:
        found = InheritingLoad(prepared.statement, record.inherited)
        loads[prepared] = found
    return found
