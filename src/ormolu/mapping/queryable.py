"""Class-bound attributes: SQL expressions on the class, values on instances."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import exc as sa_exc
from sqlalchemy import util as sa_util
from sqlalchemy.sql import coercions, roles
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.operators import ColumnOperators
from sqlalchemy.sql.visitors import InternalTraversal

from .._core.comparisons import (
    MEMBERSHIP,
    OPERATORS,
    VALUES,
    Comparison,
    class_of_values,
    comparison_like,
)
from .._core.names import PLUGIN
from .._speedups import state as kernel
from ..exc import UnmappedClassError
from ..instrument.flags import PASSIVE_OFF
from ..instrument.history import History
from ..instrument.manager import manager_of_class
from ..instrument.state import impl_of
from .mapped import Mapped

_T_co = TypeVar("_T_co", bound=Any, covariant=True)

_ONCE = object()
_NEVER = object()
"""What is known of comparisons that are not copied: made once, not to be copied."""


class InspectionAttrExtensionType(Enum):
    """The kinds of descriptors that extensions of the mapping put on a class.

    Source: ``sqlalchemy.orm.InspectionAttrExtensionType``.
    """


class NotExtension(InspectionAttrExtensionType):
    """The kind of what no extension has put there."""

    NOT_EXTENSION = "not_extension"


class InspectionAttr:
    """What every object that ``inspect()`` may return can be asked."""

    __slots__ = ()

    is_selectable = False
    is_aliased_class = False
    is_instance = False
    is_mapper = False
    is_bundle = False
    is_property = False
    is_attribute = False
    is_clause_element = False
    is_composite = False
    _is_internal_proxy = False
    extension_type: Any = NotExtension.NOT_EXTENSION


class QueryableAttribute(
    Mapped[_T_co],
    InspectionAttr,
    HasCacheKey,
    roles.JoinTargetRole,
    roles.OnClauseRole,
    roles.ColumnsClauseRole,
    roles.ByOfRole,
    roles.DMLColumnRole,
    ColumnOperators,
):
    """An attribute of a mapped class, or of an alias of it.

    Args:
        class_: the mapped class (or alias) that it belongs to.
        key: its name.
        parententity: the mapper, or the inspection of the alias.
        comparator: builds the SQL expressions.
    """

    is_attribute = True

    _cache_key_traversal = [
        ("key", InternalTraversal.dp_string),
        ("_parententity", InternalTraversal.dp_multi),
        ("_of_type", InternalTraversal.dp_multi),
        ("_extra_criteria", InternalTraversal.dp_clauseelement_list),
    ]

    class_: Any
    key: str
    _parententity: Any
    comparator: Any
    _of_type: Any = None
    _extra_criteria: tuple[Any, ...] = ()
    impl: Any = None
    _doc: str | None = None
    _expression: Any = None
    _comparisons: dict[Any, Comparison | object] | None = None

    def _setup(
        self,
        class_: Any,
        key: str,
        parententity: Any,
        comparator: Any,
        of_type: Any = None,
        extra_criteria: tuple[Any, ...] = (),
    ) -> None:
        self.class_ = class_
        self._parententity = parententity
        self.comparator = comparator
        self._of_type = of_type
        self._extra_criteria = extra_criteria

    # -- the SQL side ----------------------------------------------------

    @property
    def expression(self) -> Any:
        """The SQL expression, annotated with the entity that it belongs to."""
        found = self._expression
        if found is None:
            found = self._expression = self._make_expression()
        return found

    def _make_expression(self) -> Any:
        entity = self._parententity
        element = self.comparator.__clause_element__()
        annotations = {
            "entity_namespace": entity,
            "parententity": entity,
            "parentmapper": entity,
            "proxy_key": self.key,
        }
        try:
            annotate = element._annotate
        except AttributeError as error:
            raise AttributeError(
                f'When interpreting attribute "{self}" as a SQL expression, expected '
                "__clause_element__() to return a ClauseElement object, got: "
                f"{element!r}"
            ) from error
        return annotate(annotations)._set_propagate_attrs(
            {"compile_state_plugin": PLUGIN, "plugin_subject": entity}
        )

    def __clause_element__(self) -> Any:
        return self.expression

    _is_immutable = False

    def _clone(self, **_: Any) -> QueryableAttribute[_T_co]:
        """Itself: a relationship that a copied statement joins along is no other."""
        return self

    def _copy_internals(self, **_: Any) -> None:
        """There is nothing inside to copy."""

    @property
    def _from_objects(self) -> list[Any]:
        return self.expression._from_objects  # type: ignore[no-any-return]

    @property
    def _propagate_attrs(self) -> Any:
        return sa_util.immutabledict(
            {"compile_state_plugin": PLUGIN, "plugin_subject": self._parententity}
        )

    @property
    def _annotations(self) -> Any:
        return self.expression._annotations

    @property
    def _select_iterable(self) -> Any:
        return self.expression._select_iterable

    @property
    def _proxy_key(self) -> str:
        return self.key

    def operate(self, op: Any, *other: Any, **kw: Any) -> Any:
        if op in OPERATORS:
            if other[0].__class__ in VALUES:
                return self._compare(op, other[0], other[0].__class__)
        elif op in MEMBERSHIP and other[0].__class__ is list and not kw:
            class_ = class_of_values(other[0])
            if class_ is not None:
                return self._compare(op, list(other[0]), class_)
        return op(self.comparator, *other, **kw)

    def _compare(self, op: Any, value: Any, class_: Any) -> Any:
        """A comparison with plain values, as the last one of its kind was made."""
        known = self._comparisons
        if known is None:
            known = self._comparisons = {}
        kind = (op, class_)
        found = known.get(kind)
        if found.__class__ is Comparison:
            return found.with_value(value)
        made = op(self.comparator, value)
        if found is None:  # attributes of an alias are often used once
            known[kind] = _ONCE
        elif found is _ONCE:
            own = "_repeats_comparisons" in type(self.comparator).__dict__
            known[kind] = (comparison_like(made, value) if own else None) or _NEVER
        return made

    def reverse_operate(self, op: Any, other: Any, **kw: Any) -> Any:
        return op(other, self.comparator, **kw)

    def label(self, name: str | None) -> Any:
        bundle = self.expression._annotations.get("bundle")
        return self.expression.label(name) if bundle is None else bundle.label(name)

    @property
    def prop(self) -> Any:
        return self.comparator.property

    @property
    def parent(self) -> Any:
        """The mapper, or the inspection of the alias."""
        return self._parententity

    @property
    def parent_token(self) -> Any:
        return self.comparator.property

    @property
    def info(self) -> Any:
        return self.comparator.info

    def adapt_to_entity(self, entity: Any) -> QueryableAttribute[_T_co]:
        """The same attribute of an alias."""
        return make_attribute(
            entity.entity,
            self.key,
            entity,
            self.comparator.adapt_to_entity(entity),
            self._of_type,
            self._extra_criteria,
        )

    def of_type(self, entity: Any) -> QueryableAttribute[_T_co]:
        """The attribute narrowed to a subclass or alias of its target."""
        return make_attribute(
            self.class_,
            self.key,
            self._parententity,
            self.comparator.of_type(entity),
            inspect_entity(entity),
            self._extra_criteria,
        )

    def and_(self, *clauses: Any) -> QueryableAttribute[_T_co]:
        """The attribute with criteria added to its ON clause."""
        criteria = tuple(coercions.expect(roles.WhereHavingRole, c) for c in clauses)
        return make_attribute(
            self.class_,
            self.key,
            self._parententity,
            self.comparator.and_(*clauses),
            self._of_type,
            self._extra_criteria + criteria,
        )

    def any(self, criterion: Any = None, **kwargs: Any) -> ColumnElement[bool]:
        return self.comparator.any(criterion, **kwargs)  # type: ignore[no-any-return]

    def has(self, criterion: Any = None, **kwargs: Any) -> ColumnElement[bool]:
        return self.comparator.has(criterion, **kwargs)  # type: ignore[no-any-return]

    def hasparent(self, state: Any, optimistic: bool = False) -> bool:
        return self.impl.hasparent(state.obj(), optimistic)  # type: ignore[no-any-return]

    def get_history(self, instance: Any, passive: int = PASSIVE_OFF) -> History:
        """What changed on the attribute of an instance; see `attributes.get_history`."""
        kernel.layout_of(instance)
        manager = manager_of_class(type(instance))
        assert manager is not None
        found: History = impl_of(manager, self.key).get_history(instance, int(passive))
        return found

    def _bulk_update_tuples(self, value: Any) -> Any:
        return self.comparator._bulk_update_tuples(value)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__") and key.endswith("__"):
            raise AttributeError(key)
        try:
            comparator = object.__getattribute__(self, "comparator")
        except AttributeError:
            raise AttributeError(key) from None
        try:
            return getattr(comparator, key)
        except AttributeError as error:
            raise AttributeError(
                f"Neither {type(self).__name__!r} object nor "
                f"{type(comparator).__name__!r} object associated with "
                f"{self} has an attribute {key!r}"
            ) from error

    def __str__(self) -> str:
        if getattr(self._parententity, "is_aliased_class", False):
            return f"{self._parententity}.{self.key}"
        return f"{getattr(self.class_, '__name__', self.class_)}.{self.key}"

    def __repr__(self) -> str:
        name = f"{type(self).__module__}.{type(self).__name__}"
        return f"<{name} object at {id(self):#x}; {self}>"

    __hash__ = object.__hash__

    @property  # last, because it hides the builtin from what follows
    def property(self) -> Any:
        """The ``MapperProperty`` behind the attribute."""
        return self.comparator.property


class InstrumentedAttribute(  # type: ignore[misc]  # the kernel has no generics
    QueryableAttribute[_T_co],
    kernel.Attribute,
):
    """The descriptor of a mapped attribute.

    Instances answer through the kernel; the class answers with a SQL expression.
    """

    inherit_cache = True
    _is_ormolu_attribute = True

    def __init__(
        self, class_: Any, key: str, parententity: Any, comparator: Any
    ) -> None:
        kernel.Attribute.__init__(self, key)
        self._setup(class_, key, parententity, comparator)

    def __reduce__(self) -> Any:
        return _pickled_attribute, (self._parententity, self.key)

    @property
    def __doc__(self) -> str | None:
        return self._doc

    @__doc__.setter
    def __doc__(self, value: str | None) -> None:
        self._doc = value


class DynamicAttribute(InstrumentedAttribute[_T_co]):
    """The descriptor of a collection that is never loaded.

    What instances have in memory only says that something was added or removed; a
    read is always answered by the implementation.
    """

    inherit_cache = True

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        on_missing: Any = self.on_missing
        return self if obj is None else on_missing(obj)


class _BareAttribute(QueryableAttribute[_T_co]):
    """An attribute that the kernel knows nothing of."""

    inherit_cache = True

    def __init__(self, key: str) -> None:
        self.key = key

    def __reduce__(self) -> Any:
        parts = (self._parententity, self.key, self._of_type, self._extra_criteria)
        return _pickled_attribute, parts


class PlainQueryableAttribute(_BareAttribute[_T_co]):
    """An attribute of an alias, or one narrowed by ``of_type`` or ``and_``."""

    inherit_cache = True


class DescriptorAttribute(_BareAttribute[_T_co]):
    """An attribute of a class that stands for others.

    It is no subclass of what aliases have: Python would turn comparisons round.
    """

    inherit_cache = True


def _pickled_attribute(
    entity: Any, key: str, of_type: Any = None, criteria: tuple[Any, ...] = ()
) -> Any:
    """The attribute that a pickled one was."""
    attribute = getattr(entity.entity, key)
    if of_type is not None:
        attribute = attribute.of_type(of_type)
    return attribute.and_(*criteria) if criteria else attribute


def make_attribute(
    class_: Any,
    key: str,
    parententity: Any,
    comparator: Any,
    of_type: Any = None,
    extra_criteria: tuple[Any, ...] = (),
) -> QueryableAttribute[Any]:
    """An attribute that is no descriptor of a class."""
    attribute: PlainQueryableAttribute[Any] = PlainQueryableAttribute(key)
    attribute._setup(class_, key, parententity, comparator, of_type, extra_criteria)
    return attribute


def inspect_entity(entity: Any) -> Any:
    """The mapper or alias behind a class, alias, mapper or inspection.

    Raises:
        UnmappedClassError: for a class that is not mapped.
        ArgumentError: for anything else.
    """
    if getattr(entity, "is_mapper", False) or getattr(
        entity, "is_aliased_class", False
    ):
        return entity
    if isinstance(entity, type):
        manager = manager_of_class(entity)
        if manager is None or manager.mapper is None:
            raise UnmappedClassError(entity)
        return manager.mapper
    found = getattr(entity, "_aliased_insp", None)
    if found is None:
        raise sa_exc.ArgumentError(
            f"Expected a mapped class, alias or mapper, got {entity!r}"
        )
    return found
