"""``ColumnProperty``: an attribute whose value is a column or SQL expression."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.schema import Column
from sqlalchemy.types import TypeEngine

from .._speedups import state as kernel
from ..instrument.impls import ColumnImpl
from .hooks import hooks
from .interfaces import MapperProperty, PropComparator
from .queryable import InstrumentedAttribute
from .validators import add_validators

_T = TypeVar("_T", bound=Any)


class ColumnComparator(PropComparator[_T]):
    """Builds expressions on the property's column."""

    __slots__ = ("_element", "expressions", "info")

    # of this very class: one that derives from it may do as it likes with a value
    _repeats_comparisons = True

    def __init__(
        self, prop: Any, parentmapper: Any, adapt_to_entity: Any = None
    ) -> None:
        super().__init__(prop, parentmapper, adapt_to_entity)
        self._element: Any = None

    def __clause_element__(self) -> Any:
        if self._element is None:
            column = self.prop.columns[0]
            adapt = self.adapter
            if adapt is not None:
                column = adapt(column, self.prop.key)
            self._element = column
        return self._element

    @property
    def _annotated(self) -> Any:
        entity = self._parententity
        attribute = entity.entity_attribute(self.prop.key)
        return attribute.expression

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        return op(self._annotated, *other, **kwargs)

    def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
        return op(other, self._annotated, **kwargs)

    def __getattr__(self, key: str) -> Any:
        if key == "info":
            return _column_info(self.__clause_element__(), self.prop)
        if key == "expressions":
            return [self.__clause_element__()]
        if key.startswith("__") or key in ("prop", "_annotated", "_parententity"):
            raise AttributeError(key)
        return getattr(self._annotated, key)

    def __str__(self) -> str:
        return f"{self._parententity.class_.__name__}.{self.prop.key}"


def _column_info(element: Any, prop: Any) -> Any:
    """The information of a column itself, or of the attribute of an expression."""
    info = getattr(element, "info", None)
    return prop.info if info is None else info


class ColumnProperty(MapperProperty):
    """Maps an attribute to a column, or to a SQL expression.

    Args:
        column: the column or expression.
        additional_columns: further columns that always hold the same value.
        deferred: leave it out of the entity's SELECT until it is read.
        group: deferred attributes of one group load together.
        raiseload: refuse the load of a deferred attribute.
        active_history: load the previous value before a change is made.
        expire_on_flush: forget an expression's value when the object is flushed.

    Source: ``sqlalchemy.orm.column_property``.
    """

    _is_column = True
    is_query_expression = False
    inherit_cache = True
    strategy_wildcard_key = "column"
    Comparator = ColumnComparator

    def __init__(
        self,
        column: Any,
        *additional_columns: Any,
        attribute_options: Any = None,
        group: str | None = None,
        deferred: bool = False,
        raiseload: bool = False,
        comparator_factory: Any = None,
        active_history: bool = False,
        expire_on_flush: bool = True,
        info: dict[Any, Any] | None = None,
        doc: str | None = None,
        _instrument: bool = True,
        _assume_readonly_dc_attributes: bool = False,
    ) -> None:
        self.columns: list[Any] = [
            coercions.expect(roles.LabeledColumnExprRole, c)
            for c in (column, *additional_columns)
        ]
        self.attribute_options = attribute_options
        self.group = group
        self.deferred = deferred
        self.raiseload = raiseload
        self.instrument = _instrument
        self.comparator_factory = comparator_factory or ColumnComparator
        self.active_history = active_history
        self.expire_on_flush = expire_on_flush
        self.info = info if info is not None else {}
        self.doc = doc if doc is not None else self._column_doc()

    def _column_doc(self) -> str | None:
        for column in reversed(self.columns):
            doc = getattr(column, "doc", None)
            if doc is not None:
                return str(doc)
        return None

    @property
    def expression(self) -> Any:
        return self.columns[0]

    @property
    def in_subqueries(self) -> bool:
        """Whether a subquery of the class has it: a deferred expression has no place."""
        return not self.deferred or isinstance(self.columns[0], Column)

    def _with_columns(self, *columns: Any) -> ColumnProperty:
        """The same property over other columns."""
        copied = ColumnProperty.__new__(type(self))
        copied.__dict__.update(self.__dict__)
        copied.columns = list(columns)
        return copied

    def copy(self) -> ColumnProperty:
        return self._with_columns(*self.columns)

    def __clause_element__(self) -> Any:
        """The column, so that a constraint of the table can be given the property."""
        return self.columns[0]

    @property
    def type(self) -> TypeEngine[Any]:
        return self.columns[0].type  # type: ignore[no-any-return]

    @property
    def is_primary_key(self) -> bool:
        return bool(getattr(self.columns[0], "primary_key", False))

    def instrument_class(self, mapper: Any) -> None:
        if not self.instrument:
            return
        comparator: Any = self.comparator_factory(self, mapper)
        attr: Any = InstrumentedAttribute(mapper.class_, self.key, mapper, comparator)
        attr._doc = self.doc
        slot = mapper.column_slot(self.key)
        attr.layout, attr.slot = mapper.layout, slot
        attr.impl = self._make_impl(attr, mapper)
        compare = _own_comparison(self.columns[0].type)
        if compare is not None:
            attr.impl.compare = compare
            comparators = mapper.layout.comparators or {}
            comparators[slot] = compare
            mapper.layout.comparators = comparators
        add_validators(attr.impl, mapper, self.key)
        attr.impl.install()
        mapper.install_attribute(self.key, attr)

    def _make_impl(self, attr: Any, mapper: Any) -> ColumnImpl:
        column = self.columns[0]
        active = (
            self.active_history
            or bool(getattr(column, "primary_key", False))
            or (
                mapper.version_id_col is not None
                and mapper.version_id_col in self.columns
            )
        )
        return ColumnImpl(attr, self._load, active_history=active)

    def _load(self, obj: Any, passive: int) -> Any:
        return hooks.load_deferred(self, obj, passive)

    def merge(
        self, session: Any, source: Any, dest: Any, load: bool, seen: Any, resolve: Any
    ) -> None:
        """Copy the value of a merged object; see ``Session.merge``."""
        value = kernel.peek_key(source, self.key)
        impl = dest_impl(dest, self.key)
        if value is not kernel.UNLOADED:
            if not load:
                impl.set_committed_value(dest, value)
            else:
                impl.set(dest, value)

    def __str__(self) -> str:
        if not hasattr(self, "parent") or not hasattr(self, "key"):
            return object.__repr__(self)
        return f"{self.parent.class_.__name__}.{self.key}"


# what `column_property` makes has a class of its own in the reference API
MappedSQLExpression = ColumnProperty


def dest_impl(obj: Any, key: str) -> Any:
    """The implementation of an instance's attribute."""
    return getattr(type(obj), key).impl


_default_compare = TypeEngine.compare_values


def _own_comparison(type_: Any) -> Any:
    """A type's comparison of values where it differs from ``==``."""
    method = type(type_).compare_values
    if method is _default_compare:
        return None
    return type_.compare_values
