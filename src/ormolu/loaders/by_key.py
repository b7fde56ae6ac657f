"""Loading one object by its primary key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import LABEL_STYLE_NONE, bindparam, select

from .._core.warnings import warn
from ..compile.load_options import OwnLoad
from ..lanes.prepared import PreparedLoad
from ..lanes.purpose import NO_PURPOSE, Purpose
from .post import run_post_loads

VALUE = (1,)
"""Any key of one value: the statement depends on its NULLs alone."""
BY_VALUE = ("by key", (), False)
BY_LAZY_VALUE = ("by key", (), True)


def key_values(mapper: Any, key: Any) -> tuple[Any, ...]:
    """The values of a primary key in the kernel's form."""
    return key if len(mapper.primary_key) > 1 else (key,)


def key_criteria(mapper: Any, values: tuple[Any, ...]) -> list[Any]:
    """The WHERE criteria of a primary key; NULL where a value is None."""
    return [
        column == None  # noqa: E711
        if value is None
        else column == bindparam(f"pk_{i}", type_=column.type)
        for i, (column, value) in enumerate(
            zip(mapper.primary_key, values, strict=True), 1
        )
    ]


def key_parameters(values: tuple[Any, ...]) -> dict[str, Any]:
    """The parameters of `key_criteria`."""
    return {f"pk_{i}": v for i, v in enumerate(values, 1) if v is not None}


def select_by_key(
    mapper: Any, values: tuple[Any, ...], own: OwnLoad | None = None
) -> Any:
    """``SELECT`` of a mapper's columns by primary key."""
    statement = select(mapper).where(*key_criteria(mapper, values))
    return statement if own is None else statement.options(own)


def prepared_by_key(
    mapper: Any, values: tuple[Any, ...], lazy: bool = False
) -> PreparedLoad:
    """The prepared statement for keys with NULL in the same places."""
    nulls = tuple(i for i, v in enumerate(values) if v is None)
    name = ("by key", nulls, lazy)
    found = mapper._plans.get(name)
    if found is None:
        statement = select_by_key(mapper, values)
        found = mapper._plans[name] = _prepare(statement, lazy)
    return found  # type: ignore[no-any-return]


def _prepared_with(
    mapper: Any, values: tuple[Any, ...], node: Any, path: Any, lazy: bool
) -> PreparedLoad:
    """The same below options or a path of eager loads; kept with them."""
    cache = mapper._plans if node is None else node.prepared
    nulls = tuple(i for i, v in enumerate(values) if v is None)
    name = ("by key", mapper, nulls, lazy, path)
    found = cache.get(name)
    if found is None:
        statement = select_by_key(mapper, values, OwnLoad(node, path))
        found = cache[name] = _prepare(statement, lazy)
    return found  # type: ignore[no-any-return]


def _prepare(statement: Any, lazy: bool) -> PreparedLoad:
    if lazy:  # nobody looks its columns up by name
        statement = statement.set_label_style(LABEL_STYLE_NONE)
    return PreparedLoad(statement)


def warn_of_null_key() -> None:
    """Nothing has a primary key of NULLs."""
    warn(
        "fully NULL primary key identity cannot load any object.  "
        "This condition may raise an error in a future release."
    )


def load_by_key(
    session: Any,
    mapper: Any,
    key: Any,
    node: Any = None,
    path: Any = (),
    *,
    purpose: Purpose = NO_PURPOSE,
    lazy: bool = False,
) -> Any:
    """Load the object with a primary key; None when there is no such row.

    Args:
        lazy: it is the lazy load of a many-to-one.
    """
    if key is not None and node is None and not path and len(mapper.primary_key) == 1:
        prepared, parameters = _prepared_by_value(mapper, lazy), {"pk_1": key}
        return _load(session, mapper, prepared, parameters, purpose, lazy)
    values = key_values(mapper, key)
    if all(v is None for v in values):
        return warn_of_null_key()
    if node is None and not path:
        prepared = prepared_by_key(mapper, values, lazy)
    else:
        prepared = _prepared_with(mapper, values, node, path, lazy)
    return _load(session, mapper, prepared, key_parameters(values), purpose, lazy)


def load_by_value(session: Any, mapper: Any, value: Any) -> Any:
    """The same for a key of one value that is not None, without options."""
    prepared: PreparedLoad | None = mapper._plans.get(BY_VALUE)
    if prepared is not None and not (session._hears or session.execution_options):
        connection = session._current_connection()
        if connection is not None:
            found = prepared.load_again(session._tracker, connection, value)
            if found is not None:
                return found[0] if found else None
    return load_by_key(session, mapper, value)


def _prepared_by_value(mapper: Any, lazy: bool) -> PreparedLoad:
    """`prepared_by_key` for a key of one value that is not None."""
    found = mapper._plans.get(BY_LAZY_VALUE if lazy else BY_VALUE)
    return prepared_by_key(mapper, VALUE, lazy) if found is None else found


def _load(
    session: Any,
    mapper: Any,
    prepared: PreparedLoad,
    parameters: dict[str, Any],
    purpose: Purpose,
    lazy: bool,
) -> Any:
    connection = session._connection_for(mapper, prepared.statement)
    found, plan, run = prepared.load(
        session._tracker, connection, parameters, purpose=purpose
    )
    if plan.post:
        run_post_loads(
            session,
            plan,
            run,
            missing_only=lazy,
            query=prepared.statement,
            params=parameters,
        )
    return found[0] if found else None
