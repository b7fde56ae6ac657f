"""``Composite``: an attribute that is an object made of several columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy import exc as sa_exc
from sqlalchemy.sql.base import _NoArg
from sqlalchemy.sql.schema import Column

from .._speedups import state as kernel
from ..instrument.flags import NO_VALUE, PASSIVE_OFF
from ..instrument.history import History
from .composite_comparator import CompositeBundle, CompositeComparator
from .composite_values import own_dict, values_getter, values_made_of
from .interfaces import DescriptorProperty, memoized_property
from .queryable import DescriptorAttribute, QueryableAttribute

_T_co = TypeVar("_T_co", bound=Any, covariant=True)


class CompositeAttribute(DescriptorAttribute[_T_co]):
    """The descriptor of a composite."""

    inherit_cache = True

    def __init__(self, prop: Composite) -> None:
        super().__init__(prop.key)
        self._composite = prop

    _is_ormolu_attribute = True
    impl = None
    """The property keeps the values; listeners find no implementation to change."""

    def listeners(self, name: str) -> Any:
        """The functions that listen to an event of the attribute."""
        found = self.__dict__.get("_listeners")
        return () if found is None else found.functions(name)

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else self._composite.get(obj)

    def __set__(self, obj: Any, value: Any) -> None:
        self._composite.set(obj, value)

    def __delete__(self, obj: Any) -> None:
        self._composite.delete(obj)


class Composite(DescriptorProperty):
    """Maps an attribute to an object of a class that several columns make up.

    An object is made when the attribute is first read, and kept until its columns are
    flushed with other values than its own, or refreshed, or expired.

    Args:
        composite_class: the class, called with the columns' values.
        attrs: the columns, or the names of their attributes.
        deferred: leave the columns out until they are read.
        group: deferred columns of one group load together.
        raiseload: refuse the load of the deferred columns.
        active_history: load the previous values before a change is made.
        return_none_on: called with the values; where it is true, the composite is None.
        column_template: makes the names of the columns of a dataclass's fields, as "x_%s".

    Source: ``sqlalchemy.orm.composite``.
    """

    inherit_cache = True
    Comparator = CompositeComparator
    CompositeBundle = CompositeBundle

    def __init__(
        self,
        composite_class: Any = None,
        *attrs: Any,
        attribute_options: Any = None,
        active_history: bool = False,
        deferred: bool = False,
        group: str | None = None,
        raiseload: bool = False,
        comparator_factory: Any = None,
        return_none_on: Any = _NoArg.NO_ARG,
        column_template: str | None = None,
        info: dict[Any, Any] | None = None,
        doc: str | None = None,
    ) -> None:
        self.composite_class = composite_class
        self.attrs = attrs
        self.attribute_options = attribute_options
        self.active_history = active_history
        self.deferred = deferred
        self.group = group
        self.raiseload = raiseload
        self.comparator_factory = comparator_factory or CompositeComparator
        self.return_none_on = return_none_on
        self.column_template = _checked_template(column_template)
        self.info = info if info is not None else {}
        self.doc = doc

    # -- configuration -----------------------------------------------------------

    def instrument_class(self, mapper: Any) -> None:
        attr: Any = CompositeAttribute(self)
        comparator: Any = self.comparator_factory(self, mapper)
        attr._setup(mapper.class_, self.key, mapper, comparator)
        attr._doc = self.doc
        mapper._keep_and_set(self.key, attr)

    @memoized_property
    def props(self) -> list[Any]:
        """The properties of the columns."""
        return [self._prop_of(attr) for attr in self.attrs]

    @memoized_property
    def keys(self) -> list[str]:
        """The names of the columns' attributes."""
        return [prop.key for prop in self.props]

    @memoized_property
    def _take_values(self) -> Any:
        return values_getter(self.composite_class)

    def do_init(self) -> None:
        for prop in self.props:
            if self.deferred:
                prop.deferred, prop.group = True, self.group
                prop.raiseload = self.raiseload
            if self.active_history:
                prop.active_history = True
                impl = self.parent.class_manager[prop.key].impl
                impl.active_history = True
                impl.install()
        self.parent._forget_memos()
        for name in ("expire", "refresh", "refresh_flush"):
            event.listen(self.parent.class_, name, self._forget, propagate=True)
        if not self.parent.layout.embedded:
            # a dict of Python's own doesn't ask; see Entity for the others
            for name in ("load", "refresh"):
                event.listen(self.parent.class_, name, self._show, propagate=True)

    def _prop_of(self, attr: Any) -> Any:
        if isinstance(attr, str):
            return self._named(attr)
        if isinstance(attr, QueryableAttribute):
            return attr.property
        column = attr if isinstance(attr, Column) else getattr(attr, "column", None)
        if column is None:
            raise sa_exc.ArgumentError(
                "Composite expects Column objects or mapped attributes/attribute names "
                f"as arguments, got: {attr!r}"
            )
        return self.parent._columntoproperty[column]

    def _named(self, name: str) -> Any:
        found = self.parent._props.get(name)
        if found is None:
            raise sa_exc.InvalidRequestError(
                f"Mapper '{self.parent}' has no property '{name}'.  If this property "
                "was indicated from other mappers or configure events, ensure "
                "registry.configure() has been called."
            )
        return found

    @property
    def columns(self) -> list[Any]:
        """The columns that were given as such."""
        return [attr for attr in self.attrs if isinstance(attr, Column)]

    # -- values ------------------------------------------------------------------

    def make(self, values: Iterable[Any]) -> Any:
        """The composite of some values; None where ``return_none_on`` says so."""
        given = tuple(values)
        test = self.return_none_on
        if test not in (None, _NoArg.NO_ARG) and test(*given):
            return None
        return self.composite_class(*given)

    def values_of(self, composite: Any) -> tuple[Any, ...]:
        """The values that a composite stands for; those of None are None."""
        if composite is None:
            return (None,) * len(self.props)
        values: tuple[Any, ...] = self._take_values(composite)
        return values

    def get(self, obj: Any) -> Any:
        """An instance's composite."""
        self.parent._check_configure()
        shown = own_dict(obj)
        if self.key in shown and self._is_pending(obj):
            return shown[self.key]
        values = tuple([getattr(obj, key) for key in self.keys])
        composite = shown.get(self.key)
        if composite is not None:
            made_of = values_made_of(obj).get(self.key)
            if made_of is not None and _same(made_of, values):
                return composite
            if _same(self.values_of(composite), values):
                return composite
        composite = self.make(values)
        self._keep(obj, composite, values)
        return composite

    def _keep(self, obj: Any, composite: Any, values: tuple[Any, ...]) -> None:
        """Note an instance's composite, and what it was made of."""
        own_dict(obj)[self.key] = composite
        values_made_of(obj)[self.key] = values

    def _drop(self, obj: Any) -> None:
        own_dict(obj).pop(self.key, None)
        values_made_of(obj).pop(self.key, None)

    def show(self, obj: Any) -> None:
        """Make the composite of a stored instance whose columns are loaded."""
        if self._is_pending(obj):
            return
        if all(kernel.peek_key(obj, key) is not kernel.UNLOADED for key in self.keys):
            self.get(obj)

    def _show(self, obj: Any, *args: Any) -> None:
        self.show(obj)

    def _is_pending(self, obj: Any) -> bool:
        """Whether an instance's columns have values that are not flushed."""
        struct = kernel.state_of(obj)
        originals = struct._o_originals or {}
        return struct._o_key is None or not originals.keys().isdisjoint(self.keys)

    def set(self, obj: Any, composite: Any, initiator: Any = None) -> None:
        """Give an instance's columns the values of a composite."""
        self.parent._check_configure()
        listeners = self.class_attribute.listeners("set")
        if listeners:
            old = self.loaded_value(obj)
            for fn in listeners:
                composite = fn(obj, composite, old, initiator)
        for key, value in zip(self.keys, self.values_of(composite), strict=True):
            setattr(obj, key, value)
        values = tuple([getattr(obj, key) for key in self.keys])
        self._keep(obj, composite, values)

    def delete(self, obj: Any) -> None:
        """Set an instance's columns to None."""
        old = self.loaded_value(obj)
        for fn in self.class_attribute.listeners("remove"):
            fn(obj, old, None)
        for key in self.keys:
            setattr(obj, key, None)
        self._drop(obj)

    def loaded_value(self, obj: Any) -> Any:
        """An instance's composite; NO_VALUE where a column is not loaded."""
        self.parent._check_configure()
        if any(kernel.peek_key(obj, key) is kernel.UNLOADED for key in self.keys):
            return NO_VALUE
        return self.get(obj)

    def get_history(self, obj: Any, passive: int = PASSIVE_OFF) -> History:
        """What an instance's composite was and is."""
        manager = self.parent.class_manager
        found = [manager[key].impl.get_history(obj, passive) for key in self.keys]
        current = [next(iter(h.non_deleted()), None) for h in found]
        if not any(h.has_changes() for h in found):
            return History((), [self.make(current)], ())
        before = [next(iter(h.deleted), None) for h in found]
        return History([self.make(current)], (), [self.make(before)])

    def merge(
        self, session: Any, source: Any, dest: Any, load: bool, seen: Any, resolve: Any
    ) -> None:
        """Make it anew from the columns, which are merged."""
        self._drop(dest)

    def _forget(self, obj: Any, *args: Any) -> None:
        names = args[-1]
        if names is None or self.key in names or not set(names).isdisjoint(self.keys):
            self._drop(obj)


def _checked_template(template: Any) -> str | None:
    """A template of column names, which has one place for a field's name."""
    if template is None:
        return None
    try:
        made = template % "x"
        valid = isinstance(template, str) and made != template % "y"
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise sa_exc.ArgumentError(
            f"column_template {template!r} is not a valid template; expected a string "
            "containing exactly one '%s' placeholder"
        )
    checked: str = template
    return checked


def _same(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    return all(a is b or a == b for a, b in zip(left, right, strict=True))


CompositeProperty = Composite
