"""Transactions and connections of a session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.engine import Connection, Engine

from ..exc import UnmappedClassError
from . import execution
from .base import SessionBase
from .transaction import ACTIVE, SessionTransaction, SessionTransactionOrigin


class Connecting(SessionBase):
    """The part of `Session` about transactions, connections and binds."""

    @contextmanager
    def _maker_context_manager(self) -> Iterator[Any]:
        with self, self.begin():  # type: ignore[attr-defined]
            yield self

    def _begin_for_change(self) -> None:
        """A change of an object begins a transaction, as a statement would."""
        if self._transaction is None:
            self._autobegin_t()

    def in_transaction(self) -> bool:
        """Whether a transaction has begun."""
        return self._transaction is not None

    def in_nested_transaction(self) -> bool:
        """Whether a savepoint has begun."""
        return self._nested_transaction is not None

    def get_transaction(self) -> SessionTransaction | None:
        """The outermost transaction, None when there is none."""
        current: SessionTransaction | None = self._transaction
        while current is not None and current._parent is not None:
            current = current._parent
        return current

    def get_nested_transaction(self) -> SessionTransaction | None:
        """The innermost savepoint, None when there is none."""
        nested: SessionTransaction | None = self._nested_transaction
        return nested

    @property
    def is_active(self) -> bool:
        """Whether the session can be used: not in need of a rollback."""
        return self._transaction is None or self._transaction.is_active

    def _autobegin_t(self, begin: bool = False) -> SessionTransaction:
        if self._transaction is None:
            if not begin and not self.autobegin:
                raise sa_exc.InvalidRequestError(
                    "Autobegin is disabled on this Session; please call "
                    "session.begin() to start a new transaction"
                )
            origin = SessionTransactionOrigin
            SessionTransaction(self, origin.BEGIN if begin else origin.AUTOBEGIN)
        assert self._transaction is not None
        return self._transaction  # type: ignore[no-any-return]

    def begin(self, nested: bool = False) -> SessionTransaction:
        """Begin a transaction; a context manager that commits or rolls back.

        Raises:
            InvalidRequestError: when a transaction has begun already.
        """
        current = self._transaction
        if current is None:
            current = self._autobegin_t(begin=True)
            if not nested:
                return current
        if nested:
            return current._begin(nested=True)  # type: ignore[no-any-return]
        raise sa_exc.InvalidRequestError(
            "A transaction is already begun on this Session."
        )

    def begin_nested(self) -> SessionTransaction:
        """Begin a savepoint."""
        return self.begin(nested=True)

    def commit(self) -> None:
        """Flush and commit; every transaction up to the outermost."""
        self._autobegin_t().commit(_to_root=True)

    def rollback(self) -> None:
        """Roll back to before the outermost transaction."""
        if self._transaction is not None:
            self._transaction.rollback(_to_root=True)

    def prepare(self) -> None:
        """First phase of a two-phase commit."""
        self._autobegin_t().prepare()

    # -- connections ---------------------------------------------------------------

    def connection(
        self,
        bind_arguments: Mapping[str, Any] | None = None,
        execution_options: Mapping[str, Any] | None = None,
    ) -> Connection:
        """The connection that the current transaction uses for a bind."""
        arguments = dict(bind_arguments or {})
        bind = arguments.pop("bind", None)
        if bind is None:
            bind = self.get_bind(**arguments)
        return self._connection_for_bind(bind, execution_options)

    def _connection_for_bind(
        self, bind: Any, execution_options: Any = None
    ) -> Connection:
        if self._trans_context_manager is not None:
            SessionTransaction._trans_ctx_check(self)
        transaction = self._transaction
        if transaction is None:
            transaction = self._autobegin_t()
        return transaction._connection_for_bind(bind, execution_options)  # type: ignore[no-any-return]

    def _connection_for(self, mapper: Any, clause: Any = None) -> Connection:
        """The connection for a mapper's statements."""
        connection = self._current_connection()
        if connection is not None:
            return connection
        bind = self.bind
        if bind is None or self._has_own_binds:
            bind = self.get_bind(mapper=mapper, clause=clause)
        return self._connection_for_bind(bind)

    def _current_connection(self) -> Connection | None:
        """The connection that any statement would be given, where there is one already.

        What the methods below find out in four calls, in one: 0.3 us of a statement's 4.
        """
        transaction = self._transaction
        if (
            transaction is None
            or transaction._state is not ACTIVE
            or self._trans_context_manager is not None
            or self._binds.by_key
            or type(self).get_bind is not Connecting.get_bind
        ):
            return None
        found = transaction._connections.get(self.bind)
        return None if found is None else found[0]

    def _connection_options(self, options: Any) -> dict[str, Any]:
        """What a connection is given: the session's own options, and these."""
        return {**self.execution_options, **(options or {})}

    @property
    def _has_own_binds(self) -> bool:
        """Whether the bind depends on what is executed."""
        return bool(self._binds) or type(self).get_bind is not Connecting.get_bind

    def _connection_for_statement(
        self, statement: Any, bind_arguments: Mapping[str, Any] | None
    ) -> Connection:
        if not bind_arguments:
            connection = self._current_connection()
            if connection is not None:
                return connection
        arguments = dict(bind_arguments or {})
        if not arguments and not self._has_own_binds and self.bind is not None:
            return self._connection_for_bind(self.bind)
        subject = execution.subject_of(statement)
        if subject is not None:
            arguments.setdefault("mapper", subject.mapper)
        arguments.setdefault("clause", statement)
        return self._connection_for_bind(self.get_bind(**arguments))

    def get_bind(
        self,
        mapper: Any = None,
        *,
        clause: Any = None,
        bind: Any = None,
        _sa_skip_events: bool | None = None,
        _sa_skip_for_implicit_returning: bool = False,
        **kw: Any,
    ) -> Engine | Connection:
        """The engine or connection for a mapper or statement.

        Raises:
            UnboundExecutionError: when there is none.
        """
        if bind is not None:
            return bind  # type: ignore[no-any-return]
        if not self._binds and self.bind is not None:
            return self.bind  # type: ignore[no-any-return]
        if mapper is not None:
            mapper = self._mapper_argument(mapper)
        found = self._binds.find(mapper, clause)
        if found is not None:
            return found  # type: ignore[no-any-return]
        if self.bind is not None:
            return self.bind  # type: ignore[no-any-return]
        raise sa_exc.UnboundExecutionError(_unbound_text(mapper, clause))

    def _mapper_argument(self, mapper: Any) -> Any:
        found = sa_inspect(mapper, raiseerr=isinstance(mapper, type) is False)
        if found is None:
            raise UnmappedClassError(mapper)
        if not hasattr(found, "mapper"):
            raise sa_exc.ArgumentError(f"{mapper!r} is not a mapper or mapped class")
        return found.mapper

    @property
    def binds(self) -> Mapping[Any, Any]:
        """Engines by mapped class and table; `bind_mapper` and `bind_table` add."""
        return self._binds.as_dict()  # type: ignore[no-any-return]

    def bind_mapper(self, mapper: Any, bind: Any) -> None:
        """Use an engine for a mapped class."""
        self._binds.add(mapper, bind)

    def bind_table(self, table: Any, bind: Any) -> None:
        """Use an engine for a table."""
        self._binds.add(table, bind)


def _unbound_text(mapper: Any, clause: Any) -> str:
    context = []
    if mapper is not None:
        context.append(f"mapper {mapper}")
    if clause is not None:
        context.append("SQL expression")
    if not context:
        return (
            "This session is not bound to a single Engine or Connection, and no "
            "context was provided to locate a binding."
        )
    return (
        f"Could not locate a bind configured on {', '.join(context)} or this Session."
    )
