"""``Session``: the objects of a conversation with the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.base import Executable

from .._speedups import finding
from .._speedups import state as kernel
from ..exc import ObjectDeletedError
from ..instrument.expiry import expired_keys
from ..instrument.flags import PASSIVE_OFF
from ..loaders.by_key import load_by_key, load_by_value
from ..query.query import Query
from . import execution
from .binds import BindTable
from .execute_state import AnnouncedLoad, announce_load, execute_with_events
from .get import identity_values, load_with_options
from .identity import IdentityMap
from .known import SessionClassMethods, enter_session
from .known import close_all_sessions as close_all_sessions
from .known import identity_key as identity_key
from .known import object_session as object_session
from .known import was_deleted as was_deleted
from .merge import Merge
from .refreshing import Refreshing
from .states import make_transient as make_transient
from .states import make_transient_to_detached as make_transient_to_detached

DELETED = kernel.DELETED
EXPIRED = kernel.EXPIRED
UNUSABLE = DELETED | EXPIRED
NO_OPTIONS: Mapping[str, Any] = sa_util.EMPTY_DICT


class Session(Refreshing, SessionClassMethods):
    """Manages the loading, changing and saving of mapped objects.

    Args:
        bind: the engine or connection to use.
        autoflush: flush before a query.
        expire_on_commit: expire every object at commit.
        autobegin: begin a transaction when one is needed.
        twophase: use two-phase commits.
        binds: engines by mapped class, mapper or table.
        enable_baked_queries: accepted and ignored.
        info: the user's own data.
        query_cls: the class that `query` makes.
        join_transaction_mode: what to do with a connection that is in a transaction.
        close_resets_only: whether a closed session may be used again.

    Source: ``sqlalchemy.orm.Session``.
    """

    def __init__(
        self,
        bind: Any = None,
        *,
        autoflush: bool = True,
        future: bool = True,
        expire_on_commit: bool = True,
        autobegin: bool = True,
        twophase: bool = False,
        binds: Mapping[Any, Any] | None = None,
        enable_baked_queries: bool = True,
        info: dict[Any, Any] | None = None,
        query_cls: Any = None,
        autocommit: bool = False,
        join_transaction_mode: str = "conditional_savepoint",
        close_resets_only: bool | None = None,
        execution_options: Mapping[str, Any] | None = None,
    ) -> None:
        if autocommit:
            raise sa_exc.ArgumentError("autocommit=True is no longer supported")
        if not future:
            raise sa_exc.ArgumentError(
                "The 'future' parameter passed to Session() may only be set to True."
            )
        modes = (
            "conditional_savepoint",
            "rollback_only",
            "control_fully",
            "create_savepoint",
        )
        if join_transaction_mode not in modes:
            raise sa_exc.ArgumentError(
                "invalid selection for join_transaction_mode: "
                f'"{join_transaction_mode}"'
            )
        self.bind = bind
        self.autoflush = autoflush
        self.expire_on_commit = expire_on_commit
        self.autobegin = autobegin
        self.twophase = twophase
        self.join_transaction_mode = join_transaction_mode
        self.execution_options = sa_util.immutabledict(execution_options or {})
        self.info: dict[Any, Any] = dict(info or {})
        self._query_cls = query_cls or Query
        self._close_resets_only = close_resets_only
        self._transaction = None
        self._nested_transaction = None
        self._tracker = kernel.Tracker()
        self._tracker.owner = self
        self._tracker.idle = True
        self._identity_map = IdentityMap(self._tracker)
        self._awaiting = []
        self._numbers = {}
        self._finders: dict[type, kernel.IdentityDict] = {}
        self._binds = BindTable(binds)
        self.hash_key = enter_session(self)

    def __enter__(self) -> Any:
        return self

    def __exit__(self, type_: Any, value: Any, traceback: Any) -> None:
        self.close()

    def close(self) -> None:
        """Let all objects go and release the connections."""
        self._close(invalidate=False)

    def reset(self) -> None:
        """Like `close`, but the session can always be used again."""
        self._close(invalidate=False, is_reset=True)

    def invalidate(self) -> None:
        """Like `close`, and throw the connections away."""
        self._close(invalidate=True)

    def _close(self, invalidate: bool, is_reset: bool = False) -> None:
        transaction = self._transaction
        if transaction is not None and transaction._in_progress is not None:
            transaction.close(invalidate)  # refuses it
        if not is_reset and self._close_resets_only is False:
            self._closed = True
        self.expunge_all()
        if transaction is not None:
            for each in list(transaction._iterate_self_and_parents()):
                each.close(invalidate)

    def execute(
        self,
        statement: Any,
        params: Any = None,
        *,
        execution_options: Mapping[str, Any] = sa_util.EMPTY_DICT,
        bind_arguments: Mapping[str, Any] | None = None,
        _parent_execute_state: Any = None,
        _add_event: Any = None,
    ) -> Any:
        """Execute a statement; the result of rows and objects.

        Args:
            statement: a select, an insert, update or delete, or text.
            params: parameters by name, or a list of them.
        """
        return self._run_statement(
            statement,
            params,
            execution_options,
            bind_arguments,
            _parent_execute_state,
            _add_event,
        )

    def _run_statement(
        self,
        statement: Any,
        params: Any,
        execution_options: Mapping[str, Any],
        bind_arguments: Mapping[str, Any] | None,
        _parent_execute_state: Any = None,
        _add_event: Any = None,
    ) -> Any:
        """What all the public ways to execute a statement have in common."""
        if self.execution_options:
            execution_options = self._with_own_options(statement, execution_options)
        if self._hears or _add_event is not None or _parent_execute_state is not None:
            return execute_with_events(
                self,
                statement,
                params,
                execution_options,
                bind_arguments,
                _parent_execute_state,
                _add_event,
            )
        if not execution_options and not bind_arguments:
            result = execution.execute_again(self, statement, params)
            if result is not None:
                return result
        return self._execute_plain(statement, params, execution_options, bind_arguments)

    def _with_own_options(
        self, statement: Any, options: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The session's options where the statement has none, and those given."""
        of_statement = getattr(statement, "_execution_options", NO_OPTIONS)
        own = self.execution_options
        if of_statement:
            own = {k: v for k, v in own.items() if k not in of_statement}
        return {**own, **options}

    def _execute_internal(
        self,
        statement: Any,
        params: Any,
        execution_options: Mapping[str, Any],
        bind_arguments: Mapping[str, Any],
        parent: Any,
    ) -> Any:
        return execute_with_events(
            self, statement, params, execution_options, bind_arguments, parent
        )

    def _announce_load(
        self, statement: Any, connection: Any, values: Any, purpose: Any
    ) -> AnnouncedLoad:
        return announce_load(self, statement, connection, values, purpose)

    def _objects_of(self, statement: Any, cursor_result: Any) -> Any:
        return execution.objects_of(self, statement, cursor_result)

    def _execute_plain(
        self,
        statement: Any,
        params: Any,
        execution_options: Mapping[str, Any],
        bind_arguments: Mapping[str, Any] | None,
    ) -> Any:
        if not execution.is_ours(statement):
            statement = executable(statement)
            connection = self._connection_for_statement(statement, bind_arguments)
            return connection.execute(
                statement,
                {} if params is None else params,
                execution_options=execution_options,
            )
        if getattr(statement, "is_dml", False):
            return execution.execute_dml(
                self, statement, params, execution_options, bind_arguments
            )
        return execution.execute_select(
            self, statement, params, execution_options, bind_arguments
        )

    def scalar(
        self,
        statement: Any,
        params: Any = None,
        *,
        execution_options: Mapping[str, Any] = sa_util.EMPTY_DICT,
        bind_arguments: Mapping[str, Any] | None = None,
        **kw: Any,
    ) -> Any:
        """The first column of the first row, None when there is no row."""
        result = self._run_statement(
            statement, params, execution_options, bind_arguments, **kw
        )
        return result.scalar()

    def scalars(
        self,
        statement: Any,
        params: Any = None,
        *,
        execution_options: Mapping[str, Any] = sa_util.EMPTY_DICT,
        bind_arguments: Mapping[str, Any] | None = None,
        **kw: Any,
    ) -> Any:
        """The first element of each row."""
        result = self._run_statement(
            statement, params, execution_options, bind_arguments, **kw
        )
        return result.scalars()

    @finding.quick_find
    def get(
        self,
        entity: Any,
        ident: Any,
        *,
        options: Sequence[Any] | None = None,
        populate_existing: bool | None = None,
        with_for_update: Any = None,
        identity_token: Any = None,
        execution_options: Mapping[str, Any] = NO_OPTIONS,
        bind_arguments: Mapping[str, Any] | None = None,
    ) -> Any:
        """The object with a primary key: from the identity map or the database.

        Args:
            entity: the mapped class.
            ident: the key: a value, a tuple, or a dict by attribute name.

        Returns:
            the object, or None when there is no such row.
        """
        if (  # compared with the defaults: truth tests cost twice as much
            populate_existing is None
            and options is None
            and with_for_update is None
            and identity_token is None
            and execution_options is NO_OPTIONS
        ):
            home = self._finders.get(entity)
            if home is not None and (type(ident) is int or type(ident) is str):
                found = home.get(ident)
                if type(found) is entity:
                    try:
                        flags = found._o_flags
                    except AttributeError:  # its state is kept beside it
                        flags = kernel.state_of(found)._o_flags
                    if not flags & UNUSABLE:
                        return found
                elif (
                    found is None
                    and bind_arguments is None
                    and not self.execution_options
                ):
                    layout = kernel.registered_layout(entity)
                    if layout is not None and len(layout.pk_slots) == 1:
                        self._autoflush()
                        return load_by_value(self, layout.mapper, ident)
        return self._get(
            entity,
            ident,
            options,
            populate_existing,
            with_for_update,
            identity_token,
            execution_options,
            bind_arguments,
        )

    def _get(
        self,
        entity: Any,
        ident: Any,
        options: Any,
        populate_existing: bool | None,
        with_for_update: Any,
        identity_token: Any,
        execution_options: Mapping[str, Any],
        bind_arguments: Any,
    ) -> Any:
        mapper = sa_inspect(entity)
        if mapper is None or not getattr(mapper, "is_mapper", False):
            raise sa_exc.ArgumentError(
                f"Expected mapped class or mapper, got: {entity!r}"
            )
        mapper._check_configure()
        overwrite = populate_existing
        if self.execution_options or execution_options:
            execution_options = {**self.execution_options, **execution_options}
            if overwrite is None:
                overwrite = execution_options.get("populate_existing")
            if overwrite is not None:
                execution_options["populate_existing"] = overwrite
        elif overwrite is not None:
            execution_options = {"populate_existing": overwrite}
        if with_for_update is False:
            with_for_update = None
        values = identity_values(mapper, ident)
        key = mapper.key_of_values(values)
        home = self._tracker.home(mapper.layout, identity_token)
        if (
            identity_token is None
            and isinstance(entity, type)
            and not mapper.always_refresh
            and not self.execution_options
        ):
            self._finders[entity] = home
        if not overwrite and not mapper.always_refresh and with_for_update is None:
            found = home.get(key)
            if found is not None:
                if not isinstance(found, mapper.class_):
                    return None
                if self._has_row(found):
                    return found
        if (
            with_for_update is not None
            or options
            or execution_options
            or identity_token is not None
            or bind_arguments
            or mapper.always_refresh
        ):
            return load_with_options(
                self,
                mapper,
                values,
                options,
                mapper.always_refresh,
                with_for_update,
                execution_options,
                bind_arguments,
                identity_token,
            )
        self._autoflush()
        return load_by_key(self, mapper, key)

    def _has_row(self, found: Any) -> bool:
        """Reload an object if it is expired; whether its row is still there."""
        struct = kernel.state_of(found)
        if struct._o_flags & EXPIRED and expired_keys(found):
            try:
                struct._o_layout.mapper._load_expired(found, PASSIVE_OFF)
            except ObjectDeletedError:
                self._remove_newly_deleted([found])
                return False
        return True

    def get_one(self, entity: Any, ident: Any, **kw: Any) -> Any:
        """Like `get`, but NoResultFound when there is no such row."""
        found = self.get(entity, ident, **kw)
        if found is None:
            raise sa_exc.NoResultFound("No row was found when one was required")
        return found

    @property
    def new(self) -> sa_util.IdentitySet:
        """Pending objects."""
        return sa_util.IdentitySet(self._tracker.new.values())

    @property
    def dirty(self) -> sa_util.IdentitySet:
        """Persistent objects with changes, whether or not they amount to anything."""
        tracker = self._tracker
        return sa_util.IdentitySet(
            o
            for o in tracker.modified.values()
            if id(o) not in tracker.deleted and id(o) not in tracker.new
        )

    @property
    def deleted(self) -> sa_util.IdentitySet:
        """Objects marked for deletion."""
        return sa_util.IdentitySet(self._tracker.deleted.values())

    @property
    def identity_map(self) -> IdentityMap:
        """The persistent objects under their identity keys."""
        return self._identity_map

    def query(self, *entities: Any, **kwargs: Any) -> Any:
        """A legacy `Query` of entities, executed by this session."""
        return self._query_cls(entities, self, **kwargs)

    def merge(
        self, instance: Any, *, load: bool = True, options: Sequence[Any] | None = None
    ) -> Any:
        """Copy an object's state onto the session's object of the same key.

        Args:
            instance: the given object; it does not enter the session.
            load: load what the session does not have; False takes the given object
                for a true picture of the database, and emits nothing.
            options: loader options for what is loaded.

        Returns:
            the session's object, loaded or made new.
        """
        if self._warn_on_events:
            self._flush_warning("Session.merge()")
        return self._merge_all([instance], load, options)[0]

    def merge_all(
        self,
        instances: Iterable[Any],
        *,
        load: bool = True,
        options: Sequence[Any] | None = None,
    ) -> Sequence[Any]:
        """Merge several objects; see `merge`."""
        if self._warn_on_events:
            self._flush_warning("Session.merge_all()")
        return self._merge_all(instances, load, options)

    def _merge_all(
        self, instances: Iterable[Any], load: bool, options: Any
    ) -> list[Any]:
        if load:
            self._autoflush()
        merge = Merge(self, load, options)
        with self.no_autoflush:
            return [merge.start(instance) for instance in instances]


def executable(statement: Any) -> Any:
    """A statement that is not about entities.

    Raises:
        ArgumentError: when it is nothing that can be executed.
    """
    if isinstance(statement, Executable):
        return statement
    return coercions.expect(roles.StatementRole, statement)


def _show_parts(cls: type[Session]) -> None:
    """Put the public methods of the parts where tools look for them."""
    for part in cls.__mro__:
        for name, value in list(vars(part).items()):
            public = not name.startswith("_") or name in ("__iter__", "__contains__")
            own = part.__module__.startswith(f"{__package__}.")
            if public and own and callable(value) and name not in vars(cls):
                setattr(cls, name, value)


_show_parts(Session)
