"""The private names of SQLAlchemy Core that queries and aliases need."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.base import _entity_namespace_key
from sqlalchemy.sql.elements import _anonymous_label
from sqlalchemy.sql.selectable import TextualSelect
from sqlalchemy.sql.selectable import _OffsetLimitParam as LimitParameter
from sqlalchemy.sql.util import clause_is_present as _clause_is_present
from sqlalchemy.sql.util import find_tables as _find_tables

__all__ = [
    "LimitParameter",
    "clause_is_present",
    "is_anonymous",
    "is_omitted",
    "namespace_key",
    "tables_of",
    "textual_select",
]


def clause_is_present(element: Any, within: Any) -> bool:
    """Whether a FROM element is another one, or a part of its joins."""
    return bool(_clause_is_present(element, within))  # type: ignore[no-untyped-call]


def is_omitted(column: Any) -> bool:
    """Whether a column is left out of statements that do not name it."""
    return bool(getattr(column, "_omit_from_statements", False))


def is_anonymous(name: object) -> bool:
    """Whether a name is only made when a statement is compiled."""
    return isinstance(name, _anonymous_label)


def namespace_key(entity: Any, key: str) -> Any:
    """The attribute that ``filter_by`` means by a name.

    Raises:
        InvalidRequestError: when the entity has no such attribute.
    """
    return _entity_namespace_key(entity, key)


def tables_of(selectable: Any) -> list[Any]:
    """The tables within a FROM element, joins and subqueries looked into."""
    found = _find_tables(selectable, include_aliases=False, include_selects=False)
    return list(dict.fromkeys(found))


def textual_select(text: Any, columns: Any) -> Any:
    """A text with the columns that its rows may hold, found by their names."""
    return TextualSelect(text, columns, positional=False)
