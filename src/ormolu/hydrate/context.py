"""``QueryContext``: one execution of a SELECT, as listeners and loaders see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import util as sa_util

from ..instrument.state import instance_state

NO_OPTIONS: Mapping[str, Any] = sa_util.EMPTY_DICT


class QueryContext:
    """One execution of a SELECT, and what its objects are loaded with.

    Args:
        session: the session that loads.
        query: the statement; None where a loader's own is not told.
        execution_options: as they were used in the end.
        params: the parameters given to it.
        refreshed: the instance that is refreshed, None for other loads.
        inherited: options that following loads repeat, where the user's own are
            among them.
        origin: the statement that this one repeats as its subquery, and the way from
            there; None for other statements.

    Source: ``sqlalchemy.orm.QueryContext``.
    """

    __slots__ = (
        "_refreshed",
        "execution_options",
        "inherited",
        "origin",
        "params",
        "query",
        "session",
    )

    def __init__(
        self,
        session: Any,
        query: Any = None,
        execution_options: Mapping[str, Any] = NO_OPTIONS,
        params: Any = None,
        refreshed: Any = None,
        *,
        inherited: tuple[Any, ...] = (),
        origin: Any = None,
    ) -> None:
        self.session = session
        self.query = query
        self.execution_options = execution_options
        self.params = params
        self._refreshed = refreshed
        self.inherited = inherited
        self.origin = origin

    @property
    def populate_existing(self) -> bool:
        """Whether what is loaded already is loaded over."""
        return bool(self.execution_options.get("populate_existing"))

    @property
    def autoflush(self) -> bool:
        """Whether the session flushes before the statement."""
        return bool(self.execution_options.get("autoflush", True))

    @property
    def yield_per(self) -> Any:
        """How many rows are fetched at a time, None for all."""
        return self.execution_options.get("yield_per")

    @property
    def refresh_state(self) -> Any:
        """The state of the instance that is refreshed, None for other loads."""
        obj = self._refreshed
        return None if obj is None else instance_state(obj)

    @property
    def user_passed_query(self) -> Any:
        """The statement as it was given."""
        return self.query


NO_CONTEXT = QueryContext(None)


def context_of(run: Any) -> QueryContext:
    """The context of a kernel's run, made when it is first wanted."""
    context: QueryContext | None = run.context
    if context is None:
        options = {"populate_existing": True} if run.populate_existing else NO_OPTIONS
        session = None if run.tracker is None else run.tracker.owner
        context = run.context = QueryContext(
            session, None, options, refreshed=run.refresh
        )
    return context
