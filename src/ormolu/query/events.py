"""Events of ``Query``: what a listener may change before it is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from .._core.events import Events, EventTarget, ask_first, listener_of, with_listener


class QueryTarget(EventTarget):
    """What the events of queries are listened for on.

    Attributes:
        _hears: whether anybody listens at all, so that most queries need not ask.
    """

    _hears = False


@dataclass(slots=True)
class BulkChange:
    """One ``Query.update()`` or ``Query.delete()``, as its listeners see it.

    Attributes:
        query: the query whose rows are changed.
        mapper: of the rows.
        result: of the statement, once it was executed.
    """

    query: Any
    mapper: Any
    result: Any = field(default=None, init=False)

    @property
    def session(self) -> Any:
        """The session of the query."""
        return self.query.session


@dataclass(slots=True)
class BulkUpdate(BulkChange):
    """What listeners of ``before_compile_update`` and ``after_bulk_update`` are given.

    Attributes:
        values: the values to set; a listener may change them before.
    """

    values: Any
    update_kwargs: Any


@dataclass(slots=True)
class BulkDelete(BulkChange):
    """What listeners of ``before_compile_delete`` and ``after_bulk_delete`` are given."""

    delete_kwargs: Any


@ask_first
class QueryEvents(Events[QueryTarget]):
    """Events of `Query`.

    Source: ``sqlalchemy.orm.QueryEvents``.  Targets are ``Query`` and its subclasses.
    """

    _target_class_doc = "SomeQuery"
    _dispatch_target = QueryTarget

    @classmethod
    def _accept_with(cls, target: Any, identifier: str) -> Any:
        if isinstance(target, type):
            return target if issubclass(target, QueryTarget) else None
        return target if isinstance(target, QueryTarget) else None

    @classmethod
    def _listen(
        cls, event_key: Any, *, retval: bool = False, bake_ok: bool = False, **kw: Any
    ) -> None:
        if not retval:
            event_key = with_listener(event_key, _keeping(listener_of(event_key)))
        event_key.base_listen(**kw)
        QueryTarget._hears = True

    def before_compile(self, query: Any) -> Any:
        """Called before a query becomes a statement; may answer with another."""

    def before_compile_update(self, query: Any, update_context: Any) -> Any:
        """Called before ``Query.update()``; may answer with another query."""

    def before_compile_delete(self, query: Any, delete_context: Any) -> Any:
        """Called before ``Query.delete()``; may answer with another query."""


def _keeping(listener: Callable[..., Any]) -> Callable[..., Any]:
    """A listener whose answer does not count."""

    @wraps(listener)
    def call(query: Any, *context: Any) -> Any:
        listener(query, *context)
        return query

    return call


def changed_by(listeners: Any, query: Any, *context: Any) -> Any:
    """What listeners make of a query."""
    for listener in listeners:
        answer = listener(query, *context)
        if answer is not None:
            query = answer
    return query
