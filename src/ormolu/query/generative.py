"""The methods of ``Query`` that build: each returns a changed copy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from sqlalchemy import exc as sa_exc
from sqlalchemy import inspect as sa_inspect
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.selectable import SelectLabelStyle

from .._core.selectables import namespace_key
from .._core.warnings import deprecated, legacy
from ..compile.entities import entity_of
from ..compile.lambdas import without_lambdas
from ..mapping.aliased import aliased
from ..mapping.queryable import QueryableAttribute
from ..mapping.with_parent import property_between, with_parent
from .base import QueryBase, checked, no_criterion, no_limit, no_statement

_NO_ARG: Any = object()


class GenerativeQuery(QueryBase):
    """Criteria, joins, ordering and options of a query."""

    # -- criteria -------------------------------------------------------------------

    @checked(no_limit)
    def filter(self, *criterion: Any) -> Self:
        """Add criteria to the WHERE clause."""
        return self._having_select(self._select.where(*criterion))

    def where(self, *criterion: Any) -> Self:
        """The same as `filter`."""
        return self.filter(*criterion)

    @checked(no_limit)
    def filter_by(self, **kwargs: Any) -> Self:
        """Add equality criteria by attribute name of what was joined last."""
        entity = self._filter_by_zero()
        return self.filter(
            *[namespace_key(entity, key) == value for key, value in kwargs.items()]
        )

    def _filter_by_zero(self) -> Any:
        found = self._joined
        if found is None:
            found = self._from_zero()
        if found is None:
            raws = self._select._raw_columns
            if not raws:
                raise sa_exc.InvalidRequestError(
                    "Can't use filter_by() on a query that selects nothing"
                )
            found = raws[0]
        if hasattr(found, "mapper"):
            found = found.__clause_element__()
        return found

    @property
    def whereclause(self) -> Any:
        """The WHERE clause, None when there is none."""
        return self._select.whereclause

    @checked(no_limit)
    def having(self, *having: Any) -> Self:
        """Add criteria to the HAVING clause."""
        return self._having_select(self._select.having(*having))

    @checked(no_limit)
    def order_by(self, first: Any = _NO_ARG, /, *clauses: Any) -> Self:
        """Add to ORDER BY; None alone takes all of it away."""
        if first is _NO_ARG:
            return self._clone()
        if not clauses and (first is None or first is False):
            first = None
        return self._having_select(self._select.order_by(first, *clauses))

    @checked(no_limit)
    def group_by(self, first: Any = _NO_ARG, /, *clauses: Any) -> Self:
        """Add to GROUP BY; None alone takes all of it away."""
        if first is _NO_ARG:
            return self._clone()
        if not clauses and (first is None or first is False):
            first = None
        return self._having_select(self._select.group_by(first, *clauses))

    @checked(no_limit)
    def distinct(self, *expr: Any) -> Self:
        """SELECT DISTINCT."""
        return self._having_select(self._select.distinct(*expr))

    @checked(no_statement)
    def limit(self, limit: Any) -> Self:
        """Set LIMIT."""
        return self._having_select(self._select.limit(limit))

    @checked(no_statement)
    def offset(self, offset: Any) -> Self:
        """Set OFFSET."""
        return self._having_select(self._select.offset(offset))

    @checked(no_statement)
    def slice(self, start: int, stop: int) -> Self:
        """Set LIMIT and OFFSET from a range of row numbers."""
        return self._having_select(self._select.slice(start, stop))

    def params(self, params: Mapping[str, Any] | None = None, /, **kw: Any) -> Self:
        """Give values to named parameters."""
        copied = self._clone()
        copied._params = {**self._params, **(params or {}), **kw}
        return copied

    def correlate(self, *fromclauses: Any) -> Self:
        """Name what a subquery made of this one takes from the statement around."""
        return self._having_select(self._select.correlate(*fromclauses))

    @legacy(
        "Query.with_parent()",
        "method",
        "Use the with_parent() standalone construct.",
    )
    def with_parent(
        self, instance: object, property: Any = None, from_entity: Any = None
    ) -> Self:
        """Restrict to what is related to an instance.

        Raises:
            InvalidRequestError: when no property was given and none is found.
        """
        zero: Any = sa_inspect(from_entity) if from_entity is not None else None
        if zero is None:
            zero = self._entity_zero()
        if property is None:
            property = property_between(instance, zero)
        return self.filter(with_parent(instance, property, zero.entity))

    # -- what is selected -----------------------------------------------------------

    def with_entities(self, *entities: Any, **kw: Any) -> Any:
        """Select other things from the same rows."""
        return self._having_select(self._select.with_only_columns(*entities))

    @checked(no_statement)
    def add_columns(self, *column: Any) -> Any:
        """Select further columns."""
        return self._having_select(self._select.add_columns(*column))

    @deprecated(
        "1.4",
        "Query.add_column() is deprecated and will be removed in a future release.  "
        "Please use Query.add_columns()",
    )
    def add_column(self, column: Any) -> Any:
        """Deprecated name of `add_columns`."""
        return self.add_columns(column)

    def add_entity(self, entity: Any, alias: Any = None) -> Any:
        """Select a further entity."""
        if alias is not None:
            entity = aliased(entity, alias)
        return self._having_select(self._select.add_columns(entity))

    # -- FROM -----------------------------------------------------------------------

    @checked(no_limit)
    def join(
        self,
        target: Any,
        onclause: Any = None,
        *,
        isouter: bool = False,
        full: bool = False,
    ) -> Self:
        """Join a target, along a relationship or an ON clause.

        Args:
            target: a relationship attribute, an entity, or a FROM element.
            onclause: a relationship attribute or an expression.
            isouter: LEFT OUTER JOIN.
            full: FULL OUTER JOIN.
        """
        chosen = self._select.join(target, onclause, isouter=isouter, full=full)
        joined = self._having_select(without_lambdas(chosen))
        joined._joined = _joined_entity(joined._select._setup_joins[-1])
        return joined

    def outerjoin(
        self, target: Any, onclause: Any = None, *, full: bool = False
    ) -> Self:
        """Join a target with LEFT OUTER JOIN."""
        return self.join(target, onclause, isouter=True, full=full)

    def reset_joinpoint(self) -> Self:
        """Let ``filter_by`` look at the first entity again."""
        copied = self._clone()
        copied._joined = None
        return copied

    @checked(no_criterion)
    def select_from(self, *from_obj: Any) -> Self:
        """Set the FROM clause explicitly."""
        chosen = self._select.select_from(*from_obj)
        return self._having_select(without_lambdas(chosen))

    @checked(no_criterion)
    def from_statement(self, statement: Any) -> Self:
        """Load the entities from the rows of a whole statement."""
        copied = self._clone()
        copied._statement = coercions.expect(
            roles.SelectStatementRole, statement, apply_propagate_attrs=self._select
        )
        return copied

    # -- options ---------------------------------------------------------------------

    def options(self, *args: Any) -> Self:
        """Add loader and other options."""
        options = tuple(sa_util.flatten_iterator(args))
        return self._having_select(self._select.options(*options))

    def execution_options(self, **kwargs: Any) -> Self:
        """Set options of the execution."""
        chosen = self._select._generate()  # what a statement refuses, a query takes
        chosen._execution_options = chosen._execution_options.union(kwargs)
        return self._having_select(chosen)

    def get_execution_options(self) -> Any:
        """The options of the execution."""
        return self._select._execution_options

    def populate_existing(self) -> Self:
        """Overwrite the objects that are in the session already."""
        return self.execution_options(populate_existing=True)

    def autoflush(self, setting: bool) -> Self:
        """Whether to flush before executing."""
        return self.execution_options(autoflush=setting)

    def yield_per(self, count: int) -> Self:
        """Fetch and give out that many objects at a time."""
        return self.execution_options(yield_per=count, stream_results=True)

    def with_for_update(
        self,
        *,
        nowait: bool = False,
        read: bool = False,
        of: Any = None,
        skip_locked: bool = False,
        key_share: bool = False,
    ) -> Self:
        """Lock the rows: SELECT ... FOR UPDATE."""
        return self._having_select(
            self._select.with_for_update(
                nowait=nowait,
                read=read,
                of=of,
                skip_locked=skip_locked,
                key_share=key_share,
            )
        )

    def enable_eagerloads(self, value: bool) -> Self:
        """Whether joined eager loads are added to the statement."""
        return self._styled(eager=value, posts=value)

    def enable_assertions(self, value: bool) -> Self:
        """Whether methods refuse to be called out of order."""
        copied = self._clone()
        copied._assertions = value
        return copied

    def only_return_tuples(self, value: bool) -> Any:
        """Give out rows even of a single entity."""
        copied = self._clone()
        copied._tuples = value
        return copied

    @deprecated(
        "2.1.0",
        "The Query.tuples() method is deprecated, Row now behaves like a tuple and can "
        "unpack types directly.",
    )
    def tuples(self) -> Any:
        """Give out rows even of a single entity."""
        return self.only_return_tuples(True)

    def set_label_style(self, style: SelectLabelStyle) -> Self:
        """Choose how columns are labelled."""
        return self._having_select(self._select.set_label_style(style))

    @legacy(
        "Query.with_labels() and Query.apply_labels()",
        "method",
        "Use set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL) instead.",
    )
    def with_labels(self) -> Self:
        """Deprecated form of `set_label_style`."""
        return self.set_label_style(SelectLabelStyle.LABEL_STYLE_TABLENAME_PLUS_COL)

    apply_labels = with_labels

    @property
    def get_label_style(self) -> SelectLabelStyle:
        """How columns are labelled."""
        return self._select._label_style

    def prefix_with(self, *prefixes: Any, dialect: str = "*") -> Self:
        """Put text after SELECT."""
        return self._having_select(self._select.prefix_with(*prefixes, dialect=dialect))

    def suffix_with(self, *suffixes: Any, dialect: str = "*") -> Self:
        """Put text at the end."""
        return self._having_select(self._select.suffix_with(*suffixes, dialect=dialect))

    def with_hint(self, selectable: Any, text: str, dialect_name: str = "*") -> Self:
        """Add a hint about a FROM element."""
        return self._having_select(
            self._select.with_hint(selectable, text, dialect_name)
        )

    def with_statement_hint(self, text: str, dialect_name: str = "*") -> Self:
        """Add a hint about the statement."""
        return self._having_select(self._select.with_statement_hint(text, dialect_name))

    def ext(self, extension: Any) -> Self:
        """Apply a syntax extension of a dialect."""
        return self._having_select(self._select.ext(extension))

    def with_session(self, session: Any) -> Self:
        """Execute through another session."""
        copied = self._clone()
        copied.session = session
        return copied

    def with_transformation(self, fn: Callable[[Any], Any]) -> Any:
        """What a function makes of the query."""
        return fn(self)


def _joined_entity(setup: Any) -> Any:
    """What ``filter_by`` looks at after a join."""
    target, onclause = setup[0], setup[1]
    if isinstance(target, QueryableAttribute):
        if target._of_type is not None:
            return target._of_type
        return target.comparator.property.entity
    if isinstance(onclause, QueryableAttribute) and onclause._of_type is not None:
        return onclause._of_type
    entity = entity_of(target)
    return target if entity is None else entity
