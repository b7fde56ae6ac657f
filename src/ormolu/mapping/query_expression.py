"""``query_expression()``: an attribute whose SQL each statement gives for itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import null

from .._speedups import state as kernel
from ..instrument.expiry import is_expired
from ..instrument.flags import ATTR_EMPTY
from ..instrument.impls import AttributeImpl, ColumnImpl
from .properties import ColumnProperty


class QueryExpression(ColumnProperty):
    """Maps an attribute to what ``with_expression()`` says.

    Args:
        default: the expression of a statement that says nothing; None for none.

    Source: ``sqlalchemy.orm.query_expression``.
    """

    is_query_expression = True
    inherit_cache = True

    def __init__(self, default: Any = None, **kw: Any) -> None:
        super().__init__(
            null() if default is None else default, deferred=default is None, **kw
        )

    def _make_impl(self, attr: Any, mapper: Any) -> ColumnImpl:
        return _QueryExpressionImpl(
            attr, self._load, active_history=self.active_history
        )


class _QueryExpressionImpl(ColumnImpl):
    """A value that came with a statement; there is no other way to it."""

    def _fire_loader(self, obj: Any, passive: int) -> Any:
        if kernel.state_of(obj)._o_key is None or is_expired(obj, self.key):
            return ATTR_EMPTY
        return AttributeImpl._fire_loader(self, obj, passive)
