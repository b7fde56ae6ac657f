"""Events of sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.events import Events, EventTarget, ask_first, listener_of, with_listener
from ..hydrate.load_events import hear_sessions
from ..instrument.load_watch import watching
from ..instrument.state import inspect_instance

LIFECYCLE = frozenset(
    {
        "before_attach",
        "after_attach",
        "transient_to_pending",
        "pending_to_transient",
        "persistent_to_transient",
        "pending_to_persistent",
        "detached_to_persistent",
        "loaded_as_persistent",
        "persistent_to_deleted",
        "deleted_to_persistent",
        "deleted_to_detached",
        "persistent_to_detached",
    }
)
"""Events whose last argument is an instance, with ``raw=True`` its state."""


class SessionTarget(EventTarget):
    """What the events of sessions are listened for on.

    Attributes:
        _hears: whether somebody ever listened to this session or all of its class;
            where nobody did, no event is looked for.
    """

    _hears = False
    dispatch: Any


class MakerTarget:
    """A factory of sessions of a class made for it: stands for that class."""

    class_: type[Any]


class ScopedTarget:
    """A registry of sessions: stands for the class that its factory makes."""

    session_factory: Any


@ask_first
class SessionEvents(Events[SessionTarget]):
    """Events of sessions.

    Source: ``sqlalchemy.orm.SessionEvents``.  Targets are sessions, the ``Session``
    class and its subclasses, ``sessionmaker`` and ``scoped_session``.
    """

    _target_class_doc = "SomeSessionClassOrObject"
    _dispatch_target = SessionTarget

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        if isinstance(target, ScopedTarget):
            target = target.session_factory
            if not isinstance(target, MakerTarget) and not _is_session_class(target):
                raise sa_exc.ArgumentError(
                    "Session event listen on a scoped_session "
                    "requires that its creation callable "
                    "is associated with the Session class."
                )
        if isinstance(target, MakerTarget):
            return target.class_
        if isinstance(target, type):
            if issubclass(target, (MakerTarget, ScopedTarget)):
                return SessionTarget
            return target if _is_session_class(target) else None
        if isinstance(target, SessionTarget):
            return target
        if hasattr(target, "_no_async_session_events"):
            target._no_async_session_events()
        return None

    @classmethod
    def _listen(
        cls,
        event_key: Any,
        *,
        raw: bool = False,
        restore_load_context: bool = False,
        **kw: Any,
    ) -> None:
        kw.pop("retval", None)
        if raw and event_key.identifier in LIFECYCLE:
            event_key = with_listener(event_key, _given_state(listener_of(event_key)))
        if event_key.identifier == "loaded_as_persistent":
            fn = watching(listener_of(event_key), 1, restore_load_context)
            event_key = with_listener(event_key, fn)
        event_key.base_listen(**kw)
        event_key.dispatch_target._hears = True
        if event_key.identifier == "loaded_as_persistent":
            hear_sessions()

    def do_orm_execute(self, orm_execute_state: Any) -> Any:
        """Called for each statement; may answer with a result of its own."""

    def after_transaction_create(self, session: Any, transaction: Any) -> None:
        """Called when a `SessionTransaction` was made."""

    def after_transaction_end(self, session: Any, transaction: Any) -> None:
        """Called when a `SessionTransaction` was closed."""

    def before_commit(self, session: Any) -> None:
        """Called before a commit, and before its flush."""

    def after_commit(self, session: Any) -> None:
        """Called after a commit; the session cannot emit SQL then."""

    def after_rollback(self, session: Any) -> None:
        """Called after a rollback of the database's transaction."""

    def after_soft_rollback(self, session: Any, previous_transaction: Any) -> None:
        """Called after any rollback, with the transaction that ended."""

    def before_flush(self, session: Any, flush_context: Any, instances: Any) -> None:
        """Called before a flush; it may still change what is flushed."""

    def after_flush(self, session: Any, flush_context: Any) -> None:
        """Called after the SQL of a flush, with the session's lists unchanged."""

    def after_flush_postexec(self, session: Any, flush_context: Any) -> None:
        """Called after a flush, with the session in its final state."""

    def after_begin(self, session: Any, transaction: Any, connection: Any) -> None:
        """Called when a transaction began on a connection."""

    def before_attach(self, session: Any, instance: Any) -> None:
        """Called before an instance enters the session."""

    def after_attach(self, session: Any, instance: Any) -> None:
        """Called after an instance entered the session."""

    def after_bulk_update(self, update_context: Any) -> None:
        """Called after an UPDATE with criteria."""

    def after_bulk_delete(self, delete_context: Any) -> None:
        """Called after a DELETE with criteria."""

    def transient_to_pending(self, session: Any, instance: Any) -> None:
        """Called when a new instance was added."""

    def pending_to_transient(self, session: Any, instance: Any) -> None:
        """Called when a pending instance left the session."""

    def persistent_to_transient(self, session: Any, instance: Any) -> None:
        """Called when a rollback undid the INSERT of an instance."""

    def pending_to_persistent(self, session: Any, instance: Any) -> None:
        """Called when a flush inserted an instance."""

    def detached_to_persistent(self, session: Any, instance: Any) -> None:
        """Called when a detached instance was added."""

    def loaded_as_persistent(self, session: Any, instance: Any) -> None:
        """Called when an instance was made from a row."""

    def persistent_to_deleted(self, session: Any, instance: Any) -> None:
        """Called when a flush deleted an instance."""

    def deleted_to_persistent(self, session: Any, instance: Any) -> None:
        """Called when a rollback undid the DELETE of an instance."""

    def deleted_to_detached(self, session: Any, instance: Any) -> None:
        """Called when a deleted instance left the session."""

    def persistent_to_detached(self, session: Any, instance: Any) -> None:
        """Called when a persistent instance left the session."""


def _is_session_class(target: Any) -> bool:
    return isinstance(target, type) and issubclass(target, SessionTarget)


def _given_state(fn: Callable[..., Any]) -> Callable[..., Any]:
    def with_state(session: Any, obj: Any) -> Any:
        return fn(session, inspect_instance(obj))

    return with_state
