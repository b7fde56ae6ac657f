"""What a ``Query`` holds, and the checks that its methods make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Self, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy import select
from sqlalchemy import util as sa_util
from sqlalchemy.sql.selectable import Select, SelectLabelStyle

from .._core.names import PLUGIN
from ..compile.entities import entity_of
from ..compile.lambdas import without_lambdas
from ..compile.query_style import LEGACY, QueryStyle, query_style, with_style
from .events import QueryTarget, changed_by

_F = TypeVar("_F", bound=Callable[..., Any])


NO_SUBJECT = {"compile_state_plugin": PLUGIN, "plugin_subject": None}


def checked(*checks: Callable[[Any, str], None]) -> Callable[[_F], _F]:
    """Run checks of a query, by the method's name, before the method."""

    def decorate(method: _F) -> _F:
        name = method.__name__

        @wraps(method)
        def call(self: Any, *args: Any, **kw: Any) -> Any:
            for check in checks:
                check(self, name)
            return method(self, *args, **kw)

        return call  # type: ignore[return-value]

    return decorate


def no_statement(query: Any, method: str) -> None:
    """Refuse a query that has a whole statement (``from_statement``)."""
    if query._assertions and query._statement is not None:
        raise sa_exc.InvalidRequestError(
            f"Query.{method}() being called on a Query with an existing full "
            "statement - can't apply criterion."
        )


def no_limit(query: Any, method: str) -> None:
    """Refuse a query that has a LIMIT or OFFSET."""
    no_statement(query, method)
    chosen = query._select
    if query._assertions and (
        chosen._limit_clause is not None or chosen._offset_clause is not None
    ):
        raise sa_exc.InvalidRequestError(
            f"Query.{method}() being called on a Query which already has LIMIT or "
            f"OFFSET applied.  Call {method}() before limit() or offset() are applied."
        )


def no_criterion(query: Any, method: str) -> None:
    """Refuse a query that has criteria of any kind."""
    chosen = query._select
    no_condition(query, method)
    if query._assertions and (chosen._order_by_clauses or chosen._distinct):
        raise sa_exc.InvalidRequestError(
            f"Query.{method}() being called on a Query with existing criterion. "
        )


def no_condition(query: Any, method: str) -> None:
    """Refuse a query that says which rows it wants, but not in which order."""
    chosen = query._select
    if query._assertions and (
        query._statement is not None
        or chosen._where_criteria
        or chosen._limit_clause is not None
        or chosen._offset_clause is not None
        or chosen._from_obj
        or chosen._setup_joins
        or chosen._group_by_clauses
    ):
        raise sa_exc.InvalidRequestError(
            f"Query.{method}() being called on a Query with existing criterion. "
        )


class QueryBase(QueryTarget):
    """The state of a query: a Core ``select()`` and how its rows are handed out.

    Args:
        entities: what to select: one thing or several.
        session: the session that executes.
    """

    session: Any
    _select: Select[Any]
    _statement: Any = None
    _params: Mapping[str, Any] = sa_util.EMPTY_DICT
    _assertions = True
    _tuples = False
    _joined: Any = None
    _lazy_loaded_from: Any = None

    def __init__(self, entities: Any, session: Any = None) -> None:
        self.session = session
        self._set_entities(entities)

    def _set_entities(self, entities: Any) -> None:
        chosen: Any = without_lambdas(select(*sa_util.to_list(entities, [])))
        chosen._label_style = SelectLabelStyle.LABEL_STYLE_LEGACY_ORM
        chosen._with_options = (LEGACY,)
        self._select = chosen
        for raw in chosen._raw_columns:
            entity = raw._annotations.get("parententity")
            if entity is not None and not entity.mapper.configured:
                entity.mapper._check_configure()

    # -- copies ------------------------------------------------------------------

    def _clone(self) -> Self:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def _generate(self) -> Self:
        return self._clone()

    def _having_select(self, chosen: Any) -> Self:
        """A copy of the query with another SELECT."""
        copied = self._clone()
        copied._select = chosen
        return copied

    def _styled(self, **changes: Any) -> Self:
        """A copy of the query with changes of its `QueryStyle`."""
        style = replace(query_style(self._select), **changes)
        return self._having_select(with_style(self._select, style))

    # -- what it is about ---------------------------------------------------------

    @property
    def _raw_columns(self) -> list[Any]:
        return self._select._raw_columns

    @property
    def _with_options(self) -> tuple[Any, ...]:
        return tuple(
            o for o in self._select._with_options if not isinstance(o, QueryStyle)
        )

    @property
    def _where_criteria(self) -> tuple[Any, ...]:
        return self._select._where_criteria

    @property
    def _for_update_arg(self) -> Any:
        return self._select._for_update_arg

    @property
    def _execution_options(self) -> Any:
        return self._select._execution_options

    @property
    def _label_style(self) -> SelectLabelStyle:
        return self._select._label_style

    @property
    def _from_obj(self) -> tuple[Any, ...]:
        return self._select._from_obj

    @property
    def _memoized_select_entities(self) -> tuple[Any, ...]:
        return self._select._memoized_select_entities

    @property
    def _propagate_attrs(self) -> Any:
        return self._select._propagate_attrs

    def _generate_cache_key(self) -> Any:
        return self._statement_only()._generate_cache_key()

    def _entity_zero(self) -> Any:
        """The mapper or alias that the first element is about, None when none."""
        for raw in self._select._raw_columns:
            return raw._annotations.get("parententity") or _entity_inside(raw)
        return None

    def _from_zero(self) -> Any:
        """The entity of the first FROM element, else that of the first column."""
        for element in self._select._from_obj:
            entity = entity_of(element)
            if entity is not None:
                return entity
            if not query_style(self._select).from_base:
                return element
        return self._entity_zero()

    def _only_mapper(self, method: str) -> Any:
        raws = self._select._raw_columns
        entity = entity_of(raws[0]) if len(raws) == 1 else None
        if entity is None or not entity.is_mapper:
            raise sa_exc.InvalidRequestError(
                f"{method}() can only be used against a single mapped class."
            )
        return entity

    def _before_compile(self) -> Self:
        """The query as listeners for ``before_compile`` want it."""
        if not self._hears:
            return self
        return changed_by(self.dispatch.before_compile, self)  # type: ignore[no-any-return]

    # -- statements ----------------------------------------------------------------

    def _statement_only(self) -> Any:
        """What is executed: the SELECT, or the whole statement given."""
        if self._statement is not None:
            return self._select.from_statement(self._statement)
        if not self._select._raw_columns:
            raise sa_exc.InvalidRequestError(
                "Query contains no columns with which to SELECT from."
            )
        if not self._select._propagate_attrs:
            return self._select._generate()._set_propagate_attrs(NO_SUBJECT)
        return self._select

    def _public_statement(self) -> Any:
        """The statement as users get it, without the labels of a query."""
        if self._statement is not None:
            statement = self._statement_only()
        else:
            style = replace(query_style(self._select), legacy=False)
            statement = with_style(self._statement_only(), style)
        if self._params:
            statement = statement.params(**self._params)
        return statement


def _entity_inside(raw: Any) -> Any:
    """The entity of the first column inside an expression."""
    for element in raw._from_objects:
        entity = element._annotations.get("parententity")
        if entity is not None:
            return entity
    subject = raw._propagate_attrs.get("plugin_subject")
    return subject
