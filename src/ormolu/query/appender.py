"""``lazy="dynamic"``: a query of a collection, which also takes changes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from .._core.warnings import warn
from .._speedups import state as kernel
from ..exc import DetachedInstanceError, instance_text
from ..instrument.flags import PASSIVE_NO_INITIALIZE
from ..instrument.state import session_of
from ..loaders.write_only import CollectionWriter, RelatedRows
from ..mapping.hooks import hooks
from .query import Query

_T = TypeVar("_T", bound=Any)


class AppenderMixin(CollectionWriter[_T]):
    """What a query of a dynamic collection has beside a query.

    As long as the parent is not in the database, it answers with what waits to be
    added; what it builds is a plain query of ``query_class``.

    Args:
        attr: the attribute's implementation.
        instance: the parent.
    """

    query_class: Any = None
    _select: Any

    def __init__(self, attr: Any, instance: Any) -> None:
        self.attr = attr
        self.instance = instance
        rows = RelatedRows(attr.parent_token, instance)
        Query.__init__(self, rows.entity, None)  # type: ignore[arg-type]
        self._select = rows.restrict(self._select)

    # -- the session -------------------------------------------------------

    @property
    def session(self) -> Any:
        """The parent's session after an autoflush, None before it is persistent."""
        found = session_of(self.instance)
        if found is not None and self.instance in found:
            found._autoflush()
        return found if self._is_stored() else None

    @session.setter
    def session(self, session: Any) -> None:
        self.sess = session

    def _is_stored(self) -> bool:
        return kernel.state_of(self.instance)._o_key is not None

    def _waiting(self) -> list[Any]:
        """What is to be added to the collection by the next flush."""
        found: list[Any] = self.attr.get_history(
            self.instance, PASSIVE_NO_INITIALIZE
        ).added
        return found

    # -- a plain query of the same rows ---------------------------------------

    def _clone(self) -> Any:
        session = session_of(self.instance)
        if session is None:
            raise DetachedInstanceError(
                f"Parent instance {instance_text(self.instance)} is not bound to a "
                "Session, and no contextual session is established; lazy load "
                f"operation of attribute '{self.attr.key}' cannot proceed"
            )
        return self._plain(session)

    def _plain(self, session: Any) -> Any:
        cls = self.query_class or Query
        query = cls.__new__(cls)
        state = {k: v for k, v in self.__dict__.items() if k not in OWN_NAMES}
        query.__dict__.update(state)
        query.session = session
        return query

    # -- execution -------------------------------------------------------------

    def _iter(self) -> Any:
        session = self.session
        if session is not None:
            return self._plain(session)._iter()
        if self._is_stored():
            warn(
                f"Instance {instance_text(self.instance)} is detached, dynamic "
                "relationship cannot return a correct result.   This warning will "
                "become a DetachedInstanceError in a future release."
            )
        metadata = SimpleResultMetaData([self.attr.class_.__name__])
        waiting: Any = iter(self._waiting())
        return IteratorResult(
            metadata, waiting, _source_supports_scalars=True
        ).scalars()

    def __getitem__(self, index: int | slice) -> Any:
        session = self.session
        if session is None:
            return self._waiting()[index]
        return self._plain(session)[index]

    def count(self) -> int:
        """How many objects are in the collection, counted by the database."""
        session = self.session
        if session is None:
            return len(self._waiting())
        return self._plain(session).count()  # type: ignore[no-any-return]

    # -- changes ------------------------------------------------------------

    def append(self, item: _T) -> None:
        """Put an object into the collection."""
        self.add(item)

    def extend(self, iterator: Iterable[_T]) -> None:
        """Put several objects into the collection."""
        self.add_all(iterator)


OWN_NAMES = frozenset({"attr", "instance", "sess", "session"})


class AppenderQuery(AppenderMixin[_T], Query[_T], Generic[_T]):
    """What a ``lazy="dynamic"`` relationship gives out.

    Source: ``sqlalchemy.orm.AppenderQuery``.
    """


def appender_class(query_class: type | None) -> type:
    """The class of a collection's queries, given the user's own query class."""
    if query_class is None:
        return AppenderQuery
    name = f"Appender{query_class.__name__}"
    bases = (AppenderMixin, query_class)
    return type(name, bases, {"query_class": query_class})


def dynamic_factories(prop: Any) -> tuple[Any, Any]:
    """What makes the query of an instance's collection, and what reads its items."""
    cls: Any = appender_class(prop.query_class)

    def load(instance: Any) -> list[Any]:
        impl = prop._impl_of(instance)
        found: list[Any] = cls(impl, instance).autoflush(False).all()
        return found

    return cls, load


hooks.dynamic_factories = dynamic_factories
