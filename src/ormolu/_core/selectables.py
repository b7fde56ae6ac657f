"""The private names of SQLAlchemy Core that queries and aliases need."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.base import _entity_namespace_key
from sqlalchemy.sql.elements import _anonymous_label
from sqlalchemy.sql.selectable import SelectState, TextualSelect
from sqlalchemy.sql.selectable import _OffsetLimitParam as LimitParameter
from sqlalchemy.sql.util import clause_is_present as _clause_is_present
from sqlalchemy.sql.util import find_tables as _find_tables

__all__ = [
    "LimitParameter",
    "clause_is_present",
    "froms_of",
    "is_anonymous",
    "is_omitted",
    "leaves_of",
    "namespace_key",
    "shared_attributes",
    "tables_of",
    "tables_within",
    "textual_select",
]


def clause_is_present(element: Any, within: Any) -> bool:
    """Whether a FROM element is another one, or a part of its joins."""
    return bool(_clause_is_present(element, within))  # type: ignore[no-untyped-call]


def froms_of(
    select: Any, compiler: Any, asfrom: bool, lateral: bool
) -> tuple[Any, Any]:
    """What a SELECT is from, and what of it does not correlate to where it stands.

    Arguments:
        select: a plain SELECT that is about to be compiled.
        compiler: compiles the statement around it, if there is one.
        asfrom: whether it is a FROM element of that.
        lateral: whether it is one that may refer to those before it.
    """
    entry = compiler.stack[-1] if compiler.stack else compiler._default_stack_entry
    explicit, implicit = compiler._enclosing_correlate_froms(entry, asfrom, lateral)
    state = SelectState(select, compiler)
    return state.froms, state._get_display_froms(explicit, implicit)


def is_omitted(column: Any) -> bool:
    """Whether a column is left out of statements that do not name it."""
    return bool(getattr(column, "_omit_from_statements", False))


def is_anonymous(name: object) -> bool:
    """Whether a name is only made when a statement is compiled."""
    return isinstance(name, _anonymous_label)


def leaves_of(selectable: Any) -> set[Any]:
    """What a FROM element joins: tables, aliases and subqueries, not looked into."""
    return set(selectable._from_objects)


def namespace_key(entity: Any, key: str) -> Any:
    """The attribute that ``filter_by`` means by a name.

    Raises:
        InvalidRequestError: when the entity has no such attribute.
    """
    return _entity_namespace_key(entity, key)


def shared_attributes(compiler: Any) -> dict[Any, Any]:
    """What the compilers of a statement and of all its parts share."""
    found: dict[Any, Any] = compiler._global_attributes
    return found


def tables_within(selectable: Any) -> set[Any]:
    """All tables that a FROM element selects from, inside of its subqueries as well."""
    return set(_find_tables(selectable, include_aliases=True))


def tables_of(selectable: Any) -> list[Any]:
    """The tables within a FROM element, joins and subqueries looked into."""
    found = _find_tables(selectable, include_aliases=False, include_selects=False)
    return list(dict.fromkeys(found))


def textual_select(text: Any, columns: Any) -> Any:
    """A text with the columns that its rows may hold, found by their names."""
    return TextualSelect(text, columns, positional=False)
