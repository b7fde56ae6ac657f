"""What one execution of an INSERT, UPDATE or DELETE was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.engine import Connection
from sqlalchemy.sql import visitors

from ..compile.dml_state import target_of
from ..compile.returning import returns_plain

OWN_OPTIONS = frozenset(
    {
        "autoflush",
        "dml_strategy",
        "is_delete_using",
        "is_update_from",
        "populate_existing",
        "render_nulls",
        "synchronize_session",
    }
)
"""Execution options that mean nothing to Core."""

INSERT_STRATEGIES = ("raw", "orm", "bulk", "auto")
UPDATE_STRATEGIES = ("orm", "auto", "bulk", "core_only")
DELETE_STRATEGIES = ("orm", "auto", "core_only")
SYNCHRONIZATIONS = (None, False, "auto", "evaluate", "fetch")

Hydrate = Callable[[Any, Any, list[Any], Mapping[str, Any]], list[Any]]


@dataclass(slots=True)
class Request:
    """A statement with all that came with it.

    Attributes:
        options: execution options, those of the statement included.
        core_options: those that came with the execution, for Core.
        hydrate: makes objects of a session from raw rows.
    """

    session: Any
    statement: Any
    parameters: Any
    options: Mapping[str, Any]
    core_options: Mapping[str, Any]
    bind_arguments: Mapping[str, Any] | None
    hydrate: Hydrate

    @property
    def entity(self) -> Any:
        """The mapper or alias whose rows are written."""
        return target_of(self.statement)

    @property
    def mapper(self) -> Any:
        return self.entity.mapper

    @property
    def has_many(self) -> bool:
        """Whether the parameters are a list."""
        return isinstance(self.parameters, (list, tuple))

    @property
    def single_parameters(self) -> Mapping[str, Any]:
        """The parameters, when there is at most one set of them."""
        if not self.parameters:
            return {}
        if not self.has_many:
            return self.parameters  # type: ignore[no-any-return]
        return self.parameters[0] if len(self.parameters) == 1 else {}

    def connection(self, statement: Any = None) -> Connection:
        """The session's connection for the statement, or for another one."""
        chosen = self.statement if statement is None else statement
        return self.session._connection_for_statement(  # type: ignore[no-any-return]
            chosen, self.bind_arguments
        )

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """Execute a statement through Core."""
        options = self.core_options
        if getattr(statement, "_returning", None) and not returns_plain(statement):
            # The columns of the rows are those compiled, not those written.
            options = {**options, "_result_disable_adapt_to_context": True}
        return self.connection(statement).execute(
            statement, parameters or {}, execution_options=options
        )

    def wants_plain_core(self) -> bool:
        """Whether nothing in the options is for Core, or for listeners to see."""
        return OWN_OPTIONS.issuperset(self.options)

    def strategy(self, kind: str, known: tuple[str, ...]) -> str:
        """The ``dml_strategy``.

        Raises:
            ArgumentError: when it is unknown.
            InvalidRequestError: when "bulk" is asked for without parameters.
        """
        strategy = self.options.get("dml_strategy", "auto")
        if strategy == "bulk" and not (
            self.parameters and (kind == "insert" or self.has_many)
        ):
            raise sa_exc.InvalidRequestError(
                'Can\'t use "bulk" ORM insert strategy without passing separate '
                "parameters"
            )
        if strategy != "bulk" and strategy not in known:
            listed = ", ".join(repr(s) for s in known)
            if kind == "insert":
                listed = listed[:-1]  # as SQLAlchemy writes it
            raise sa_exc.ArgumentError(
                f"Valid strategies for ORM {kind} strategy are {listed}"
            )
        return str(strategy)

    def synchronization(self) -> str | None:
        """The ``synchronize_session``; None for no synchronization at all.

        Raises:
            ArgumentError: when it is unknown.
        """
        chosen = self.options.get("synchronize_session", "auto")
        if chosen not in SYNCHRONIZATIONS:
            raise sa_exc.ArgumentError(
                "Valid strategies for session synchronization are 'auto', "
                "'evaluate', 'fetch', False"
            )
        return chosen or None


def parameter_names(statement: Any) -> frozenset[str]:
    """Names of the parameters that a statement's own expressions ask for."""
    elements: Iterable[Any] = visitors.iterate(statement)
    return frozenset(
        element.key
        for element in elements
        if element.__visit_name__ == "bindparam" and element.required
    )
