"""Entities read from a subquery of themselves, as after ``Query.union()``."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.util import ColumnAdapter


def adapt_to_base(core: Any, columns: Any) -> ColumnAdapter:
    """Let a SELECT take its columns from the first element of its FROM list.

    Args:
        core: the plain SELECT; changed in place.
        columns: the list of its columns; changed in place.

    Returns:
        what adapts further expressions to that element.
    """
    base = core._from_obj[0]
    adapter = ColumnAdapter(base)
    columns.elements[:] = [adapter.traverse(c) for c in columns.elements]
    core._raw_columns = list(columns.elements)
    for name in (
        "_where_criteria",
        "_having_criteria",
        "_order_by_clauses",
        "_group_by_clauses",
        "_distinct_on",
        # where extensions of dialects (``Select.ext``) put their elements
        "_pre_columns_clause",
        "_post_select_clause",
        "_post_criteria_clause",
        "_post_body_clause",
    ):
        clauses = getattr(core, name, None)
        if isinstance(clauses, tuple):
            setattr(core, name, tuple(adapter.traverse(c) for c in clauses))
        elif clauses is not None:
            setattr(core, name, adapter.traverse(clauses))
    core._setup_joins = tuple(
        _adapt_join(setup, base, adapter) for setup in core._setup_joins
    )
    return adapter


def _adapt_join(setup: Any, base: Any, adapter: ColumnAdapter) -> Any:
    target, onclause, left, flags = setup
    if onclause is not None:
        onclause = adapter.traverse(onclause)
    if left is not None and base.is_derived_from(left):
        left = base
    return target, onclause, left, flags
