"""Entry of ``Session.execute()`` for INSERT, UPDATE and DELETE of entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exc as sa_exc
from sqlalchemy.engine.result import null_result

from .._speedups import state as kernel
from ..compile.dml_state import ANY_CLASS
from ..compile.returning import PLAIN
from .criteria import execute_criteria
from .insert import execute_insert
from .many_tables import update_of_table
from .parameters import without_composites
from .request import (
    DELETE_STRATEGIES,
    UPDATE_STRATEGIES,
    Hydrate,
    Request,
    parameter_names,
)
from .results import returned
from .synchronize import objects_by_key, set_values
from .tables import WrittenTable, written_tables
from .update_by_key import (
    KeyedRows,
    by_key,
    check_matched,
    primary_key_of,
    update_rows,
)


def execute_dml(
    session: Any,
    statement: Any,
    parameters: Any,
    options: Mapping[str, Any],
    bind_arguments: Mapping[str, Any] | None,
    hydrate: Hydrate,
) -> Any:
    """Execute an INSERT, UPDATE or DELETE of an entity's rows.

    Args:
        options: execution options of this execution.
        hydrate: makes objects from raw rows.

    Raises:
        ArgumentError: for an unknown ``dml_strategy`` or ``synchronize_session``.
        InvalidRequestError: for what the strategy, or the backend, cannot do.
    """
    merged = {**statement._execution_options, **options}
    request = Request(
        session, statement, parameters, merged, options, bind_arguments, hydrate
    )
    if merged.get("autoflush", True):
        session._autoflush()
    if request.entity is None:
        return returned(request, request.execute(statement, parameters))
    if statement.is_insert:
        return execute_insert(request)
    if statement.is_update:
        return _execute_update(request)
    return _execute_delete(request)


def _execute_delete(request: Request) -> Any:
    strategy = request.strategy("DELETE", DELETE_STRATEGIES)
    if strategy == "core_only":
        return _execute_core(request)
    if strategy == "bulk" or (
        strategy == "auto" and request.has_many and request.parameters
    ):
        _refuse_fetch(request)
        raise sa_exc.InvalidRequestError(
            "Bulk ORM DELETE not supported right now. Statement may be invoked at the "
            "Core level using session.connection().execute(stmt, parameters)"
        )
    return execute_criteria(request)


def _execute_update(request: Request) -> Any:
    strategy = request.strategy("UPDATE", UPDATE_STRATEGIES)
    if strategy == "core_only":
        return _execute_core(request)
    if strategy == "bulk" or (strategy == "auto" and request.has_many):
        return _update_in_bulk(request)
    return execute_criteria(request)


def _execute_core(request: Request) -> Any:
    """Execute a statement as a `Connection` does."""
    statement = request.statement
    if statement._returning:
        statement = statement.options(PLAIN)
    if request.mapper.single:
        statement = statement.options(ANY_CLASS)
    return request.execute(statement, request.parameters)


def _refuse_fetch(request: Request) -> str | None:
    """The ``synchronize_session`` of many rows.

    Raises:
        InvalidRequestError: for "fetch".
    """
    strategy = request.synchronization()
    if strategy == "fetch":
        raise sa_exc.InvalidRequestError(
            "The 'fetch' synchronization strategy is not available for 'bulk' ORM "
            "updates (i.e. multiple parameter sets)"
        )
    return strategy


# -- bulk UPDATE by primary key --------------------------------------------------------


def _update_in_bulk(request: Request) -> Any:
    statement, mapper = request.statement, request.mapper
    rows = request.parameters if request.has_many else [request.parameters]
    rows = without_composites(mapper, rows)
    synchronize = _require_bulk(request)
    if _is_plain(statement) and request.wants_plain_core():
        update_rows(request.connection(), mapper, rows)
    else:
        given = list(rows)
        for written in written_tables(mapper):
            _update_with_statement(request, written, given)
    if synchronize:
        _synchronize_rows(request, rows)
    return null_result()


def _require_bulk(request: Request) -> bool:
    """Refuse what bulk UPDATE cannot do; whether to synchronize objects.

    Raises:
        InvalidRequestError: for "fetch", for criteria without
            ``synchronize_session=None``, for ordered values and for RETURNING.
    """
    statement = request.statement
    strategy = request.synchronization()
    if statement._maintain_values_ordering:
        raise sa_exc.InvalidRequestError(
            "bulk ORM UPDATE does not support ordered_values() for custom UPDATE "
            "statements with bulk parameter sets.  Use a non-bulk UPDATE statement or "
            "use values()."
        )
    _refuse_fetch(request)
    if strategy is not None and statement._where_criteria:
        raise sa_exc.InvalidRequestError(
            "bulk synchronize of persistent objects not supported when using bulk "
            "update with additional WHERE criteria right now.  add "
            "synchronize_session=None execution option to bypass synchronize of "
            "persistent objects."
        )
    return strategy is not None


def _is_plain(statement: Any) -> bool:
    """Whether a statement says nothing but the table."""
    return not (
        statement._values
        or statement._where_criteria
        or statement._returning
        or statement._return_defaults
        or statement._prefixes
        or statement._hints
        or statement._inline
        or statement._independent_ctes
        or statement.dialect_kwargs
    )


def _update_with_statement(
    request: Request, written: WrittenTable, rows: list[Any]
) -> None:
    """Execute the user's own statement for a table, narrowed to one row at a time."""
    own = request.statement
    if not written.sole:
        own = update_of_table(own, written)
    passed = frozenset() if _is_plain(own) else parameter_names(own)
    statement = by_key(written, own)
    if statement._returning:
        statement = statement.options(PLAIN)
    for group in KeyedRows(written, passed, always=bool(own._values)).groups(rows):
        if statement._returning and len(group) == 1:
            # Core refuses executemany with RETURNING, and knows nothing of this.
            raise sa_exc.InvalidRequestError(
                "Bulk ORM UPDATE by primary key does not support RETURNING; execute "
                "one UPDATE with WHERE criteria instead, or select the rows afterwards"
            )
        result = request.execute(statement, group)
        if not request.statement._where_criteria:
            dialect = result.context.dialect
            sane = (
                dialect.supports_sane_multi_rowcount
                if len(group) > 1
                else dialect.supports_sane_rowcount
            )
            check_matched(written.table, result.rowcount if sane else -1, len(group))


def _synchronize_rows(request: Request, rows: Any) -> None:
    """Give loaded objects what their rows were updated with."""
    mapper = request.mapper
    if not request.session._tracker.homes:
        return
    columns = mapper._columntoproperty
    computed = {
        columns[c].key
        for c in request.statement._values or ()
        if not isinstance(c, str) and c in columns
    }
    writable = {p.key for p in mapper._column_props}.difference(mapper._pk_keys)
    for row in rows:
        key = primary_key_of(mapper, row)
        for obj in objects_by_key(request.session, mapper, [key]):
            changed = kernel.state_of(obj)._o_originals or ()
            names = writable.intersection(row)
            values = {k: row[k] for k in names if k not in changed}
            set_values(obj, values, computed.union(names.difference(values)))
