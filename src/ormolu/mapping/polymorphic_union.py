"""``polymorphic_union()``: the tables of a concrete hierarchy as one selectable.

Source: "Concrete Polymorphic Loading Configuration" in the page "Mapping Class
Inheritance Hierarchies" of SQLAlchemy's documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import cast, literal_column, null, select, type_coerce, union_all
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.selectable import Select, Subquery


def polymorphic_union(
    table_map: Mapping[Any, Any],
    typecolname: str | None,
    aliasname: str | None = "p_union",
    cast_nulls: bool = True,
) -> Subquery:
    """A ``UNION ALL`` of tables, for the mapper of a concrete hierarchy's base.

    Each table's SELECT has the columns of all; those that it lacks are NULL.

    Args:
        table_map: tables, or other selectables, by polymorphic identity.
        typecolname: the name of a column that gets the identity of each row; None
            for no such column.
        aliasname: the name of the union.
        cast_nulls: whether the NULLs are cast to the type of their column, which some
            databases want and Oracle doesn't.

    Returns:
        The union as a subquery.

    Raises:
        InvalidRequestError: a table has a column named ``typecolname``.
        ArgumentError: a value of ``table_map`` cannot be selected from.
    """
    tables = {
        identity: coercions.expect(roles.FromClauseRole, table)
        for identity, table in table_map.items()
    }
    columns = {identity: _by_key(table) for identity, table in tables.items()}
    # of columns with one name, the first has the place, and the last has the type
    types: dict[str, Any] = {}
    for by_key in columns.values():
        if typecolname is not None and typecolname in by_key:
            raise InvalidRequestError(
                f"Polymorphic union can't use '{typecolname}' as the discriminator "
                f"column due to mapped column {by_key[typecolname]!r}; please apply "
                "the 'typecolname' argument; this is available on ConcreteBase as "
                "'_concrete_discriminator_name'"
            )
        types.update((key, column.type) for key, column in by_key.items())

    def fill(key: str, type_: Any) -> Any:
        typed = cast(null(), type_) if cast_nulls else type_coerce(null(), type_)
        return typed.label(key)

    selects: list[Select[Any]] = []
    for identity, by_key in columns.items():
        chosen = [
            by_key[key] if key in by_key else fill(key, type_)
            for key, type_ in types.items()
        ]
        if typecolname is not None:
            chosen.append(literal_column(_as_literal(identity)).label(typecolname))
        selects.append(select(*chosen).select_from(tables[identity]))
    return union_all(*selects).alias(aliasname)


def _by_key(table: Any) -> dict[str, Any]:
    return {column.key: column for column in table.c}


def _as_literal(identity: Any) -> str:
    """An identity as SQL text: part of the statement's text, not a parameter."""
    if isinstance(identity, str):
        doubled = identity.replace("'", "''")
        return f"'{doubled}'"
    return repr(identity)
