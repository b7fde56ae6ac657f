"""SQL expressions of a relationship: comparison, ``contains``, ``any``, ``has``."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy.sql import (
    and_,
    coercions,
    exists,
    false,
    not_,
    operators,
    or_,
    roles,
    visitors,
)
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, ColumnElement
from sqlalchemy.sql.util import ClauseAdapter

from .._speedups import state as kernel
from .aliased import aliased
from .direction import MANYTOMANY, MANYTOONE, ONETOMANY
from .instance_values import column_value, value_parameter
from .interfaces import PropComparator
from .queryable import inspect_entity

_T = TypeVar("_T", bound=Any)


class RelationshipComparator(PropComparator[_T]):
    """Builds the expressions of a relationship attribute."""

    __slots__ = ("_extra_criteria", "_of_type")

    def __init__(
        self,
        prop: Any,
        parentmapper: Any,
        adapt_to_entity: Any = None,
        of_type: Any = None,
        extra_criteria: tuple[Any, ...] = (),
    ) -> None:
        super().__init__(prop, parentmapper, adapt_to_entity)
        self._of_type = of_type
        self._extra_criteria = extra_criteria

    def adapt_to_entity(self, entity: Any) -> RelationshipComparator[_T]:
        return type(self)(
            self.prop, self._parententity, entity, self._of_type, self._extra_criteria
        )

    @property
    def entity(self) -> Any:
        return self.property.entity

    @property
    def mapper(self) -> Any:
        return self.property.mapper

    def _source_selectable(self) -> Any:
        if self._adapt_to_entity is not None:
            return self._adapt_to_entity.selectable
        return self.property.parent._with_polymorphic_selectable

    def __clause_element__(self) -> Any:
        source = self._source_selectable()
        target = inspect_entity(self._of_type) if self._of_type is not None else None
        joins = self.property.create_joins(
            source, None if target is None else target.selectable, self._extra_criteria
        )
        if joins.secondaryjoin is not None:
            return joins.primaryjoin & joins.secondaryjoin
        return joins.primaryjoin

    def of_type(self, class_: Any) -> RelationshipComparator[_T]:
        return type(self)(
            self.prop,
            self._parententity,
            self._adapt_to_entity,
            class_,
            self._extra_criteria,
        )

    def and_(self, *criteria: Any) -> RelationshipComparator[_T]:
        exprs = tuple(coercions.expect(roles.WhereHavingRole, c) for c in criteria)
        return type(self)(
            self.prop,
            self._parententity,
            self._adapt_to_entity,
            self._of_type,
            self._extra_criteria + exprs,
        )

    def in_(self, other: Any) -> Any:
        raise NotImplementedError(
            "in_() not yet supported for relationships.  For a simple many-to-one, "
            "use in_() against the set of foreign key values."
        )

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: Any) -> Any:
        if other is None or _is_null(other):
            if self.property.direction in (ONETOMANY, MANYTOMANY):
                return ~self._exists()
            return self._compare(None)
        if self.property.uselist:
            raise sa_exc.InvalidRequestError(
                "Can't compare a collection to an object or collection; "
                "use contains() to test for membership."
            )
        return self._compare(other)

    def __ne__(self, other: Any) -> Any:
        if other is None or _is_null(other):
            if self.property.direction is MANYTOONE:
                return ~self._compare(None)
            return self._exists()
        if self.property.uselist:
            raise sa_exc.InvalidRequestError(
                "Can't compare a collection to an object or collection; use "
                "contains() to test for membership."
            )
        return self._negated(other)

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        if op is operators.eq:
            return self.__eq__(*other)
        if op is operators.ne:
            return self.__ne__(*other)
        return op(self, *other, **kwargs)

    def contains(self, other: Any, **kwargs: Any) -> Any:
        """Whether the collection holds one object."""
        prop = self.property
        if not prop.uselist:
            raise sa_exc.InvalidRequestError(
                "'contains' not implemented for scalar attributes.  Use =="
            )
        clause = self._compare(other)
        if prop.secondaryjoin is not None:
            clause = self._contains_secondary(other)
        return clause

    def _contains_secondary(self, other: Any) -> Any:
        prop = self.property
        if kernel.state_or_none(other) is not None:
            for key in prop.mapper._pk_keys:
                getattr(other, key)  # a key that cannot be loaded is refused at once
        secondary = prop.secondary.alias()
        adapter = ClauseAdapter(secondary)
        primary = adapter.traverse(prop.join.deannotated_primaryjoin)
        if self.adapter is not None:
            primary = _adapt_columns(primary, self._adapt_to_entity, secondary)
        clause = and_(primary, self._member_criterion(other, prop, adapter))
        # to join would not do for "does not contain"
        clause.negation_clause = ~(
            exists(1).select_from(secondary).where(clause).correlate_except(secondary)
        )
        return clause

    def _member_criterion(self, other: Any, prop: Any, adapter: Any) -> Any:
        clauses = []
        for target, link in prop.secondary_synchronize_pairs:
            bind = value_parameter(prop.mapper, other, target, target.type)
            clauses.append(bind == adapter.traverse(link))
        return and_(*clauses)

    def any(self, criterion: Any = None, **kwargs: Any) -> ColumnElement[bool]:
        """EXISTS over the related rows of a collection."""
        if not self.property.uselist:
            raise sa_exc.InvalidRequestError(
                "'any()' not implemented for scalar attributes. Use has()."
            )
        return self._exists(criterion, **kwargs)  # type: ignore[no-any-return]

    def has(self, criterion: Any = None, **kwargs: Any) -> ColumnElement[bool]:
        """EXISTS over the related row of a scalar reference."""
        if self.property.uselist:
            raise sa_exc.InvalidRequestError(
                "'has()' not implemented for collections. Use any()."
            )
        return self._exists(criterion, **kwargs)  # type: ignore[no-any-return]

    def _exists(self, criterion: Any = None, **kwargs: Any) -> Any:
        prop = self.property
        target = inspect_entity(self._of_type) if self._of_type is not None else None
        dest = target.selectable if target is not None else None
        aliased_dest = bool(target is not None and target.is_aliased_class)
        mapper = prop.mapper if target is None else target.mapper
        if prop.parent.common_parent(prop.mapper) and not aliased_dest:
            dest = mapper.selectable._anonymous_fromclause()
            own = aliased(mapper, alias=dest)._aliased_insp
        else:
            own = prop.entity if target is None else target
        source = self._source_selectable()
        joins = prop.create_joins(
            source, dest, self._extra_criteria, alias_secondary=False
        )
        entity = target if target is not None else prop.mapper
        for key, value in kwargs.items():
            attribute = getattr(entity.entity, key)
            criterion = (
                attribute == value
                if criterion is None
                else criterion & (attribute == value)
            )
        on = joins.primaryjoin
        if joins.secondaryjoin is not None:
            on = on & joins.secondaryjoin
        of_class = mapper._single_table_criterion()
        if criterion is not None:
            criterion = coercions.expect(roles.WhereHavingRole, criterion)
        if of_class is not None:
            criterion = of_class if criterion is None else of_class & criterion
        if criterion is not None:
            if joins.target_adapter is not None and not aliased_dest:
                criterion = joins.target_adapter.traverse(criterion)
            criterion = criterion._annotate({"no_replacement_traverse": True})
        # what refers to the parent is adapted along with the statement around it
        crit = on if criterion is None else on & criterion
        dest = joins.dest_selectable
        element = own.__clause_element__()._annotate({"no_replacement_traverse": True})
        statement = exists(1).where(crit).select_from(element)
        if joins.secondary is not None:
            return statement.select_from(joins.secondary).correlate_except(
                dest, joins.secondary
            )
        return statement.correlate_except(dest)

    def _compare(self, other: Any) -> Any:
        """The lazy clause with the values of one object (or NULL) put in."""
        prop = self.property
        if other is not None:
            other = _instance_of(prop, other)
        if prop.secondary is not None and other is not None:
            return self._contains_secondary(other)
        criterion, bind_to_col, _ = prop.join.create_lazy_clause(reverse_direction=True)
        if other is None:
            criterion = _null_criterion(criterion, bind_to_col)
        else:
            criterion = _with_values(criterion, bind_to_col, prop.mapper, other)
        if self._adapt_to_entity is not None:
            criterion = _adapt_columns(criterion, self._adapt_to_entity, None)
        if self._extra_criteria:
            criterion = and_(criterion, *self._extra_criteria)
        return criterion

    def _negated(self, other: Any) -> Any:
        prop = self.property
        if prop.direction is not MANYTOONE:
            return ~self._exists(and_(*self._key_comparisons(other)))
        other = _instance_of(prop, other)
        clauses = []
        for local, remote in prop.local_remote_pairs:
            column = local
            if self._adapt_to_entity is not None:
                column = self._adapt_to_entity._adapter.traverse(local)
            bind = value_parameter(
                prop.mapper, other, remote, remote.type, name=local.key
            )
            clauses.append(or_(column != bind, column == None))  # noqa: E711
        return and_(*clauses)

    def _key_comparisons(self, other: Any) -> list[Any]:
        mapper = self.property.mapper
        return [
            column == column_value(mapper, other, column)()
            for column in mapper.primary_key
        ]

    @property  # last, because it hides the builtin from what follows
    def property(self) -> Any:
        self.prop.parent._check_configure()
        return self.prop


def _is_null(value: Any) -> bool:
    return getattr(value, "__visit_name__", None) == "null"


def _instance_of(prop: Any, other: Any) -> Any:
    struct = kernel.state_or_none(other) if not hasattr(other, "is_mapper") else None
    if struct is None or not isinstance(other, prop.mapper.class_):
        detail = "" if struct is None else f", not {type(other).__name__!r}"
        raise sa_exc.ArgumentError(
            f"Mapped instance expected for relationship comparison to object.   "
            f"Classes, queries and other SQL elements are not accepted in this "
            f"context; for comparison with a subquery, use "
            f"{prop}.has(**criteria){detail}."
        )
    return other


def _with_values(criterion: Any, bind_to_col: Any, mapper: Any, other: Any) -> Any:
    def replace(element: Any, **kw: Any) -> Any:
        if isinstance(element, BindParameter) and element.key in bind_to_col:
            return value_parameter(
                mapper, other, bind_to_col[element.key], element.type
            )
        return None

    return visitors.replacement_traverse(criterion, {}, replace)


def _null_criterion(criterion: Any, bind_to_col: Any) -> Any:
    """The criterion with its parameters replaced by NULL."""

    def replace(element: Any, **kw: Any) -> Any:
        if not isinstance(element, BinaryExpression):
            return None
        for bind, other in (
            (element.left, element.right),
            (element.right, element.left),
        ):
            if isinstance(bind, BindParameter) and bind.key in bind_to_col:
                return other.is_(None)
        return None

    return visitors.replacement_traverse(criterion, {}, replace)


def _adapt_columns(criterion: Any, entity: Any, secondary: Any) -> Any:
    return entity._adapter.traverse(criterion)


with_values = _with_values
__all__ = ["RelationshipComparator", "false", "not_", "with_values"]
