"""``Session`` of the 0.4 era: ``save``, ``update``, ``clear``, ``entity_name``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ScalarResult, inspect, text
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from ... import Session as _Session
from ... import SessionTransaction, SessionTransactionOrigin
from ... import object_session as object_session
from ... import sessionmaker as _sessionmaker
from ...exc import instance_text
from .mapping import class_mapper
from .query import Query
from .siblings import class_for, instance_for


class Session(_Session):
    """Today's session with the methods of that time.

    A session that is not transactional works outside of a transaction until
    `begin`: each flush is committed at once, and a query holds its connection only
    until its rows are there.  Nothing is expired by a commit.

    Args:
        bind: the engine or connection to use.
        autoflush: flush before a query.
        transactional: always be in a transaction, which `commit` or `rollback` ends.
        kw: arguments of today's ``Session``.
    """

    _ending = False

    def __init__(
        self,
        bind: Any = None,
        *,
        autoflush: bool = True,
        transactional: bool = False,
        **kw: Any,
    ) -> None:
        kw.setdefault("expire_on_commit", False)
        kw.setdefault("query_cls", Query)
        self.transactional = transactional
        super().__init__(bind, autoflush=autoflush, **kw)

    # -- objects --------------------------------------------------------------------

    def save(self, instance: Any, entity_name: str | None = None) -> None:
        """Put a transient instance into the session; it becomes pending.

        Raises:
            InvalidRequestError: it is in a session, or stored already.
        """
        state = self._inspect(instance, entity_name)
        if state.session is not None:
            raise sa_exc.InvalidRequestError(
                f"Instance {instance_text(instance)} is already attached to session "
                f"'{state.session_id}' (this is '{self.hash_key}')"
            )
        if state.key is not None:
            raise sa_exc.InvalidRequestError(
                f"Instance {instance_text(instance)} is already persistent"
            )
        self.add(instance)

    def update(self, instance: Any, entity_name: str | None = None) -> None:
        """Put a detached instance back into a session.

        Raises:
            InvalidRequestError: it was never stored, or is in another session.
        """
        state = self._inspect(instance, entity_name)
        if state.key is None:
            raise sa_exc.InvalidRequestError(
                f"Instance {instance_text(instance)} is not persisted"
            )
        self.add(instance)

    def save_or_update(self, instance: Any, entity_name: str | None = None) -> None:
        """`save` a transient instance, `update` any other; today's ``add``."""
        self._inspect(instance, entity_name)
        self.add(instance)

    def _inspect(self, instance: Any, entity_name: str | None) -> Any:
        instance = instance_for(instance, entity_name)
        self._state_of(instance)  # raises for one that is not mapped
        return inspect(instance)

    def merge(
        self,
        instance: Any,
        entity_name: str | None = None,
        dont_load: bool = False,
        **kw: Any,
    ) -> Any:
        """Copy an instance into the session, and give back the session's own.

        Args:
            instance: the given object; it does not enter the session.
            entity_name: which mapping of its class is meant.
            dont_load: copy without a look into the database; today's ``load=False``.
            kw: arguments of today's ``merge``.
        """
        instance = instance_for(instance, entity_name)
        if dont_load:
            kw["load"] = False
        return super().merge(instance, **kw)

    def delete(self, instance: Any, entity_name: str | None = None) -> None:
        """Mark an instance for deletion by the next flush."""
        super().delete(instance_for(instance, entity_name))

    def refresh(
        self, instance: Any, attribute_names: Any = None, with_for_update: Any = None
    ) -> None:
        """Load attributes anew at once; no flush comes before, changes are discarded.

        Args:
            instance: the object.
            attribute_names: names of columns and relations; all of them if None.
            with_for_update: lock the row.
        """
        with self.no_autoflush:
            super().refresh(instance, attribute_names, with_for_update)
        self._end_implied()

    def clear(self) -> None:
        """Let all objects go; the transaction stays as it is."""
        self.expunge_all()

    # -- queries --------------------------------------------------------------------

    def query(self, *entities: Any, entity_name: str | None = None, **kw: Any) -> Any:
        """A `Query` of classes, mappers and columns.

        Args:
            entities: what to select.
            entity_name: which mapping of the classes is meant.
            kw: arguments of the query class.

        Raises:
            InvalidRequestError: a class has no such mapping.
        """
        chosen = [
            class_mapper(e, entity_name).class_ if isinstance(e, type) else e
            for e in entities
        ]
        return super().query(*chosen, **kw)

    def get(
        self, entity: Any, ident: Any, *, entity_name: str | None = None, **kw: Any
    ) -> Any:
        """The object with a primary key, None when there is none."""
        found = super().get(class_for(entity, entity_name), ident, **kw)
        self._end_implied()
        return found

    def load(
        self, entity: Any, ident: Any, *, entity_name: str | None = None, **kw: Any
    ) -> Any:
        """The object with a primary key, loaded anew.

        Raises:
            InvalidRequestError: there is none.
        """
        return self.query(entity, entity_name=entity_name, **kw).load(ident)

    def get_bind(
        self, mapper: Any = None, *args: Any, entity_name: str | None = None, **kw: Any
    ) -> Any:
        """The engine of a mapper, or of a class and an entity name."""
        return super().get_bind(class_for(mapper, entity_name), *args, **kw)

    def connection(  # type: ignore[override]  # a mapper comes first
        self, mapper: Any = None, *, entity_name: str | None = None, **kw: Any
    ) -> Any:
        """The connection that the session uses for a mapper or class."""
        if mapper is not None:
            mapper = inspect(class_for(mapper, entity_name))
            kw["bind_arguments"] = {"mapper": mapper, **kw.get("bind_arguments", {})}
        return super().connection(**kw)

    def bind_mapper(
        self, mapper: Any, bind: Any, entity_name: str | None = None
    ) -> None:
        """Use an engine for a mapper, or for a class and an entity name."""
        super().bind_mapper(class_for(mapper, entity_name), bind)

    # -- transactions ---------------------------------------------------------------

    def _is_implied(self) -> bool:
        """Whether nobody asked for the transaction that is there."""
        if self.transactional:
            return False
        current = self._transaction
        while current is not None and current.parent is not None:
            current = current.parent
        return (
            current is not None and current.origin is SessionTransactionOrigin.AUTOBEGIN
        )

    def _end_implied(self) -> None:
        """Commit what was done without a transaction, sending nothing more."""
        if self._ending or not self._is_implied():
            return
        self._ending = True
        try:
            super().commit()
        finally:
            self._ending = False

    def _is_clean(self) -> bool:
        return self._ending or super()._is_clean()

    def _release_after_query(self, result: Any) -> Any:
        """The rows of a query in memory, where its transaction was implied."""
        if not self._is_implied() or self._flushing:
            return result
        kept = _in_memory(result)
        self._end_implied()
        return kept

    def begin(self, nested: bool = False) -> SessionTransaction:
        """Begin a transaction, in a session that is not transactional."""
        self._end_implied()
        return super().begin(nested)

    def commit(self) -> None:
        """Flush, and commit every connection in use.

        Raises:
            InvalidRequestError: no transaction has begun.
        """
        if not self.transactional and (self._transaction is None or self._is_implied()):
            raise sa_exc.InvalidRequestError("No transaction is begun.")
        super().commit()

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Send changes to the database.

        Args:
            objects: only the changes of these; nothing that depends on them or that
                they depend on is looked for.
        """
        implied = self._transaction is None or self._is_implied()
        try:
            self._flush_now(objects)
        except BaseException:
            if implied and not self.transactional:
                self.rollback()
            raise
        if implied:
            self._end_implied()

    def execute(self, statement: Any, params: Any = None, **kw: Any) -> Any:
        """Execute a statement, which may be a string of SQL."""
        if isinstance(statement, str):
            statement = text(statement)
        return super().execute(statement, params, **kw)


def _in_memory(result: Any) -> Any:
    """A result that has all its rows already."""
    if not isinstance(result, ScalarResult):
        return result.freeze()()
    rows: Any = iter(result.all())
    metadata = SimpleResultMetaData(["entity"])
    return IteratorResult(metadata, rows, _source_supports_scalars=True).scalars()


class sessionmaker(_sessionmaker):
    """A factory of legacy sessions, transactional unless told otherwise.

    Args:
        bind: the engine of every session.
        class_: the class to make.
        autoflush: flush before a query.
        transactional: always be in a transaction.
        kw: further arguments of the session.
    """

    def __init__(
        self,
        bind: Any = None,
        class_: type[Any] = Session,
        *,
        autoflush: bool = True,
        transactional: bool = True,
        **kw: Any,
    ) -> None:
        kw.setdefault("expire_on_commit", False)
        super().__init__(
            bind,
            class_=class_,
            autoflush=autoflush,
            transactional=transactional,
            **kw,
        )


def create_session(
    bind: Any = None,
    *,
    autoflush: bool = False,
    transactional: bool = False,
    **kw: Any,
) -> Session:
    """A session that neither flushes by itself nor is transactional by default."""
    return Session(bind, autoflush=autoflush, transactional=transactional, **kw)
