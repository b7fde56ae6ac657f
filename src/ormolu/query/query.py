"""``Query``: the legacy interface to SELECT statements of entities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy import func, literal_column
from sqlalchemy.sql import expression
from sqlalchemy.sql.selectable import SelectLabelStyle

from .._core.warnings import deprecated, legacy, warn_deprecated
from ..compile.query_style import query_style, with_style
from .base import no_condition
from .dml import delete_rows, update_rows
from .merging import merge_result
from .results import ExecutingQuery

_T = TypeVar("_T", bound=Any)

PLUS_COL = SelectLabelStyle.LABEL_STYLE_TABLENAME_PLUS_COL
LEGACY_ORM = SelectLabelStyle.LABEL_STYLE_LEGACY_ORM


class Query(ExecutingQuery, Generic[_T]):
    """A SELECT of entities that knows its session.

    Args:
        entities: what to select: one thing or several.
        session: the session that executes.

    Source: ``sqlalchemy.orm.Query``.
    """

    # -- statements ------------------------------------------------------------------

    @property
    def statement(self) -> Any:
        """The SELECT that the query stands for."""
        return self._before_compile()._public_statement()

    def _statement_20(self, for_statement: bool = False) -> Any:
        """What Core's ``assert_compile`` asks a query for, to set labels on it."""
        statement = self._before_compile()._public_statement()
        return statement._generate() if self._statement is None else statement

    @property
    def selectable(self) -> Any:
        """The SELECT that the query stands for."""
        return self.__clause_element__()

    def __clause_element__(self) -> Any:
        query = self.enable_eagerloads(False)
        style = self._select._label_style
        if style is LEGACY_ORM:
            style = PLUS_COL
        return query.set_label_style(style).statement

    @property
    def column_descriptions(self) -> list[dict[str, Any]]:
        """What each selected element is."""
        found: list[dict[str, Any]] = self._select.column_descriptions
        return found

    @property
    def lazy_loaded_from(self) -> Any:
        """The state of the object that a lazy load runs for; None otherwise."""
        return self._lazy_loaded_from

    def subquery(
        self,
        name: str | None = None,
        with_labels: bool = False,
        reduce_columns: bool = False,
    ) -> Any:
        """The SELECT as a subquery."""
        if self._statement is not None:
            raise sa_exc.InvalidRequestError(
                "Can't call this method on a Query that uses from_statement()"
            )
        query = self.enable_eagerloads(False)
        if with_labels:
            query = query.set_label_style(PLUS_COL)
        statement = query.statement
        if reduce_columns:
            statement = statement.reduce_columns()
        return statement.subquery(name=name)

    def cte(
        self, name: str | None = None, recursive: bool = False, nesting: bool = False
    ) -> Any:
        """The SELECT as a common table expression."""
        statement = self.enable_eagerloads(False).statement
        return statement.cte(name=name, recursive=recursive, nesting=nesting)

    def label(self, name: str | None) -> Any:
        """The SELECT as a labelled scalar subquery."""
        return self.scalar_subquery().label(name)

    def scalar_subquery(self) -> Any:
        """The SELECT as a scalar subquery."""
        return self.enable_eagerloads(False).statement.scalar_subquery()

    @deprecated(
        "1.4",
        "The Query.as_scalar() method is deprecated and will be removed in a future "
        "release.  Please refer to Query.scalar_subquery().",
    )
    def as_scalar(self) -> Any:
        """Deprecated name of `scalar_subquery`."""
        return self.scalar_subquery()

    def exists(self) -> Any:
        """``EXISTS`` of the query's rows."""
        zero = self._from_zero()
        inner = (
            self.enable_eagerloads(False)
            .add_columns(literal_column("1"))
            .set_label_style(PLUS_COL)
            ._public_statement()
            .with_only_columns(literal_column("1"))
        )
        if zero is not None and not inner._from_obj:
            inner = inner.select_from(zero)
        return expression.exists(inner)

    # -- queries of a query --------------------------------------------------------------

    def _from_selectable(self, element: Any) -> Self:
        """The same entities, read from a subquery of them."""
        copied = self._clone()
        empty: Any = expression.select()
        chosen = empty.select_from(element)
        for name in ("_raw_columns", "_propagate_attrs", "_execution_options"):
            setattr(chosen, name, getattr(self._select, name))
        chosen._label_style = LEGACY_ORM
        chosen._with_options = self._select._with_options
        style = replace(query_style(self._select), from_base=True)
        copied._select = with_style(chosen, style)
        copied._joined = None
        copied._statement = None
        return copied

    def _legacy_from_self(self, *entities: Any) -> Self:
        """Select from a subquery of this query, other things if they are given."""
        inner = self.enable_eagerloads(False).correlate(None).set_label_style(PLUS_COL)
        outer = self._from_selectable(inner.statement.subquery())
        if entities:
            outer = outer.with_entities(*entities)
        return outer

    def count(self) -> int:
        """How many rows the query gives, counted by the database."""
        counted = self._legacy_from_self(func.count(literal_column("*")))
        return counted.enable_eagerloads(False).scalar()  # type: ignore[no-any-return]

    def _set_op(self, make: Any, queries: Iterable[Any]) -> Self:
        parts = [q.__clause_element__() for q in (self, *queries)]
        return self._from_selectable(make(*parts).subquery())

    def union(self, *q: Any) -> Self:
        """UNION with other queries."""
        return self._set_op(expression.union, q)

    def union_all(self, *q: Any) -> Self:
        """UNION ALL with other queries."""
        return self._set_op(expression.union_all, q)

    def intersect(self, *q: Any) -> Self:
        """INTERSECT with other queries."""
        return self._set_op(expression.intersect, q)

    def intersect_all(self, *q: Any) -> Self:
        """INTERSECT ALL with other queries."""
        return self._set_op(expression.intersect_all, q)

    def except_(self, *q: Any) -> Self:
        """EXCEPT the rows of other queries."""
        return self._set_op(expression.except_, q)

    def except_all(self, *q: Any) -> Self:
        """EXCEPT ALL the rows of other queries."""
        return self._set_op(expression.except_all, q)

    # -- loading -----------------------------------------------------------------------------

    @legacy(
        "Query.get()",
        "method",
        "The method is now available as Session.get()",
    )
    def get(self, ident: Any) -> Any:
        """Deprecated: the object with a primary key; use ``Session.get``."""
        no_condition(self, "get")
        mapper = self._only_mapper("get")
        chosen = self._select
        settings = dict(chosen._execution_options)
        return self.session.get(
            mapper,
            ident,
            options=list(self._with_options) or None,
            populate_existing=settings.pop("populate_existing", False),
            with_for_update=_for_update(chosen._for_update_arg),
            execution_options=settings,
        )

    @deprecated(
        "1.4",
        "Query.values() is deprecated and will be removed in a future release.  Please "
        "use Query.with_entities()",
    )
    def values(self, *columns: Any) -> Any:
        """Deprecated: rows of other columns."""
        if not columns:
            return iter(())
        return iter(self.with_entities(*columns)._iter())

    @deprecated(
        "1.4",
        "Query.value() is deprecated and will be removed in a future release.  Please "
        "use Query.with_entities() in combination with Query.scalar()",
    )
    def value(self, column: Any) -> Any:
        """Deprecated: the first value of another column."""
        for row in self.with_entities(column)._iter():
            return row[0]
        return None

    @legacy(
        "merge_result()",
        "function",
        "The function as well as the method on Query is superseded by the "
        "merge_frozen_result() function.",
    )
    def merge_result(self, iterator: Any, load: bool = True) -> Any:
        """Deprecated: merge the objects of another result into the session."""
        return merge_result(self, iterator, load)

    @deprecated(
        "2.0",
        "The Query.instances() method is deprecated and will be removed in a future "
        "release. Use the Select.from_statement() method or aliased() construct in "
        "conjunction with Session.execute() instead.",
    )
    def instances(self, result_proxy: Any, context: Any = None) -> Any:
        """Deprecated: objects of the rows of a result."""
        if context is None:
            warn_deprecated(
                "Using the Query.instances() method without a context is deprecated and "
                "will be disallowed in a future release.  Please make use of "
                ":meth:`_query.Query.from_statement` for linking ORM results to "
                "arbitrary select constructs.",
                "1.4",
            )
        result = self.session._objects_of(self._select, result_proxy)
        return self._handed_out(result)

    # -- changing rows -------------------------------------------------------------------------

    def update(
        self,
        values: Any,
        synchronize_session: Any = "auto",
        update_args: dict[Any, Any] | None = None,
    ) -> int:
        """UPDATE the rows that the query matches; how many there were."""
        return update_rows(self, values, synchronize_session, update_args)

    def delete(
        self,
        synchronize_session: Any = "auto",
        delete_args: dict[Any, Any] | None = None,
    ) -> int:
        """DELETE the rows that the query matches; how many there were."""
        return delete_rows(self, synchronize_session, delete_args)


def _for_update(argument: Any) -> Any:
    if argument is None:
        return None
    names = ("nowait", "read", "of", "skip_locked", "key_share")
    return {n: getattr(argument, n) for n in names if getattr(argument, n)}
