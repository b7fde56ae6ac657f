"""The fast lane: compiled SQL straight to a DBAPI cursor of the session's connection.

Taken only when nobody could tell the difference: no events on engine, connection or
dialect, no echo, no execution options.  One row by key costs 9 µs in the driver and 21
to 26 through Core's execution.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.engine.interfaces import BindTyping

from .failing import fail_before, fail_executing, fail_fetching
from .kept import MISSING, kept_with

Parameters = Callable[[Mapping[str, Any]], Any]


def is_free(connection: Connection) -> bool:
    """Whether the fast lane may be taken on a connection."""
    engine = connection.engine
    return not (
        connection._echo
        or connection._has_events
        or engine._has_events
        or connection._execution_options
        or connection.dialect._has_events
        or connection._transaction is None
        or not connection._transaction.is_active
        or (
            connection._nested_transaction is not None
            and not connection._nested_transaction.is_active
        )
    )


def suits(compiled: Any) -> bool:
    """Whether a compiled statement needs nothing of Core's execution."""
    return not (
        compiled.post_compile_params
        or compiled.literal_execute_params
        or compiled.dialect.bind_typing is BindTyping.SETINPUTSIZES
    )


class FastStatement:
    """A compiled statement with its parameter builder.

    Args:
        compiled: Core's compiled statement; see `suits`.
        expanded: its `ExpandedState`, where it has IN lists.

    Attributes:
        names: of the parameters, in the driver's order where it has one.
        takes_values: whether the driver takes a tuple of the values as they are.
    """

    __slots__ = (
        "_executes_itself",
        "_fixed",
        "_keys",
        "_positional",
        "_processors",
        "coltypes",
        "names",
        "returns_rows",
        "sql",
        "takes_values",
    )

    def __init__(self, compiled: Any, expanded: Any = None) -> None:
        self.sql: str = compiled.string if expanded is None else expanded.statement
        self.returns_rows = bool(getattr(compiled, "effective_returning", None))
        # the driver's types of the columns, known when it was executed once
        self.coltypes: list[Any] | None = None
        self._positional = bool(compiled.positional)
        names = (
            (compiled if expanded is None else expanded).positiontup
            if self._positional
            else list(compiled.bind_names.values())
            if expanded is None
            else list(expanded.parameters)
        )
        self.names: tuple[str, ...] = tuple(names or ())
        # names that the driver's format would not bear have others in the text
        escaped = compiled.escaped_bind_names or {}
        self._keys = tuple([escaped.get(name, name) for name in self.names])
        self._fixed: dict[str, Any] = {
            name: bind.effective_value
            for bind, name in compiled.bind_names.items()
            if name in self.names and not bind.required and bind.callable is None
        }
        processors = compiled._bind_processors
        if expanded is not None:
            processors = {**processors, **expanded.processors}
        self._processors = {n: p for n, p in processors.items() if n in self.names}
        self.takes_values = self._positional and not self._processors
        self._executes_itself = (  # which saves a call
            type(compiled.dialect).do_execute is DefaultDialect.do_execute
        )

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """The driver's form of the parameters."""
        if self._fixed:
            values = {**self._fixed, **values}
        processors = self._processors
        if self._positional:
            if not processors:
                return tuple([values[n] for n in self.names])
            return tuple(
                [
                    processors[n](values[n]) if n in processors else values[n]
                    for n in self.names
                ]
            )
        return {
            key: processors[n](values[n]) if n in processors else values[n]
            for key, n in zip(self._keys, self.names, strict=True)
        }

    def many(self, names: Sequence[str], rows: list[tuple[Any, ...]]) -> list[Any]:
        """The driver's form of many rows of parameters.

        Args:
            names: the parameter that each element of a row is for.
        """
        if self._positional and tuple(names) == self.names:
            return self._processed(names, rows)
        return [self.parameters(dict(zip(names, row, strict=True))) for row in rows]

    def _processed(self, names: Sequence[str], rows: list[Any]) -> list[Any]:
        """Rows in the driver's order, with the types' processors applied."""
        wanted = [
            (position, self._processors[name])
            for position, name in enumerate(names)
            if name in self._processors
        ]
        if not wanted:
            return rows
        return [_processed(row, wanted) for row in rows]

    def fetch_all(
        self,
        connection: Connection,
        values: Mapping[str, Any],
        given: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """Execute on a DBAPI cursor and return the driver's rows.

        Args:
            given: the parameters as the user gave them, for errors; None for the values.

        Raises:
            DBAPIError: the driver's errors, wrapped as Core wraps them.
        """
        if given is None:
            given = values
        try:
            if self.takes_values and not self._fixed:
                parameters: Any = tuple([values[name] for name in self.names])
            else:
                parameters = self.parameters(values)
        except BaseException as error:
            fail_before(connection, error, self.sql, [dict(given)])
        return self.fetch(connection, parameters, given)

    def fetch(
        self,
        connection: Connection,
        parameters: Any,
        given: Mapping[str, Any] | None = None,
    ) -> list[Any]:
        """The same, with the driver's form of the parameters.

        Args:
            given: None only where the driver takes the values as they are.
        """
        driver: Any = connection._dbapi_connection  # spares the property's call
        if driver is None:
            driver = connection.connection
        try:
            cursor = driver.dbapi_connection.cursor()
        except BaseException as error:
            if given is None:
                given = dict(zip(self.names, parameters, strict=True))
            fail_before(connection, error, self.sql, [dict(given)])
        try:
            if self._executes_itself:
                cursor.execute(self.sql, parameters)
            else:
                connection.dialect.do_execute(cursor, self.sql, parameters, None)
        except BaseException as error:
            fail_executing(connection, error, self.sql, parameters, cursor)
        if self.coltypes is None:
            self.coltypes = [column[1] for column in cursor.description]
        try:
            rows: Any = cursor.fetchall()
        except BaseException as error:
            fail_fetching(connection, error, cursor)
        cursor.close()
        return rows  # type: ignore[no-any-return]


def _processed(row: Any, wanted: list[tuple[int, Callable[[Any], Any]]]) -> Any:
    """A row with some values processed: itself where that changes none of them.

    Most processors return what they need not convert, such as the float of a Float.
    """
    changed: list[Any] | None = None
    for position, process in wanted:
        value = process(row[position])
        if value is not row[position]:
            if changed is None:
                changed = list(row)
            changed[position] = value
    return row if changed is None else tuple(changed)


class FastStatements:
    """Statements that their owner sends again and again, compiled once per dialect."""

    __slots__ = ("__weakref__",)

    def get(
        self, key: Hashable, dialect: Any, make: Callable[[], Any]
    ) -> FastStatement | None:
        """The statement of a key; None where it needs Core.

        Args:
            make: compiles it; it may give None for a statement that does not suit.
        """
        writes = kept_with(dialect).writes
        own = writes.get(self)
        if own is None:
            own = writes[self] = {}
        found: FastStatement | None = own.get(key, MISSING)
        if found is MISSING:
            compiled = make()
            suitable = compiled is not None and suits(compiled)
            found = own[key] = FastStatement(compiled) if suitable else None
        return found
