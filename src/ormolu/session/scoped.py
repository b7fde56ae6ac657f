"""``scoped_session``: one session for each thread, or for whatever the scope is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import local
from typing import Any

from sqlalchemy import exc as sa_exc

from .._core.warnings import warn
from ..exc import UnmappedClassError
from ..mapping.inspecting import class_mapper
from .events import ScopedTarget
from .session import Session


class ThreadLocalRegistry:
    """Objects made by a function, one for each thread."""

    def __init__(self, createfunc: Callable[[], Any]) -> None:
        self.createfunc = createfunc
        self.registry = local()

    def __call__(self) -> Any:
        try:
            return self.registry.value
        except AttributeError:
            value = self.registry.value = self.createfunc()
            return value

    def has(self) -> bool:
        """Whether this thread has one."""
        return hasattr(self.registry, "value")

    def set(self, obj: Any) -> None:
        """Give this thread an object."""
        self.registry.value = obj

    def clear(self) -> None:
        """Let this thread's object go."""
        try:
            del self.registry.value
        except AttributeError:
            pass


class ScopedRegistry:
    """Objects made by a function, one for each answer of another.

    Args:
        createfunc: makes an object.
        scopefunc: names the present scope.
    """

    def __init__(
        self, createfunc: Callable[[], Any], scopefunc: Callable[[], Any]
    ) -> None:
        self.createfunc = createfunc
        self.scopefunc = scopefunc
        self.registry: dict[Any, Any] = {}

    def __call__(self) -> Any:
        key = self.scopefunc()
        try:
            return self.registry[key]
        except KeyError:
            return self.registry.setdefault(key, self.createfunc())

    def has(self) -> bool:
        """Whether the scope has one."""
        return self.scopefunc() in self.registry

    def set(self, obj: Any) -> None:
        """Give the scope an object."""
        self.registry[self.scopefunc()] = obj

    def clear(self) -> None:
        """Let the scope's object go."""
        self.registry.pop(self.scopefunc(), None)


class QueryPropertyDescriptor:
    """A class attribute that gives a `Query` of the class it is read from."""

    def __init__(self, scoped: scoped_session, query_cls: Any) -> None:
        self._scoped = scoped
        self._query_cls = query_cls

    def __get__(self, instance: Any, owner: type) -> Any:
        try:
            mapper = class_mapper(owner)
        except UnmappedClassError:
            return None
        if self._query_cls is not None:
            return self._query_cls(mapper, session=self._scoped.registry())
        return self._scoped.registry().query(mapper)


class scoped_session(ScopedTarget):
    """A registry of sessions that also answers as the present one.

    Args:
        session_factory: makes a session, usually a `sessionmaker`.
        scopefunc: names the present scope; the thread when not given.

    Source: ``sqlalchemy.orm.scoped_session``.
    """

    _support_async = False

    def __init__(
        self,
        session_factory: Any,
        scopefunc: Callable[[], Any] | None = None,
    ) -> None:
        self.session_factory = session_factory
        self.registry: ScopedRegistry | ThreadLocalRegistry = (
            ThreadLocalRegistry(session_factory)
            if scopefunc is None
            else ScopedRegistry(session_factory, scopefunc)
        )

    @property
    def _proxied(self) -> Any:
        return self.registry()

    def __call__(self, **kw: Any) -> Any:
        """The present session; keywords make it, where there is none yet.

        Raises:
            InvalidRequestError: for keywords when there is one already.
        """
        if not kw:
            return self.registry()
        if self.registry.has():
            raise sa_exc.InvalidRequestError(
                "Scoped session is already present; no new arguments may be specified."
            )
        session = self.session_factory(**kw)
        self.registry.set(session)
        return session

    def remove(self) -> None:
        """Close the present session, and forget it."""
        if self.registry.has():
            self.registry().close()
        self.registry.clear()

    def configure(self, **kwargs: Any) -> None:
        """Change the configuration of the sessions made from now on."""
        if self.registry.has():
            warn(
                "At least one scoped session is already present.  configure() can "
                "not affect sessions that have already been created."
            )
        self.session_factory.configure(**kwargs)

    def query_property(self, query_cls: Any = None) -> QueryPropertyDescriptor:
        """A descriptor for classes: a `Query` of the class by the present session."""
        return QueryPropertyDescriptor(self, query_cls)

    def __contains__(self, instance: object) -> bool:
        return instance in self._proxied

    def __iter__(self) -> Iterator[object]:
        return iter(self._proxied)

    # -- of the class rather than of a session -----------------------------------------

    @classmethod
    def object_session(cls, instance: object) -> Any:
        """The session of an object."""
        return Session.object_session(instance)

    @classmethod
    def identity_key(cls, *args: Any, **kw: Any) -> Any:
        """The identity key of a class and key, of an instance, or of a row."""
        return Session.identity_key(*args, **kw)

    @classmethod
    def close_all(cls) -> None:
        """Close every session."""
        Session.close_all()


METHODS: Iterable[str] = (
    "add",
    "add_all",
    "begin",
    "begin_nested",
    "bulk_insert_mappings",
    "bulk_save_objects",
    "bulk_update_mappings",
    "close",
    "commit",
    "connection",
    "delete",
    "delete_all",
    "execute",
    "expire",
    "expire_all",
    "expunge",
    "expunge_all",
    "flush",
    "get",
    "get_bind",
    "get_one",
    "is_modified",
    "merge",
    "merge_all",
    "query",
    "refresh",
    "reset",
    "rollback",
    "scalar",
    "scalars",
)
ATTRIBUTES: Iterable[str] = (
    "autoflush",
    "bind",
    "binds",
    "deleted",
    "dirty",
    "execution_options",
    "identity_map",
    "info",
    "is_active",
    "new",
    "no_autoflush",
)
SETTABLE = frozenset({"autoflush", "bind", "info"})


def _method(name: str) -> Any:
    original = getattr(Session, name)

    def call(self: scoped_session, *args: Any, **kw: Any) -> Any:
        return getattr(self._proxied, name)(*args, **kw)

    call.__name__ = name
    call.__qualname__ = f"scoped_session.{name}"
    call.__doc__ = original.__doc__
    call.__wrapped__ = original  # type: ignore[attr-defined]
    return call


def _attribute(name: str) -> property:
    def get(self: scoped_session) -> Any:
        return getattr(self._proxied, name)

    def set_(self: scoped_session, value: Any) -> None:
        setattr(self._proxied, name, value)

    return property(get, set_ if name in SETTABLE else None)


for _name in METHODS:
    setattr(scoped_session, _name, _method(_name))
for _name in ATTRIBUTES:
    setattr(scoped_session, _name, _attribute(_name))
