"""SQL expressions as values of attributes."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.elements import ClauseElement

CLAUSE = "__clause_element__"
LIMIT = 1000


class _Kinds(dict[type, bool]):
    """Whether the values of a type are SQL expressions; worked out once a type."""

    def __missing__(self, kind: type) -> bool:
        found = issubclass(kind, ClauseElement) or hasattr(kind, CLAUSE)
        if len(self) < LIMIT:
            self[kind] = found
        return found


EXPRESSION_KINDS = _Kinds()


def is_expression(value: Any) -> bool:
    """Whether a value is computed by the database."""
    return EXPRESSION_KINDS[type(value)]


def expression_of(value: Any) -> Any:
    """The clause that an attribute's value stands for."""
    return getattr(value, CLAUSE)() if hasattr(value, CLAUSE) else value
