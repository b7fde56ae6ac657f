"""``ORMExecuteState``: one execution, as ``do_orm_execute`` listeners see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql.dml import Delete, Insert, Update

from ..hydrate.description import inherited_options
from ..instrument.state import inspect_instance
from ..lanes.purpose import LOAD_OPTION, NO_PURPOSE, Purpose, identity_token_of
from ..mapping.queryable import inspect_entity
from . import execution
from .user_options import UserDefinedOption


class ORMExecuteState:
    """A statement on its way to the database.

    A listener may change ``statement`` and ``parameters``, add execution options, or
    execute the statement itself with `invoke_statement` and answer with a result.

    Source: ``sqlalchemy.orm.ORMExecuteState``.
    """

    def __init__(
        self,
        session: Any,
        statement: Any,
        parameters: Any,
        execution_options: Mapping[str, Any],
        bind_arguments: dict[str, Any],
        events_todo: Sequence[Any],
    ) -> None:
        self.session = session
        self.statement = statement
        self.parameters = parameters
        self.local_execution_options = sa_util.immutabledict(execution_options)
        self.execution_options = {
            **getattr(statement, "_execution_options", {}),
            **execution_options,
        }
        self.bind_arguments = bind_arguments
        self._events_todo = list(events_todo)
        self._starting_event_idx = 0

    def _remaining_events(self) -> list[Any]:
        return self._events_todo[self._starting_event_idx + 1 :]

    # -- execution ---------------------------------------------------------------------

    def invoke_statement(
        self,
        statement: Any = None,
        params: Any = None,
        execution_options: Mapping[str, Any] | None = None,
        bind_arguments: Mapping[str, Any] | None = None,
    ) -> Any:
        """Execute the statement, or another one, with the listeners that remain."""
        if statement is None:
            statement = self.statement
        return self.session._execute_internal(
            statement,
            self._combined(params),
            {**self.local_execution_options, **(execution_options or {})},
            {**self.bind_arguments, **(bind_arguments or {})},
            self,
        )

    def _combined(self, params: Any) -> Any:
        if not params:
            return self.parameters
        if not self.is_executemany:
            return {**(self.parameters or {}), **params}
        combined = []
        for present, new in zip_longest(self.parameters, params):
            if present is None or new is None:
                raise sa_exc.InvalidRequestError(
                    "Can't apply executemany parameters to statement; number of "
                    f"parameter sets passed to Session.execute() ({len(self.parameters)}) "
                    "does not match number of parameter sets given to "
                    f"ORMExecuteState.invoke_statement() ({len(params)})"
                )
            combined.append({**present, **new})
        return combined

    def update_execution_options(self, **opts: Any) -> None:
        """Add execution options for this execution."""
        self.local_execution_options = self.local_execution_options.union(opts)

    # -- what it is --------------------------------------------------------------------

    @property
    def bind_mapper(self) -> Any:
        """The mapper whose bind is used, None for a statement without entities."""
        return self.bind_arguments.get("mapper")

    @property
    def all_mappers(self) -> Sequence[Any]:
        """The mappers of the entities in the statement, each once."""
        if not self.is_orm_statement:
            return []
        if not self.is_select:
            return [self.bind_mapper] if self.bind_mapper is not None else []
        return list(dict.fromkeys(self._entity_mappers()))

    def _entity_mappers(self) -> Iterator[Any]:
        for described in self.statement.column_descriptions:
            entity = described.get("entity")
            if entity is not None:
                yield inspect_entity(entity).mapper

    @property
    def is_orm_statement(self) -> bool:
        """Whether the statement is about mapped entities."""
        return execution.is_ours(self.statement)

    @property
    def is_executemany(self) -> bool:
        """Whether there are several sets of parameters."""
        return isinstance(self.parameters, list)

    @property
    def is_select(self) -> bool:
        """Whether rows are selected."""
        return bool(getattr(self._inner, "is_select", False))

    @property
    def is_from_statement(self) -> bool:
        """Whether it is ``select(...).from_statement(...)``."""
        return bool(getattr(self.statement, "is_from_statement", False))

    @property
    def is_insert(self) -> bool:
        return isinstance(self._inner, Insert)

    @property
    def is_update(self) -> bool:
        return isinstance(self._inner, Update)

    @property
    def is_delete(self) -> bool:
        return isinstance(self._inner, Delete)

    @property
    def identity_token(self) -> Any:
        """The token that keeps the identities of the loaded objects apart."""
        return identity_token_of(
            {**self.execution_options, **self.local_execution_options}
        )

    @property
    def _inner(self) -> Any:
        if self.is_from_statement:
            return self.statement.element
        return self.statement

    @property
    def _load(self) -> Purpose:
        found: Purpose = self.local_execution_options.get(LOAD_OPTION, NO_PURPOSE)
        return found

    @property
    def is_column_load(self) -> bool:
        """Whether expired or deferred columns of an instance are loaded."""
        return self._load.column

    @property
    def is_relationship_load(self) -> bool:
        """Whether a loader loads related objects."""
        return self._load.relationship

    @property
    def lazy_loaded_from(self) -> Any:
        """The state of the instance whose relationship is lazily loaded."""
        self._require_select()
        obj = self._load.lazy_from
        return None if obj is None else inspect_instance(obj)

    def _require_select(self) -> None:
        if not self.is_select:
            raise sa_exc.InvalidRequestError(
                "This ORM execution is not against a SELECT statement so there are "
                "no load options."
            )

    @property
    def loader_strategy_path(self) -> Any:
        """The properties along which the load came, None at the top."""
        return self._load.path or None

    @property
    def user_defined_options(self) -> Sequence[Any]:
        """The `UserDefinedOption` objects of the statement."""
        own = getattr(self.statement, "_with_options", ())
        earlier = getattr(self.statement, "_memoized_select_entities", ())
        given = [*self._load.inherited, *own]
        for memo in earlier:  # from before with_only_columns()
            given.extend(memo._with_options)
        return [o for o in given if isinstance(o, UserDefinedOption)]


class AnnouncedLoad:
    """A loader's statement after the listeners have seen it.

    Attributes:
        cursor: the cursor result; None where a listener answered.
        answer: the objects or rows of the listener's answer.
        options: the execution options that were used.
        statement: what was executed.
        inherited: the options that following loads repeat.
    """

    __slots__ = ("answer", "cursor", "inherited", "options", "statement")

    def __init__(
        self,
        cursor: Any,
        answer: Any,
        options: Mapping[str, Any],
        statement: Any = None,
        inherited: tuple[Any, ...] = (),
    ) -> None:
        self.cursor = cursor
        self.answer = answer
        self.options = options
        self.statement = statement
        self.inherited = inherited

    @property
    def populate_existing(self) -> bool:
        """Whether what is loaded already is loaded over."""
        return bool(self.options.get("populate_existing"))


def announce_load(
    session: Any, statement: Any, connection: Any, values: Any, purpose: Purpose
) -> AnnouncedLoad:
    """Execute a loader's statement, asking the session's listeners first."""
    options: dict[str, Any] = {
        **session.execution_options,
        **purpose.execution_options,
    }
    todo = session.dispatch.do_orm_execute
    if todo:
        options[LOAD_OPTION] = purpose
        subject = execution.subject_of(statement)
        arguments = {"mapper": subject.mapper, "clause": statement}
        state = ORMExecuteState(session, statement, values, options, arguments, todo)
        for index, fn in enumerate(state._events_todo):
            state._starting_event_idx = index
            result = fn(state)
            if result:
                rows = result.unique().all()
                single = len(rows[0]) == 1 if rows else False
                answer = [r[0] for r in rows] if single else rows
                return AnnouncedLoad(None, answer, state.local_execution_options)
        statement, values = state.statement, state.parameters
        options = dict(state.local_execution_options)
        options.pop(LOAD_OPTION, None)
        if state.bind_arguments != {"mapper": subject.mapper, "clause": statement}:
            connection = session._connection_for_statement(
                statement, state.bind_arguments
            )
    sent = {**options, "_result_disable_adapt_to_context": True}
    cursor = connection.execute(statement, values, execution_options=sent)
    inherited = purpose.inherited
    added = inherited_options(getattr(statement, "_with_options", ()))
    if added:
        inherited = tuple(dict.fromkeys((*inherited, *added)))
    return AnnouncedLoad(cursor, None, options, statement, inherited)


def execute_with_events(
    session: Any,
    statement: Any,
    params: Any,
    options: Mapping[str, Any],
    bind_arguments: Mapping[str, Any] | None,
    parent: ORMExecuteState | None = None,
    add_event: Any = None,
) -> Any:
    """Execute a statement, asking the session's listeners first."""
    todo = (
        session.dispatch.do_orm_execute
        if parent is None
        else parent._remaining_events()
    )
    if add_event is not None:
        todo = [*todo, add_event]
    if todo:
        arguments = dict(bind_arguments or {})
        subject = execution.subject_of(statement)
        if subject is not None:
            arguments.setdefault("mapper", subject.mapper)
        arguments.setdefault("clause", statement)
        state = ORMExecuteState(session, statement, params, options, arguments, todo)
        for index, fn in enumerate(state._events_todo):
            state._starting_event_idx = index
            result = fn(state)
            if result:
                return result
        statement, params = state.statement, state.parameters
        options, bind_arguments = state.local_execution_options, state.bind_arguments
    return session._execute_plain(statement, params, options, bind_arguments)
