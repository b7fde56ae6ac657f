"""``SessionTransaction``: one transaction, or savepoint, of a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import Connection

from .._core.transactions import TransactionalContext
from .._core.warnings import warn
from ..exc import FlushError
from .object_refs import ObjectRefs
from .restoring import keep_changes, restore

MAX_FLUSHES = 100


class SessionTransactionState(Enum):
    """Where a transaction stands."""

    ACTIVE = 1
    PREPARED = 2
    COMMITTED = 3
    DEACTIVE = 4
    CLOSED = 5
    PROVISIONING_CONNECTION = 6


class SessionTransactionOrigin(Enum):
    """How a transaction came to be."""

    AUTOBEGIN = 0
    BEGIN = 1
    BEGIN_NESTED = 2
    SUBTRANSACTION = 3


ACTIVE = SessionTransactionState.ACTIVE
PREPARED = SessionTransactionState.PREPARED
COMMITTED = SessionTransactionState.COMMITTED
DEACTIVE = SessionTransactionState.DEACTIVE
CLOSED = SessionTransactionState.CLOSED
PROVISIONING_CONNECTION = SessionTransactionState.PROVISIONING_CONNECTION

STATE_ERRORS = {
    COMMITTED: "This session is in 'committed' state; no further SQL can be emitted "
    "within this transaction.",
    PREPARED: "This session is in 'prepared' state; no further SQL can be emitted "
    "within this transaction.",
    DEACTIVE: "This session is in 'inactive' state, due to the SQL transaction being "
    "rolled back; no further SQL can be emitted within this transaction.",
}


class SessionTransaction(TransactionalContext):
    """A transaction of a session; made by it, seldom used directly.

    Source: ``sqlalchemy.orm.SessionTransaction``.
    """

    _rollback_exception: BaseException | None = None
    _in_progress: str | None = None
    _new: ObjectRefs
    _deleted: ObjectRefs
    _dirty: ObjectRefs
    _key_switches: ObjectRefs

    def __init__(
        self,
        session: Any,
        origin: SessionTransactionOrigin,
        parent: SessionTransaction | None = None,
    ) -> None:
        if session._trans_context_manager is not None:
            self._trans_ctx_check(session)
        if session._closed:
            raise sa_exc.InvalidRequestError(
                "This Session has been permanently closed and is unable to handle "
                "any more transaction requests."
            )
        self.session = session
        self._bound_session = session
        self.origin = origin
        self._parent = parent
        self.nested = origin is SessionTransactionOrigin.BEGIN_NESTED
        self._connections: dict[Any, tuple[Connection, Any, bool, bool]] = {}
        self._state = ACTIVE
        self._previous_nested = session._nested_transaction if self.nested else None
        self._take_snapshot(parent)
        session._transaction = self
        session._tracker.idle = False
        if session._hears:
            session.dispatch.after_transaction_create(session, self)
        if self.nested:
            session._nested_transaction = self

    def _take_snapshot(self, parent: SessionTransaction | None) -> None:
        """Note from now on which objects come, go and change."""
        if parent is not None and not self.nested:
            self._new, self._deleted = parent._new, parent._deleted
            self._dirty, self._key_switches = parent._dirty, parent._key_switches
            return
        if self.nested and not self.session._flushing:
            self.session.flush()
        self._new = ObjectRefs()
        self._deleted = ObjectRefs()
        self._dirty = ObjectRefs()
        self._key_switches = ObjectRefs()

    # -- state -------------------------------------------------------------------------

    @property
    def parent(self) -> SessionTransaction | None:
        """The enclosing transaction, None for the outermost."""
        return self._parent

    @property
    def is_active(self) -> bool:
        """Whether the transaction can be used."""
        return self.session is not None and self._state is ACTIVE

    @property
    def _is_transaction_boundary(self) -> bool:
        return self.nested or self._parent is None

    def _transaction_is_active(self) -> bool:
        return self._state is ACTIVE

    def _transaction_is_closed(self) -> bool:
        return self._state is CLOSED

    def _rollback_can_be_called(self) -> bool:
        return self._state not in (COMMITTED, CLOSED)

    def _get_subject(self) -> Any:
        return self.session

    def __enter__(self) -> Any:
        self._require("enter")
        return super().__enter__()

    def _require(self, operation: str, *also: SessionTransactionState) -> None:
        """Refuse an operation that the state does not allow."""
        state = self._state
        if state is ACTIVE or state in also:
            return
        if state is PROVISIONING_CONNECTION:
            raise sa_exc.InvalidRequestError(
                "This session is provisioning a new connection; concurrent "
                "operations are not permitted",
                code="isce",
            )
        if state is DEACTIVE and self._rollback_exception is not None:
            raise sa_exc.PendingRollbackError(
                "This Session's transaction has been rolled back due to a "
                "previous exception during flush. To begin a new transaction "
                "with this Session, first issue Session.rollback(). "
                f"Original exception was: {self._rollback_exception}",
                code="7s2a",
            )
        if state in STATE_ERRORS:
            raise sa_exc.InvalidRequestError(STATE_ERRORS[state])
        raise sa_exc.ResourceClosedError("This transaction is closed")

    @contextmanager
    def _moving(self, method: str, to: SessionTransactionState) -> Iterator[None]:
        """Name the method that changes the state; nothing else may do so meanwhile.

        Raises:
            IllegalStateChangeError: when another method is in progress, in another
                thread or task, or below this one in an event.
        """
        before = self._in_progress
        if before is not None:
            self._refuse_change(method, before, to)
        self._in_progress = method
        try:
            yield
        finally:
            self._in_progress = before

    def _refuse_change(
        self, method: str, before: str, to: SessionTransactionState
    ) -> None:
        raise sa_exc.IllegalStateChangeError(
            f"Method '{method}()' can't be called here; method '{before}()' is "
            f"already in progress and this would cause an unexpected state change to "
            f"{to!r}",
            code="isce",
        )

    def _iterate_self_and_parents(
        self, upto: SessionTransaction | None = None
    ) -> Iterator[SessionTransaction]:
        current: SessionTransaction | None = self
        while current is not None:
            yield current
            if current is upto:
                return
            current = current._parent

    def _inner_transactions(self) -> list[SessionTransaction]:
        """The transactions within this one, the innermost first."""
        found = []
        current = self.session._transaction
        while current is not None and current is not self:
            found.append(current)
            current = current._parent
        return found

    def _begin(self, nested: bool = False) -> SessionTransaction:
        """Begin a savepoint, or a part for the length of a flush, within this one."""
        self._require("begin")
        origin = SessionTransactionOrigin
        return SessionTransaction(
            self.session, origin.BEGIN_NESTED if nested else origin.SUBTRANSACTION, self
        )

    # -- connections ---------------------------------------------------------------------

    def connection(
        self, bindkey: Any = None, execution_options: Any = None, **kwargs: Any
    ) -> Connection:
        """The connection of a bind within this transaction, opened when there is none."""
        self._require("connect")
        bind = self.session.get_bind(bindkey, **kwargs)
        return self._connection_for_bind(bind, execution_options)

    @property
    def connections(self) -> frozenset[Connection]:
        """The connections that the transaction uses so far, or used."""
        if self._is_transaction_boundary or self._parent is None:
            return frozenset(entry[0] for entry in self._entries())
        return self._parent.connections

    def bound_connection(self, bindkey: Any = None, **kwargs: Any) -> Connection:
        """The connection that the transaction uses for a bind; none is opened.

        Raises:
            InvalidRequestError: when it uses none for that bind.
        """
        bind = self._bound_session.get_bind(bindkey, **kwargs)
        boundary = self
        while not boundary._is_transaction_boundary and boundary._parent is not None:
            boundary = boundary._parent
        found = boundary._connections.get(bind)
        if found is None and not isinstance(bind, Connection):
            found = boundary._connections.get(bind.engine)
        if found is None:
            raise sa_exc.InvalidRequestError(
                f"This transaction has not acquired a connection for bind {bind!r}"
            )
        return found[0]

    def _connection_for_bind(
        self, bind: Any, execution_options: Any = None
    ) -> Connection:
        if self._state is not ACTIVE:
            self._require("connect")
        found = self._connections.get(bind)
        if found is not None:
            if execution_options:
                warn(
                    "Connection is already established for the given bind; "
                    "execution_options ignored"
                )
            return found[0]
        return self._provision(bind, execution_options)

    def _provision(self, bind: Any, options: Any) -> Connection:
        """Open a connection, with the transaction closed to everybody else."""
        before, self._in_progress = self._in_progress, "_connection_for_bind"
        self._state = PROVISIONING_CONNECTION
        try:
            connection, entered = self._open(bind, options)
            if entered and self.session._hears:
                self.session.dispatch.after_begin(self.session, self, connection)
            return connection
        finally:
            self._state = ACTIVE
            self._in_progress = before

    def _open(self, bind: Any, options: Any) -> tuple[Connection, bool]:
        """A connection of the bind, and whether it has a transaction of ours now."""
        local = False
        if self._parent is not None:
            connection = self._parent._connection_for_bind(bind, options)
            if not self.nested:
                return connection, False
        elif isinstance(bind, Connection):
            connection = bind
            if connection.engine in self._connections:
                raise sa_exc.InvalidRequestError(
                    "Session already has a Connection associated for the given "
                    "Connection's Engine"
                )
        else:
            connection = bind.connect()
            local = True
        try:
            if self._parent is None:
                options = self.session._connection_options(options)
            if options:
                connection = connection.execution_options(**options)
            transaction, should_commit = self._begin_on(connection, local)
        except BaseException:
            if local:
                connection.close()
            raise
        entry = (connection, transaction, should_commit, local)
        self._connections[connection] = self._connections[connection.engine] = entry
        return connection, True

    def _begin_on(self, connection: Connection, local: bool) -> tuple[Any, bool]:
        """Begin on a connection, or join what has begun there; whether it is ours."""
        if self.session.twophase and self._parent is None:
            return connection.begin_twophase(), True
        if self.nested:
            return connection.begin_nested(), True
        if not connection.in_transaction():
            return connection.begin(), True
        mode = "control_fully" if local else self.session.join_transaction_mode
        if mode == "conditional_savepoint":
            nested = connection.in_nested_transaction()
            mode = "create_savepoint" if nested else "rollback_only"
        if mode == "create_savepoint":
            return connection.begin_nested(), True
        transaction: Any = (
            connection.get_nested_transaction() or connection.get_transaction()
        )
        return transaction, mode == "control_fully"

    def _entries(self) -> set[tuple[Connection, Any, bool, bool]]:
        return set(self._connections.values())

    # -- the end -------------------------------------------------------------------------

    def prepare(self) -> None:
        """First phase of a two-phase commit."""
        if (
            self._parent is not None
            or self.session is None
            or not self.session.twophase
        ):
            raise sa_exc.InvalidRequestError(
                "'twophase' mode not enabled, or not root transaction; can't prepare."
            )
        self._prepare()

    def _prepare(self) -> None:
        self._require("prepare")
        with self._moving("_prepare_impl", PREPARED):
            session = self.session
            if self._is_transaction_boundary and session._hears:
                session.dispatch.before_commit(session)
            for inner in self._inner_transactions():
                inner.commit()
            if not session._flushing:
                self._flush_all()
        if self._parent is None and self.session.twophase:
            try:
                for entry in self._entries():
                    entry[1].prepare()
            except BaseException:
                self.rollback()
                raise
        self._state = PREPARED

    def _flush_all(self) -> None:
        session = self.session
        for _ in range(MAX_FLUSHES):
            if session._is_clean():
                return
            session.flush()
        raise flush_loop_error()

    def commit(self, _to_root: bool = False) -> None:
        """Flush, commit, and expire the session's objects."""
        if self._state is not PREPARED:
            self._require("commit")
        if self._in_progress is not None:
            self._refuse_change("commit", self._in_progress, CLOSED)
        if self._state is not PREPARED:
            self._prepare()
        session, parent = self.session, self._parent
        if self._is_transaction_boundary:
            with self._moving("commit", CLOSED):
                self._commit_connections()
        self._close(False)
        if _to_root and parent is not None:
            parent.commit(_to_root=True)
        del session

    def _commit_connections(self) -> None:
        for entry in self._entries():
            if entry[2]:
                entry[1].commit()
        self._state = COMMITTED
        session = self.session
        if session._hears:
            session.dispatch.after_commit(session)
        self._keep_changes()

    def rollback(
        self, _capture_exception: BaseException | None = None, _to_root: bool = False
    ) -> None:
        """Roll back, and give the session's objects their state back."""
        if self._state in (COMMITTED, CLOSED, PROVISIONING_CONNECTION):
            self._require("rollback")
        if self._in_progress is not None:
            self._refuse_change("rollback", self._in_progress, CLOSED)
        for inner in self._inner_transactions():
            inner._close(False)
        session, parent = self.session, self._parent
        with self._moving("rollback", CLOSED):
            boundary, failure = self._roll_back_connections()
            if failure is None and not session._is_clean():
                warn(
                    "Session's state has been changed on a non-active transaction - "
                    "this state will be discarded."
                )
                boundary._restore()
        self._close(False)
        if parent is not None and _capture_exception is not None:
            parent._rollback_exception = _capture_exception
        if failure is not None:
            raise failure
        if session._hears:
            session.dispatch.after_soft_rollback(session, self)
        if _to_root and parent is not None:
            parent.rollback(_to_root=True)

    def _roll_back_connections(
        self,
    ) -> tuple[SessionTransaction, BaseException | None]:
        """Roll back up to the next savepoint or the whole; what went wrong if so."""
        if self._state not in (ACTIVE, PREPARED):
            return self, None
        boundary = self
        for boundary in self._iterate_self_and_parents():
            if boundary._is_transaction_boundary:
                return boundary, boundary._rollback_boundary(None)
            boundary._state = DEACTIVE
        return boundary, None

    def _rollback_boundary(self, cause: BaseException | None) -> BaseException | None:
        failure: BaseException | None = None
        session = self.session
        try:
            for entry in self._entries():
                entry[1].rollback()
            self._state = DEACTIVE
            if session._hears:
                session.dispatch.after_rollback(session)
        except BaseException as error:
            failure = error
        finally:
            self._state = DEACTIVE
            if cause is not None:
                self._rollback_exception = cause
            self._restore()
        return failure

    def _rollback_now(self, cause: BaseException) -> None:
        """A flush failed: roll back; the session must still be told to."""
        failure = self._rollback_boundary(cause)
        if failure is not None:
            raise failure

    def close(self, invalidate: bool = False) -> None:
        """Release the connections; what was not committed is rolled back."""
        if self._state is CLOSED:
            return
        if self._in_progress is not None:
            self._refuse_change("close", self._in_progress, CLOSED)
        self._close(invalidate)

    def _close(self, invalidate: bool) -> None:
        session = self.session
        if session is None:
            return
        if self.nested:
            session._nested_transaction = self._previous_nested
        elif self._parent is None:
            session._nested_transaction = None
        session._transaction = self._parent
        outermost = self._parent is None
        if outermost:
            session._tracker.idle = True
        for connection, transaction, should_commit, local in self._entries():
            if invalidate and outermost:
                connection.invalidate()
            if should_commit and transaction.is_active:
                transaction.close()
            if local and outermost:
                connection.close()
        self._state = CLOSED
        self._rollback_exception = None  # its traceback keeps the flushed objects alive
        if session._hears:
            session.dispatch.after_transaction_end(session, self)
        self.session = None

    # -- objects -------------------------------------------------------------------------

    def _keep_changes(self) -> None:
        """After a commit: expire objects, let the deleted ones go."""
        if self.nested:
            parent = self._parent
            assert parent is not None
            parent._new.update(self._new)
            parent._dirty.update(self._dirty)
            parent._deleted.update(self._deleted)
            parent._key_switches.update(self._key_switches)
            return
        keep_changes(self)

    def _restore(self) -> None:
        """After a rollback: new objects leave, deleted ones return, others expire."""
        restore(self)


def flush_loop_error() -> Exception:
    """A listener makes new changes at every flush."""
    return FlushError(
        "Over 100 subsequent flushes have occurred within session.commit() - is an "
        "after_flush() hook creating new objects?"
    )
