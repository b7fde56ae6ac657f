"""SQL expressions of composite attributes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import and_
from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import ClauseList

from .bundle import Bundle, RowProcessor
from .interfaces import PropComparator

_T = TypeVar("_T", bound=Any)


class CompositeBundle(Bundle[_T]):
    """The columns of a composite, handed out as an object of its class."""

    inherit_cache = True

    def __init__(self, prop: Any, exprs: Any) -> None:
        self._prop = prop
        super().__init__(prop.key, *exprs)

    def create_row_processor(
        self, query: Any, procs: Sequence[RowProcessor], labels: Sequence[str]
    ) -> RowProcessor:
        make = self._prop.make

        def process(row: Any) -> Any:
            return make([proc(row) for proc in procs])

        return process


class CompositeComparator(PropComparator[_T]):
    """Compares a composite column by column.

    A subclass given as ``comparator_factory`` may define more operators on
    ``__clause_element__().clauses``.
    """

    __slots__ = ()

    @property
    def _attributes(self) -> list[Any]:
        entity = self._parententity
        return [entity.entity_attribute(prop.key) for prop in self.prop.props]

    def __clause_element__(self) -> Any:
        bundle: Any = CompositeBundle(self.prop, self._attributes)
        return bundle.__clause_element__()

    @property
    def clauses(self) -> Any:
        """The columns."""
        return ClauseList(*self.__clause_element__().clauses, group=False)

    def _bulk_update_tuples(self, value: Any) -> Any:
        composite_class = self.prop.composite_class
        if value is not None and not isinstance(value, composite_class):
            raise sa_exc.ArgumentError(
                f"Can't UPDATE composite attribute {self.prop} to {value!r}"
            )
        columns = [attr.expression for attr in self._attributes]
        return list(zip(columns, self.prop.values_of(value), strict=True))

    def _compare(self, operator: Any, other: Any) -> Any:
        values = self.prop.values_of(other)
        pairs = zip(self._attributes, values, strict=True)
        return and_(*[operator(attr, value) for attr, value in pairs])

    def __eq__(self, other: Any) -> Any:
        return self._compare(operators.eq, other)

    def __ne__(self, other: Any) -> Any:
        return self._compare(operators.ne, other)

    def __lt__(self, other: Any) -> Any:
        return self._compare(operators.lt, other)

    def __le__(self, other: Any) -> Any:
        return self._compare(operators.le, other)

    def __gt__(self, other: Any) -> Any:
        return self._compare(operators.gt, other)

    def __ge__(self, other: Any) -> Any:
        return self._compare(operators.ge, other)

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        if op in _SORTS:
            sorts = [op(attr) for attr in self._attributes]
            return ClauseList(*sorts, group=False)
        if op not in _COMPARISONS:
            # for good, and the class that sqlalchemy.orm raises for it
            raise NotImplementedError(f"{op}: composites have no such operator")
        return op(self, *other, **kwargs)


_SORTS = {
    operators.asc_op,
    operators.desc_op,
    operators.nulls_first_op,
    operators.nulls_last_op,
}
_COMPARISONS = {
    operators.eq,
    operators.ne,
    operators.lt,
    operators.le,
    operators.gt,
    operators.ge,
}
